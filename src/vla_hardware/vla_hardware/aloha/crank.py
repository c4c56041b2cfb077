"""The crank that turns a gripper servo's angle into the place of its fingers.

The horn of radius r turns by θ, a rod of length l pushes the finger (slider-crank without offset):

    x = r sin θ + √(l² − r² cos² θ),      dx/dθ = r cos θ (1 + r sin θ / √(l² − r² cos² θ))
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ['Crank']


@dataclass(frozen=True)
class Crank:
    """Horn radius and rod length in m."""

    horn: float
    rod: float

    def position(self, angle: float) -> float:
        """Place x of the finger in m for the servo's angle θ in rad."""
        across = self.horn * math.cos(angle)
        return self.horn * math.sin(angle) + math.sqrt(self.rod**2 - across**2)

    def rate(self, angle: float) -> float:
        """dx/dθ in m/rad; by virtual work, a torque τ presses the finger with τ / (dx/dθ)."""
        across = self.horn * math.cos(angle)
        along = math.sqrt(self.rod**2 - across**2)
        return across * (1.0 + self.horn * math.sin(angle) / along)

    def angle(self, position: float) -> float:
        """The servo's angle θ in [−π/2, π/2] for a place x; ValueError when x is out of reach."""
        sine = (position**2 + self.horn**2 - self.rod**2) / (2.0 * self.horn * position)
        if not -1.0 <= sine <= 1.0:
            raise ValueError(f'a finger at {position:g} m is out of reach of a horn of '
                             f'{self.horn:g} m with a rod of {self.rod:g} m')
        return math.asin(sine)
