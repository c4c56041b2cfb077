"""Joint friction, to be added to a commanded torque.

    τ_f = f₁ / (1 + e^{−f₂ (q̇ + f₃)}) − f₁ / (1 + e^{−f₂ f₃}) + b q̇

the sigmoid model of Gaz et al. 2019, "Dynamic identification of the Franka Emika Panda robot",
eq. 21, and a viscous term b. With f₃ = 0 it is (f₁/2) tanh(f₂ q̇ / 2).
"""

from __future__ import annotations

import numpy as np

from vla_control.laws.gains import FrictionGains

__all__ = ['Friction']

STEEPNESS = 40.0  # s/rad


class Friction:
    """Friction torque [n] in N·m of a joint velocity [n] in rad/s."""

    def __init__(self, gains: FrictionGains, coulomb: np.ndarray, viscous: np.ndarray) -> None:
        n = len(coulomb)
        self._half_f1 = 0.5 * _chosen(gains.fp1, 2.0 * coulomb, n, 'friction.fp1')
        self._half_f2 = 0.5 * _chosen(gains.fp2, np.full(n, STEEPNESS), n, 'friction.fp2')
        self._f3 = _chosen(gains.fp3, np.zeros(n), n, 'friction.fp3')
        self._viscous = _chosen(gains.viscous, viscous, n, 'friction.viscous')
        self._offset = self._half_f1 * np.tanh(self._half_f2 * self._f3)

    def torque(self, velocity: np.ndarray) -> np.ndarray:
        """Friction at this velocity."""
        torque = velocity + self._f3
        torque *= self._half_f2
        np.tanh(torque, out=torque)
        torque *= self._half_f1
        torque -= self._offset
        torque += self._viscous * velocity
        return torque


def _chosen(given: list[float], default: np.ndarray, n: int, name: str) -> np.ndarray:
    if not given:
        return default.astype(float)
    if len(given) != n:
        raise ValueError(f'{name}: needs {n} numbers, one a joint, or none; has {len(given)}')
    return np.asarray(given, dtype=float)
