"""What a control loop knows of an arm: arrays in, arrays out, a mode for each arm, faults.

One plug-in drives one robot, which may have several arms: those of `profile.arms` and then those of
`profile.leaders`, in that order everywhere. All arrays are float64, made once and filled in place.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vla_core.profile import ArmProfile, RobotProfile


class ControlMode(str, enum.Enum):
    """What a command's joint values mean."""

    EFFORT = 'effort'  # N·m; excludes gravity where the arm's capabilities say so
    POSITION = 'position'  # rad
    VELOCITY = 'velocity'  # rad/s
    POSE = 'pose'  # of the robot's end effector, by its own inverse kinematics: `ArmCommand.tip`
    TWIST = 'twist'  # likewise


class FaultCode(str, enum.Enum):
    """Names of the states in which an arm does not follow commands."""

    LINK_LOST = 'link_lost'
    LINK_QUALITY = 'link_quality'
    EMERGENCY_STOP = 'emergency_stop'
    PROTECTIVE_STOP = 'protective_stop'
    USER_STOP = 'user_stop'
    REFLEX = 'reflex'
    WRONG_MODE = 'wrong_mode'
    SERVO_OVERLOAD = 'servo_overload'
    SERVO_OVERHEATED = 'servo_overheated'
    SERVO_VOLTAGE = 'servo_voltage'
    SERVO_MISSING = 'servo_missing'
    SERVO_FAILURE = 'servo_failure'
    LIMIT_VIOLATION = 'limit_violation'
    INVALID_COMMAND = 'invalid_command'
    INTERNAL = 'internal'


@dataclass(frozen=True)
class Fault:
    """A named fault with one clear line, and the arm it concerns ('' for the whole robot)."""

    code: FaultCode
    text: str
    arm: str = ''

    def __str__(self) -> str:
        where = f'{self.arm}: ' if self.arm else ''
        return f'{where}{self.code.value}: {self.text}'


class HardwareError(RuntimeError):
    """The hardware cannot do what was asked; the message names the thing and what to do."""


@dataclass(frozen=True)
class ArmCapabilities:
    """What a plug-in offers for one arm."""

    modes: tuple[ControlMode, ...]
    gravity_compensated: bool = True  # effort commands exclude gravity
    wrench: bool = False  # an external wrench is measured or estimated
    gripper: bool = False
    gripper_takes_goals: bool = False  # it moves itself: give it the goal, not a setpoint
    tip_modes: tuple[ControlMode, ...] = ()  # modes in which `ArmCommand.tip` is the command
    servo_delay: tuple[float, ...] = ()  # s, each joint's servo's lag behind a position command
    servo_stiffness: tuple[float, ...] = ()  # N·m/rad, how each servo yields; empty: it does not


@dataclass
class ArmState:
    """Measured state of one arm, in the joint order of its profile.

    `wrench` is what the environment does to the tip: [fx, fy, fz, tx, ty, tz] in N and N·m,
    along the axes of the arm's base frame, at the tip frame's origin. The gripper is normalised:
    0 closed, 1 open; its velocity is in openings per second, its effort in N or N·m.
    """

    name: str
    joints: int
    position: np.ndarray = field(init=False)
    velocity: np.ndarray = field(init=False)
    effort: np.ndarray = field(init=False)
    wrench: np.ndarray = field(init=False)
    gripper_position: float = 0.0
    gripper_velocity: float = 0.0
    gripper_effort: float = 0.0

    def __post_init__(self) -> None:
        self.position = np.zeros(self.joints)
        self.velocity = np.zeros(self.joints)
        self.effort = np.zeros(self.joints)
        self.wrench = np.zeros(6)


@dataclass
class ArmCommand:
    """Command of one arm: joint values in the unit of `mode`, and a normalised gripper target.

    A gripper target of NaN leaves the gripper as it is. In the modes of `tip_modes`, `tip` is the
    command: [x, y, z, qx, qy, qz, qw] in m, or a twist [vx, vy, vz, wx, wy, wz] in m/s and rad/s in
    its first six places, of the robot's end effector along the axes of its base.
    """

    name: str
    joints: int
    mode: ControlMode
    values: np.ndarray = field(init=False)
    tip: np.ndarray = field(init=False)
    gripper: float = float('nan')
    gripper_max_effort: float = float('nan')

    def __post_init__(self) -> None:
        self.values = np.zeros(self.joints)
        self.tip = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])


class RobotState:
    """State of all arms; `stamp_ns` is the steady-clock time of the sample in nanoseconds."""

    def __init__(self, arms: Sequence[ArmProfile]) -> None:
        self.stamp_ns = 0
        self.arms = [ArmState(arm.name, len(arm.joints)) for arm in arms]


class RobotCommand:
    """Command of all arms, in the order of the state."""

    def __init__(self, arms: Sequence[ArmProfile], modes: Sequence[ControlMode]) -> None:
        self.arms = [
            ArmCommand(arm.name, len(arm.joints), mode) for arm, mode in zip(arms, modes)
        ]


class HardwareInterface(ABC):
    """One robot. Lifecycle: `configure` → `activate` ⇄ `deactivate` → `close`.

    `configure` connects and reads; it moves nothing. `activate` makes the arms hold where they are.
    `write` is called once after each `read`. None of `read` and `write` raises for a fault of the
    robot: it sets `fault` and holds or stops by the robot's own means; `recover` is the documented
    way back and never moves the arm.
    """

    paces_loop: bool = False  # `read` blocks until the robot's next cycle
    simulated: bool = False  # time may pass at another pace than the clock's

    def __init__(self, profile: RobotProfile) -> None:
        self.profile = profile
        self.arm_profiles: tuple[ArmProfile, ...] = (*profile.arms, *profile.leaders)
        self.fault: Fault | None = None

    @property
    def period(self) -> float:
        """Time between two cycles in seconds."""
        return 1.0 / self.profile.rate_hz

    @abstractmethod
    def capabilities(self, arm: str) -> ArmCapabilities:
        """What this plug-in offers for the named arm."""

    @abstractmethod
    def configure(self) -> None:
        """Connect and read the first state; raise HardwareError when the robot is not there."""

    @abstractmethod
    def activate(self) -> None:
        """Be ready for commands; the arms hold their place until the first one."""

    @abstractmethod
    def deactivate(self) -> None:
        """Bring the arms to rest by the robot's own means and take no more commands."""

    @abstractmethod
    def close(self) -> None:
        """Disconnect. May be called in any state and more than once."""

    @abstractmethod
    def set_mode(self, arm: str, mode: ControlMode) -> None:
        """Switch an arm's control mode without a jump; HardwareError when it has none such."""

    @abstractmethod
    def read(self, state: RobotState) -> None:
        """Fill the state in place."""

    @abstractmethod
    def write(self, command: RobotCommand) -> None:
        """Send the command; arrays are read, never kept."""

    @abstractmethod
    def recover(self) -> None:
        """Clear the fault where the robot allows it; raise HardwareError saying what to do else."""

    def diagnostics(self) -> dict[str, str | float]:
        """Named figures for a diagnostics page: link quality, temperatures, firmware."""
        return {}

    def request(self, name: str, **arguments: object) -> None:
        """Carry out an extra of the plug-in by name, outside the cycle (reset, payload, push)."""
        raise HardwareError(
            f'{type(self).__name__} has no request {name!r} ({sorted(arguments)}); '
            "see the plug-in's README section"
        )

    def make_state(self) -> RobotState:
        """Arrays for `read`."""
        return RobotState(self.arm_profiles)

    def make_command(self) -> RobotCommand:
        """Arrays for `write`, in each arm's first mode."""
        return RobotCommand(
            self.arm_profiles, [self.capabilities(arm.name).modes[0] for arm in self.arm_profiles]
        )
