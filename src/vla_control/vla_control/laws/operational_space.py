"""Inertia of the tip.

    Λ = (J M⁻¹ Jᵀ + ε² I)⁻¹

Khatib 1987, "A unified approach for motion and force control of robot manipulators: the operational
space formulation", eq. 21; ε keeps it bounded at singularities, where the tip cannot be accelerated
in some direction. Units: kg, kg·m, kg·m².
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dposv

__all__ = ['OperationalSpace', 'solve_positive']

REGULARIZATION = 1e-3  # 1/kg; a real arm's smallest mobility away from singularities is some 0.1


def solve_positive(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """x of A x = b for a symmetric positive A, by Cholesky; ArithmeticError when it is not."""
    _, solution, info = dposv(matrix, right)
    if info:
        raise ArithmeticError('a singular matrix where none may be; raise the regularization')
    return solution


class OperationalSpace:
    """After `update`: `mobility` J M⁻¹ Jᵀ + ε² I [6, 6] and `mobility_transposed` M⁻¹ Jᵀ [n, 6]."""

    def __init__(self, joints: int) -> None:
        self.mobility = np.eye(6)
        self.mobility_transposed = np.zeros((joints, 6))

    def update(
        self, jacobian: np.ndarray, inverse_inertia: np.ndarray,
        regularization: float = REGULARIZATION,
    ) -> None:
        """For a Jacobian [6, n] and the inverse of the joint inertia [n, n]."""
        np.matmul(inverse_inertia, jacobian.T, out=self.mobility_transposed)
        np.matmul(jacobian, self.mobility_transposed, out=self.mobility)
        self.mobility.flat[::7] += regularization

    def force(self, acceleration: np.ndarray) -> np.ndarray:
        """Λ a [6]: the wrench that gives the tip this acceleration."""
        return solve_positive(self.mobility, acceleration)
