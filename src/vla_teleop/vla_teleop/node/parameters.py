"""What the teleoperation node is told."""
from typing import Any, Literal

from vla_core.parameters import mapping_of, parameter
from vla_core.validation import ConfigurationError, Real, StrictModel
from vla_teleop.arm_drive import DriveSettings
from vla_teleop.axes import FrameName

__all__ = ['TeleopParameters', 'device_options']

DEVICES_TO_OPTIONS = 'devices to options, as {web: {port: 8091}}'


class TeleopParameters(StrictModel):
    """Parameters of the node `teleop`."""

    robot: str = parameter(
        'franka', read_only=True, description='robot profile, by name or path')
    devices: tuple[str, ...] = parameter(
        ('keyboard',), read_only=True, min_length=1,
        description='by name; the first that says anything about an arm moves it, buttons unite')
    device_options: str = parameter(
        '{}', read_only=True, description='options of devices as YAML, by name of the device')
    arm: str = parameter(
        '', read_only=True,
        description='arm that devices for one arm move first; empty: the first of the robot')
    frame: FrameName = parameter(
        'base', read_only=True, description='axes of devices at the start; a button changes them')
    yaw: Real = parameter(
        0.0, ge=-6.3, le=6.3, unit='rad', read_only=True,
        description="where forward is, about the base's z, for who looks from elsewhere")
    linear_speed: Real = parameter(
        0.2, gt=0, le=2, unit='m/s', read_only=True, description='of the tip at full deflection')
    angular_speed: Real = parameter(
        0.8, gt=0, le=4, unit='rad/s', read_only=True, description='of the tip')
    limit_scale: Real = parameter(
        0.25, gt=0, le=1, read_only=True,
        description="share of the profile's limits of speed and acceleration that is used")
    scale: Real = parameter(
        1.0, gt=0, le=10, read_only=True, description='way of the tip for that of a pose device')
    catch_up: Real = parameter(
        0.3, gt=0, le=1, read_only=True,
        description="share of the joint speeds until a leader's pose is reached")
    relative_joints: bool = parameter(
        False, read_only=True, description='follow the changes of a leader, not its pose')
    gripper_speed: Real = parameter(
        1.0, gt=0, le=10, unit='1/s', read_only=True,
        description="openings per second, within the profile's")
    gripper_controller: str = parameter(
        'gripper_position_controller', read_only=True,
        description='takes gripper commands; empty: none does')
    take_over_by: Literal['button', 'dead_man'] = parameter(
        'button', read_only=True, description='what takes over from a policy that runs')
    instruction: str = parameter('', description='of episodes that a button starts')
    labels: tuple[str, ...] = parameter((), description='of those episodes, as operator=ada')
    rate: Real = parameter(
        100.0, ge=20, le=500, read_only=True, unit='Hz', description='of the targets streamed')
    hold_timeout: Real = parameter(
        1.0, ge=0, le=60, unit='s', read_only=True,
        description='targets are streamed for so long after the arm came to rest')
    max_state_age: Real = parameter(
        0.5, gt=0, le=10, unit='s', description='an older state of the robot is not known')

    @property
    def drive(self) -> DriveSettings:
        """The same for `ArmDrive`."""
        return DriveSettings(
            self.linear_speed, self.angular_speed, self.limit_scale, self.scale, self.catch_up,
            self.relative_joints)


def device_options(values: TeleopParameters) -> dict[str, dict[str, Any]]:
    """Options by device; ConfigurationError in one line."""
    options = mapping_of('device_options', values.device_options, DEVICES_TO_OPTIONS)
    if not all(isinstance(entry, dict) for entry in options.values()):
        raise ConfigurationError(f'parameter device_options: must map {DEVICES_TO_OPTIONS}')
    for name in options:
        if name not in values.devices:
            raise ConfigurationError(f'parameter device_options: {name!r} is not one of devices, '
                                     f'{", ".join(values.devices)}')
    if len(set(values.devices)) < len(values.devices):
        raise ConfigurationError('parameter devices: names a device twice')
    return options
