"""Inertia of the tip.

    Λ = (J M⁻¹ Jᵀ + ε² I)⁻¹

Khatib 1987, "A unified approach for motion and force control of robot manipulators: the operational
space formulation", eq. 21; ε keeps it bounded at singularities, where the tip cannot be accelerated
in some direction. Units: kg, kg·m, kg·m².
"""

from __future__ import annotations

import numpy as np

__all__ = ['OperationalSpace']

REGULARIZATION = 1e-3  # 1/kg; a real arm's smallest mobility away from singularities is some 0.1


class OperationalSpace:
    """After `update`: `inertia` Λ [6, 6] and `mobility_transposed` M⁻¹ Jᵀ [n, 6]."""

    def __init__(self, joints: int) -> None:
        self.inertia = np.zeros((6, 6))
        self.mobility_transposed = np.zeros((joints, 6))

    def update(
        self, jacobian: np.ndarray, inertia: np.ndarray, regularization: float = REGULARIZATION
    ) -> None:
        """For a Jacobian [6, n] and joint inertia [n, n]."""
        self.mobility_transposed[:] = np.linalg.solve(inertia, jacobian.T)
        mobility = jacobian @ self.mobility_transposed
        mobility.flat[::7] += regularization
        self.inertia[:] = np.linalg.inv(mobility)
