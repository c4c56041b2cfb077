"""Controller types by name."""

from __future__ import annotations

from vla_control.controllers.controller import Controller, ControllerError
from vla_control.controllers.gripper import GripperController
from vla_control.controllers.impedance import (
    CartesianImpedance,
    ForceFeedback,
    GravityCompensation,
    JointImpedance,
    OperationalSpaceControl,
)
from vla_control.controllers.motion import (
    CartesianAdmittance,
    CartesianVelocity,
    JointPosition,
    JointVelocity,
)
from vla_control.controllers.trajectory import JointTrajectoryController
from vla_core.validation import near_matches

__all__ = ['CONTROLLERS', 'controller_class']

CONTROLLERS: dict[str, type[Controller] | type[GripperController]] = {
    kind.type: kind for kind in (
        CartesianImpedance, OperationalSpaceControl, JointImpedance, GravityCompensation,
        ForceFeedback, CartesianAdmittance, CartesianVelocity, JointPosition, JointVelocity,
        JointTrajectoryController, GripperController)
}


def controller_class(kind: str) -> type[Controller] | type[GripperController]:
    """Class of a type name; ControllerError for an unknown one."""
    if kind not in CONTROLLERS:
        raise ControllerError(
            f'no controller type {kind!r}; {near_matches(kind, CONTROLLERS)}')
    return CONTROLLERS[kind]
