"""What the joints may do without the tip noticing.

For a torque τ₀ that pulls to a posture, N τ₀ with

    none       N = I
    kinematic  N = I − Jᵀ (J Jᵀ)⁻¹ J                 no effect on a tip at rest
    dynamic    N = I − Jᵀ J̄ᵀ,  J̄ = M⁻¹ Jᵀ Λ          no acceleration of the tip (Khatib 1987)

The kinematic one is the default: where friction stalls the posture, it leaves no force on the tip,
while the dynamic one does (10 mm on an FR3 after a large step).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vla_control.laws.operational_space import OperationalSpace, solve_positive

__all__ = ['PROJECTORS', 'Projector']

Projector = Callable[[np.ndarray, np.ndarray, OperationalSpace, float], np.ndarray]


def unprojected(
    torque: np.ndarray, jacobian: np.ndarray, space: OperationalSpace, regularization: float
) -> np.ndarray:
    """τ₀ itself."""
    return torque


def kinematic(
    torque: np.ndarray, jacobian: np.ndarray, space: OperationalSpace, regularization: float
) -> np.ndarray:
    """τ₀ without what a force at the tip could do at rest."""
    gram = jacobian @ jacobian.T
    gram.flat[::7] += regularization
    return torque - jacobian.T @ solve_positive(gram, jacobian @ torque)


def dynamic(
    torque: np.ndarray, jacobian: np.ndarray, space: OperationalSpace, regularization: float
) -> np.ndarray:
    """τ₀ without what would accelerate the tip."""
    return torque - jacobian.T @ space.force(space.mobility_transposed.T @ torque)


PROJECTORS: dict[str, Projector] = {
    'none': unprojected, 'kinematic': kinematic, 'dynamic': dynamic,
}
