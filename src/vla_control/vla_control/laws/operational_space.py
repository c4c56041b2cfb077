"""Inertia of the tip.

    Λ = (J M⁻¹ Jᵀ + ε² I)⁻¹,   ε² = ε₀² + m₀ (1 − m/m₀)²  where m < m₀

Khatib 1987, "A unified approach for motion and force control of robot manipulators: the operational
space formulation", eq. 21. At a singular pose the smallest mobility m is 0: there the tip cannot be
accelerated in some direction, and Λ without bound would make a small acceleration a huge force.
The damping grows as such a pose comes near (Chiaverini 1997, "Singularity-robust task-priority
redundancy resolution", eq. 13), so that no direction weighs more than 1/(0.75 m₀), and is next to
nothing elsewhere. Units: kg, kg·m, kg·m².
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dposv, dsyev

__all__ = ['REGULARIZATION', 'OperationalSpace', 'solve_positive']

REGULARIZATION = 1e-3  # 1/kg
NEARLY_SINGULAR = 0.05  # 1/kg; an arm's smallest mobility is some 0.1 in the poses it works in


def solve_positive(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """x of A x = b for a symmetric positive A, by Cholesky; ArithmeticError when it is not."""
    _, solution, info = dposv(matrix, right)
    if info:
        raise ArithmeticError('a singular matrix where none may be; raise the regularization')
    return solution


class OperationalSpace:
    """After `update`: the damped `mobility` [6, 6] and `mobility_transposed` M⁻¹ Jᵀ [n, 6]."""

    def __init__(self, joints: int) -> None:
        self.mobility = np.eye(6)
        self._diagonal = np.einsum('ii->i', self.mobility)
        self.mobility_transposed = np.zeros((joints, 6))
        self._damping = 0.0

    def update(self, jacobian: np.ndarray, inverse_inertia: np.ndarray) -> None:
        """For a Jacobian [6, n] and the inverse of the joint inertia [n, n]."""
        np.matmul(inverse_inertia, jacobian.T, out=self.mobility_transposed)
        np.matmul(jacobian, self.mobility_transposed, out=self.mobility)
        smallest = float(dsyev(self.mobility, compute_v=0)[0][0])
        lack = max(0.0, 1.0 - smallest / NEARLY_SINGULAR)
        self._damping = NEARLY_SINGULAR * lack * lack
        self._diagonal += REGULARIZATION + self._damping

    def force(self, acceleration: np.ndarray) -> np.ndarray:
        """Λ a [6]: the wrench that gives the tip this acceleration."""
        return solve_positive(self.mobility, acceleration)

    def joint_velocity(self, twist: np.ndarray) -> np.ndarray:
        """M⁻¹ Jᵀ Λ ẋ [n], Λ undamped: the joint velocity of this twist of the tip (eq. 42)."""
        mobility = self.mobility
        if self._damping:
            mobility = mobility.copy()
            mobility.flat[::7] -= self._damping
        return self.mobility_transposed @ solve_positive(mobility, twist)
