"""Force feedback to a leader arm: a person's hand feels what the follower touches.

    τ = −k_fb τ_ext − k_d q̇ + friction + C q̇ + g + posture

with the follower's external joint torque τ_ext = Jᵀ F_ext (N·m), joint for joint (bilateral control
with force reflection, Sheridan 1992; CRISP's torque-feedback controller).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_control.laws.impedance import ImpedanceParameters, impedance_parameters
from vla_control.laws.joint_impedance import NO_TASK
from vla_core.parameters import parameter
from vla_core.validation import Real, StrictModel

__all__ = ['FeedbackGains', 'force_feedback_parameters', 'reflected_torque']


class FeedbackGains(StrictModel):
    """What the hand feels."""

    follower: str = parameter('', description='arm whose contact is felt; empty: a topic gives it')
    k_fb: Real = parameter(0.5, ge=0, le=2, description="share of the follower's torque")
    deadband: Real = parameter(
        0.2, ge=0, unit='N·m', description='follower torque below which nothing is felt')
    max_torque: Real = parameter(
        4.0, gt=0, unit='N·m', description='largest torque that the hand feels at a joint')


def force_feedback_parameters(joints: Sequence[str]) -> type[ImpedanceParameters]:
    """Gravity compensation with FeedbackGains under `feedback`."""
    from pydantic import create_model

    base = impedance_parameters(
        'ForceFeedback', joints,
        {'stiffness': 0.0, 'damping': 0.3, 'projector_type': 'none'}, task=NO_TASK)
    return create_model(
        'ForceFeedbackParameters', __base__=base, feedback=(FeedbackGains, FeedbackGains()))


def reflected_torque(external: np.ndarray, gains: FeedbackGains) -> np.ndarray:
    """−k_fb τ_ext [n], with a deadband and a bound."""
    felt = np.sign(external) * np.maximum(np.abs(external) - gains.deadband, 0.0)
    return np.clip(-gains.k_fb * felt, -gains.max_torque, gains.max_torque)
