"""What every controller is: a named instance for one arm that takes targets and gives commands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from vla_control import so3
from vla_control.arm_model import ArmModel
from vla_control.follower import FollowerGains, MotionLimits
from vla_control.laws.gains import ReferenceGains
from vla_control.safety.workspace import Workspace
from vla_control.target import JointReference, Leaves, PoseReference
from vla_core.profile import ArmProfile, RobotProfile
from vla_core.validation import StrictModel
from vla_hardware import ArmCapabilities, ArmState, ControlMode

__all__ = ['ArmContext', 'Controller', 'ControllerError', 'joint_limits', 'joint_reference',
           'pose_reference']


class ControllerError(ValueError):
    """A controller that cannot be what was asked; the message names it and what to do."""


@dataclass
class ArmContext:
    """What a controller may use of its arm."""

    robot: RobotProfile
    profile: ArmProfile
    capabilities: ArmCapabilities
    state: ArmState
    model: ArmModel  # at the measured state
    reference_model: ArmModel  # at a reference
    period: float  # s
    others: dict[str, ArmContext] = field(default_factory=dict)
    workspace: Workspace = field(init=False)

    def __post_init__(self) -> None:
        self.workspace = Workspace(self.profile, self.reference_model)

    def external_torque(self) -> np.ndarray:
        """Jᵀ F_ext [n], what the environment does to the joints, N·m."""
        self.reference_model.update_kinematics(self.state.position)
        return self.reference_model.jacobian.T @ self.state.wrench


class Controller(ABC):
    """Lifecycle: made with parameters, `start`, then `take` and `update` each tick, `stop`.

    `inputs` are the kinds of targets it listens to; a `streamed` controller must be fed without
    pause, else it holds. A `latched` input counts until the next one comes, and is no such food.
    `modes` are the control modes that its output has, best first.
    """

    type: ClassVar[str]
    modes: ClassVar[tuple[ControlMode, ...]] = (
        ControlMode.EFFORT, ControlMode.POSITION, ControlMode.VELOCITY)
    inputs: ClassVar[tuple[str, ...]] = ()
    latched: ClassVar[tuple[str, ...]] = ('stiffness',)
    streamed: ClassVar[bool] = True

    def __init__(self, name: str, arm: ArmContext, parameters: StrictModel) -> None:
        self.name = name
        self.arm = arm
        offered = arm.capabilities.modes
        usable = [mode for mode in self.modes if mode in offered]
        if not usable:
            raise ControllerError(
                f'controller {name!r} of type {self.type} needs one of the modes '
                f'{", ".join(m.value for m in self.modes)}; the hardware of arm '
                f'{arm.profile.name!r} offers {", ".join(m.value for m in offered)}')
        self.mode = usable[0]
        self.parameters = parameters

    @classmethod
    @abstractmethod
    def parameters_model(cls, arm: ArmProfile) -> type[StrictModel]:
        """The typed parameters of this controller for an arm."""

    @property
    def claims(self) -> list[str]:
        """ros2_control names of the command interfaces that it writes."""
        return [f'{joint}/{self.mode.value}' for joint in self.arm.profile.joints]

    @abstractmethod
    def configure(self, parameters: StrictModel) -> None:
        """Take new parameters, in motion too; ValueError refuses them whole."""

    @abstractmethod
    def start(self, command: np.ndarray) -> None:
        """Begin from the measured state and the last command [n] in this controller's mode."""

    @abstractmethod
    def take(self, kind: str, time: float, values: list[float]) -> None:
        """Take a checked target of one of `inputs`, meant for `time` (s)."""

    @abstractmethod
    def update(self, time: float, dt: float, hold: bool) -> np.ndarray:
        """Command [n] at `time`; with `hold` the reference comes to rest."""

    def idle_parameters(self) -> list[str]:
        """Those that load but have no effect, when any of them was given."""
        return []

    def reference_pose(self) -> tuple[so3.Vector3, so3.Quaternion] | None:
        """Where the reference of the tip is, if this controller has one."""
        return None

    def reference_joints(self) -> np.ndarray | None:
        """Where the reference of the joints is [n], if this controller has one."""
        return None


def _limits(
    gains: ReferenceGains, velocity: float, acceleration: float, jerk: float
) -> MotionLimits:
    return MotionLimits(velocity, acceleration, jerk).scaled(gains.limit_scale)


def _gains(gains: ReferenceGains) -> FollowerGains:
    rate = gains.bandwidth
    return FollowerGains(rate, 2.4 * rate, 8.0 * rate)


def pose_reference(arm: ArmProfile, gains: ReferenceGains) -> PoseReference:
    """Reference of an arm's tip within its profile's limits."""
    c = arm.cartesian
    return PoseReference(
        _limits(gains, c.linear_velocity, c.linear_acceleration, c.linear_jerk),
        _limits(gains, c.angular_velocity, c.angular_acceleration, c.angular_jerk),
        _gains(gains), gains.memory, gains.mode == 'stepped')


def joint_limits(arm: ArmProfile, gains: ReferenceGains) -> list[MotionLimits]:
    """Motion limits of an arm's joints, the share of its profile's that is used."""
    limits = arm.limits
    return [_limits(gains, v, a, j)
            for v, a, j in zip(limits.velocity, limits.acceleration, limits.jerk)]


def joint_reference(
    arm: ArmProfile, gains: ReferenceGains, leaves: Leaves | None = None
) -> JointReference:
    """Reference of an arm's joints within its profile's limits; `leaves`: see JointReference."""
    return JointReference(
        joint_limits(arm, gains), _gains(gains), gains.memory, gains.mode == 'stepped', leaves)
