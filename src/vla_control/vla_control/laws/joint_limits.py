"""A soft push away from the ends of the joints' ranges.

    τ = τ_max · clamp((s − d) / s, 0, 1)

for a joint at distance d of its end inside the range s, directed inward.
"""

from __future__ import annotations

import numpy as np

from vla_control.laws.gains import JointLimitGains

__all__ = ['JointLimitRepulsion']


class JointLimitRepulsion:
    """Repulsion [n] in N·m at a joint position [n] in rad."""

    def __init__(self, gains: JointLimitGains, lower: np.ndarray, upper: np.ndarray) -> None:
        self._range = gains.safe_range
        self._torque = gains.max_torque
        self._low = lower + gains.safe_range
        self._high = upper - gains.safe_range
        self._middle, self._free = 0.5 * (self._high + self._low), 0.5 * (self._high - self._low)

    def add(self, position: np.ndarray, torque: np.ndarray) -> None:
        """Add the repulsion to `torque` in place; most ticks find nothing to add."""
        if self._range <= 0.0 or self._torque <= 0.0:
            return
        if (np.abs(position - self._middle) > self._free).any():
            scale = self._torque / self._range
            torque += scale * np.clip(self._low - position, 0.0, self._range)
            torque -= scale * np.clip(position - self._high, 0.0, self._range)
