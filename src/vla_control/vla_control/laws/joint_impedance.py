"""Joint impedance: every joint is a spring to its reference (see `impedance`; none at the tip).

    τ = W (K_n (q* − q) + D_n (q̇* − q̇)) + M q̈* + C q̇ + g + friction
"""

from __future__ import annotations

from collections.abc import Sequence

from vla_control.laws.gains import TaskGains
from vla_control.laws.impedance import ImpedanceParameters, impedance_parameters

__all__ = ['NO_TASK', 'joint_impedance_parameters']

NO_TASK = TaskGains(**dict.fromkeys(list(TaskGains.model_fields)[:12], 0.0))


def joint_impedance_parameters(joints: Sequence[str]) -> type[ImpedanceParameters]:
    """Springs at the joints."""
    return impedance_parameters(
        'JointImpedanceParameters', joints,
        {'stiffness': 100.0, 'max_tau': 30.0, 'projector_type': 'none'}, task=NO_TASK)
