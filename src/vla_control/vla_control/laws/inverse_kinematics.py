"""Joint velocity for a twist, near singularities and joint limits too.

    q̇ = W J_wᵀ (J_w J_wᵀ + λ² I)⁻¹ v + (I − J⁺J) k (q* − q),   J_w = J W

Damped least squares (Nakamura and Hanafusa 1986; Wampler 1986) with the damping of Maciejewski and
Klein 1988: λ² = λ_max² (1 − (σ/σ₀)²) once the smallest singular value σ is below σ₀. The weights W
(Chan and Dubey 1995) take away the speed of a joint that nears its limit and moves toward it.
The result is scaled as a whole to the joints' velocity limits, so the tip keeps its direction.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dsyev

from vla_core.parameters import parameter
from vla_core.validation import Real, StrictModel

__all__ = ['DampedLeastSquares', 'DampingGains']


class DampingGains(StrictModel):
    """How singularities and joint limits are met."""

    singular_value: Real = parameter(
        0.012, gt=0, description='σ₀, smallest singular value at which damping begins (m, rad)')
    damping: Real = parameter(0.012, gt=0, description='λ_max, damping at a singularity')
    limit_margin: Real = parameter(
        0.10, gt=0, unit='rad', description='distance of a joint limit at which joints slow down')
    posture_gain: Real = parameter(
        0.5, ge=0, unit='1/s', description='rate at which spare joints return to their posture')


class DampedLeastSquares:
    """Solver for one arm with n joints."""

    def __init__(
        self, gains: DampingGains, lower: np.ndarray, upper: np.ndarray, velocity: np.ndarray
    ) -> None:
        self._gains = gains
        self._lower, self._upper, self._velocity = lower, upper, velocity
        self.smallest_singular_value = 0.0

    def solve(
        self, jacobian: np.ndarray, twist: np.ndarray, position: np.ndarray, posture: np.ndarray
    ) -> np.ndarray:
        """Joint velocity [n] (rad/s) for a tip twist [6] at a position [n]."""
        gains = self._gains
        rate = jacobian.T @ self._damped_gram(jacobian, twist)
        inward = np.minimum(position - self._lower, self._upper - position)
        if inward.min() < gains.limit_margin:
            room = np.where(rate > 0, self._upper - position, position - self._lower)
            weights = np.clip(room / gains.limit_margin, 0.0, 1.0)
            most = weights * self._velocity  # the joint itself never arrives faster than it may
            rate = np.clip(self._solve(jacobian, twist, weights), -most, most)
        if len(position) > 6 and gains.posture_gain:
            pull = gains.posture_gain * (posture - position)
            rate = rate + pull - jacobian.T @ self._damped_gram(jacobian, jacobian @ pull)
        excess = float((np.abs(rate) / self._velocity).max())
        return rate / excess if excess > 1.0 else rate

    def _solve(self, jacobian: np.ndarray, twist: np.ndarray, weights: np.ndarray) -> np.ndarray:
        weighted = jacobian * weights
        return weights * (weighted.T @ self._damped_gram(weighted, twist))

    def _damped_gram(self, jacobian: np.ndarray, right: np.ndarray) -> np.ndarray:
        gains = self._gains
        values, vectors, failed = dsyev(jacobian @ jacobian.T)
        if failed:
            raise ArithmeticError('the Jacobian is not finite')
        smallest = float(max(values[0], 0.0)) ** 0.5
        self.smallest_singular_value = smallest
        damping = 0.0
        if smallest < gains.singular_value:
            damping = gains.damping**2 * (1.0 - (smallest / gains.singular_value) ** 2)
        return vectors @ ((right @ vectors) / (values + (damping + 1e-12)))
