"""How a driver is spoken to: `config/ros2_control/<driver>.yaml`, typed, unknown keys refused."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from vla_core import share
from vla_core.profile import RobotProfile
from vla_core.validation import (
    ConfigurationError,
    Name,
    Real,
    StrictModel,
    near_matches,
    problem,
    read_yaml,
)

__all__ = ['ArmDriver', 'DriverConfiguration', 'GripperDriver', 'RecoveryStep', 'StreamDriver',
           'load_driver']


class StreamDriver(StrictModel):
    """How references reach an arm.

    targets: the robot's controllers take `target_pose` and `target_joint` themselves (CRISP);
    forward_position: Float64MultiArray; joint_trajectory: JointTrajectory of one point;
    interbotix_group: interbotix_xs_msgs/JointGroupCommand.
    """

    kind: Literal['targets', 'forward_position', 'joint_trajectory', 'interbotix_group']
    topic: str = Field('', description='where references go; targets need none')
    rate_hz: Real = Field(100.0, gt=0, le=1000)
    horizon: Real = Field(
        0.03, gt=0, le=1.0, description='s ahead at which the point of a trajectory is due')
    group: str = Field('arm', description="name of the joints' group, for Interbotix")
    target_timeout: Real = Field(0.2, gt=0, description='s of silence after which the arm halts')
    limit_scale: Real = Field(0.5, gt=0, le=1, description="share of the profile's limits")

    @model_validator(mode='after')
    def _check(self) -> StreamDriver:
        if (self.kind == 'targets') == bool(self.topic):
            raise problem('topic', 'must be there unless the kind is targets, and only then')
        return self


class GripperDriver(StrictModel):
    """How a gripper is told where to go, from `commands` (position of its first joint, effort)."""

    kind: Literal['gripper_command', 'parallel_gripper_command', 'interbotix_single']
    name: str = Field(min_length=1, description='action, or topic of Interbotix')
    commands: str = Field(
        'gripper_position_controller/commands', description='topic of Float64MultiArray taken here')
    joint: str = Field('', description="the driver's name of the joint, where it wants one")
    scale: Real = Field(1.0, description="the driver's units in one of the profile's joint")
    offset: Real = Field(0.0, description="the driver's position where the profile's joint is 0")
    tolerance: Real = Field(
        0.02, gt=0, description='change of the opening below which no new goal is sent')


class ArmDriver(StrictModel):
    """One arm of the profile."""

    stream: StreamDriver
    joint_states: str = 'joint_states'
    joint_names: tuple[str, ...] = Field(
        (), description="the driver's names in the profile's order; empty: the profile's")
    controllers: tuple[Name, ...] = Field(
        (), description='activated to move; what claims the same interfaces is deactivated')
    hold: Name | None = Field(
        None, description='controller that takes over on a stop, where references bypass this node')
    gripper: GripperDriver | None = None
    publish_pose: bool = Field(True, description='publish current_pose, as the driver has none')

    @model_validator(mode='after')
    def _check(self) -> ArmDriver:
        if self.stream.kind == 'targets' and self.hold is None:
            raise problem('hold', 'is missing: targets bypass this node, so a stop has to switch '
                          'to a controller that holds')
        return self


class RecoveryStep(StrictModel):
    """A service or action without arguments that leads back from a fault."""

    name: str = Field(min_length=1)
    type: str = Field(pattern=r'^\w+/(srv|action)/\w+$', description='such as std_srvs/srv/Trigger')


class DriverConfiguration(StrictModel):
    """One driver. Names are relative to the robot's namespace unless they begin with /."""

    description: str = ''
    manager: str | None = Field(
        'controller_manager', description="the controller manager's node; null where there is none")
    state_timeout: Real = Field(
        0.5, gt=0, description='s without joint states after which the robot counts as lost')
    arms: dict[Name, ArmDriver] = Field(min_length=1)
    recovery: tuple[RecoveryStep, ...] = ()

    @model_validator(mode='after')
    def _check(self) -> DriverConfiguration:
        if self.manager is None:
            for name, arm in self.arms.items():
                if arm.controllers or arm.hold:
                    raise problem(f'arms.{name}.controllers', 'must be empty without a manager')
        return self

    def check(self, profile: RobotProfile) -> None:
        """ConfigurationError when this does not fit a robot."""
        for name, driver in self.arms.items():
            if name not in {arm.name for arm in profile.arms}:
                raise ConfigurationError(
                    f'arms: robot {profile.name} has no arm {name!r}; '
                    f'{near_matches(name, [arm.name for arm in profile.arms])}')
            arm = profile.arm(name)
            if driver.joint_names and len(driver.joint_names) != len(arm.joints):
                raise ConfigurationError(
                    f'arms.{name}.joint_names: has {len(driver.joint_names)} names, the arm has '
                    f'{len(arm.joints)} joints')
            if driver.gripper is not None and arm.gripper is None:
                raise ConfigurationError(f'arms.{name}.gripper: the profile has none')


def load_driver(name_or_path: str) -> DriverConfiguration:
    """Read a driver by name or from a YAML file; ConfigurationError says what is wrong."""
    if '/' in name_or_path or name_or_path.endswith(('.yaml', '.yml')):
        return read_yaml(Path(name_or_path), DriverConfiguration, ConfigurationError)
    path = share.find('vla_bringup', 'config/ros2_control', f'{name_or_path}.yaml')
    if path is None:
        known = sorted({file.stem for folder in share.folders('vla_bringup', 'config/ros2_control')
                        for file in folder.glob('*.yaml')})
        raise ConfigurationError(f'no driver {name_or_path!r}; {near_matches(name_or_path, known)}')
    return read_yaml(path, DriverConfiguration, ConfigurationError)
