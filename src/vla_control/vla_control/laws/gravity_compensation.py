"""Gravity compensation: the arm floats and is led by hand (see `impedance`; no springs).

    τ = −D_n q̇ + C q̇ + g + friction
"""

from __future__ import annotations

from collections.abc import Sequence

from vla_control.laws.impedance import ImpedanceParameters, impedance_parameters
from vla_control.laws.joint_impedance import NO_TASK

__all__ = ['gravity_compensation_parameters']


def gravity_compensation_parameters(joints: Sequence[str]) -> type[ImpedanceParameters]:
    """No springs; joints slow down by themselves."""
    return impedance_parameters(
        'GravityCompensationParameters', joints,
        {'stiffness': 0.0, 'damping': 0.5, 'projector_type': 'none'}, task=NO_TASK)
