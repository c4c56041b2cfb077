"""The gripper controller: takes `gripper` targets [opening, effort] beside the arm's controller."""

from __future__ import annotations

from vla_control.controllers.controller import ArmContext, ControllerError
from vla_control.laws.gripper import GripperMotion, GripperParameters
from vla_core.profile import ArmProfile
from vla_core.validation import StrictModel

__all__ = ['GripperController']


class GripperController:
    """A controller of one arm's gripper; an opening of 0 is closed, 1 is open."""

    type = 'gripper'
    inputs = ('gripper',)
    streamed = False

    def __init__(self, name: str, arm: ArmContext, parameters: GripperParameters) -> None:
        if arm.profile.gripper is None:
            raise ControllerError(
                f'controller {name!r} of type gripper: arm {arm.profile.name!r} has no gripper')
        self.name = name
        self.arm = arm
        self.parameters = parameters
        self.motion = GripperMotion(arm.profile.gripper, parameters)

    @classmethod
    def parameters_model(cls, arm: ArmProfile) -> type[StrictModel]:
        return GripperParameters

    @property
    def claims(self) -> list[str]:
        """ros2_control name of the command interface that it writes."""
        return [f'{self.arm.profile.gripper.joints[0]}/position']

    def configure(self, parameters: GripperParameters) -> None:
        """Take new parameters."""
        self.parameters = parameters
        self.motion.configure(parameters)

    def start(self) -> None:
        """Begin where the gripper is."""
        self.motion.reset(min(max(self.arm.state.gripper_position, 0.0), 1.0))

    def take(self, kind: str, time: float, values: list[float]) -> None:
        """Take [opening, largest effort]; an effort of 0 means the largest allowed."""
        self.motion.aim(values[0], values[1])

    def update(self, dt: float, hold: bool) -> tuple[float, float]:
        """Setpoint or goal, and largest effort; a held gripper keeps its goal and drops nothing."""
        state = self.arm.state
        if hold:
            return float('nan'), float('nan')
        setpoint = self.motion.step(dt, state.gripper_position, state.gripper_velocity)
        if self.arm.capabilities.gripper_takes_goals:
            setpoint = self.motion.goal
        return setpoint, self.motion.effort
