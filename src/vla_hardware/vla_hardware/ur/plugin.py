"""The `ur` plug-in: a Universal Robots arm, e-series or CB3, over RTDE by ur-rtde.

Position commands are followed by servoj, velocity commands by speedj. Sockets belong to processes
of their own (`link`), so that nothing of the robot's makes the control loop wait. The robot watches
its inputs: when they stop, it ends the program and the arm comes to rest by itself.

Options are those of `UrOptions`. Requests, carried out between two setpoints:
`payload(mass, centre)`, `zero_wrench()`, `speed_slider(fraction)`, `force_mode(axes, wrench,
limits)` with axes and wrench along `base_frame`, `end_force_mode()`, `power_on()`.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence

import numpy as np

from vla_core.profile import RobotProfile
from vla_hardware.interface import (
    ArmCapabilities,
    ControlMode,
    Fault,
    FaultCode,
    HardwareError,
    HardwareInterface,
    RobotCommand,
    RobotState,
)
from vla_hardware.ur.link import GripperLink, RobotLink
from vla_hardware.ur.modes import ProgramState, RobotMode, SafetyMode, fault_of, name_of
from vla_hardware.ur.options import UrOptions
from vla_hardware.ur.packets import POSITION, VELOCITY

__all__ = ['UniversalRobot']

JOINTS = 6
# `base_link` is the controller's base turned by half a turn about z.
BASE_LINK_FROM_BASE = np.array([-1.0, -1.0, 1.0, -1.0, -1.0, 1.0])
KINDS = {ControlMode.POSITION: POSITION, ControlMode.VELOCITY: VELOCITY}
FARTHEST = 2.0 * math.pi + 0.5  # rad, of a joint
JUMP = 0.5  # rad between two samples, which no joint makes
ASTRAY, ASTRAY_TIME = 0.25, 0.3  # rad between command and the robot's target, s
PATIENCE = 0.3  # s that `recover` waits for what it has begun
UNLOCK_TIMEOUT = 2.0  # s until an unlocked protective stop is gone
PROGRAM_TIMEOUT = 2.0  # s until an uploaded program shows in the states
ENDED = ('the control program has ended: by the watchdog, the pendant (local control), the '
         'dashboard or another client; see to it, then recover')
ASTRAY_TEXT = 'the robot does not follow: another client or program drives it; end it, then recover'


class _Recovery(threading.Thread):
    """The way back, beside the loop; `error` says why it did not come."""

    def __init__(self, robot: UniversalRobot) -> None:
        super().__init__(name='ur recovery', daemon=True)
        self._robot = robot
        self.error = ''

    def run(self) -> None:
        try:
            self._robot.bring_back()
        except HardwareError as error:
            self.error = str(error)


class UniversalRobot(HardwareInterface):
    """One arm with six joints, and a Robotiq gripper where there is one."""

    def __init__(self, profile: RobotProfile, **options: object) -> None:
        super().__init__(profile)
        if len(self.arm_profiles) != 1 or len(profile.arms[0].joints) != JOINTS:
            raise HardwareError(f'ur: robot {profile.name} needs one arm with {JOINTS} joints')
        self.options = UrOptions.read(options)
        self.arm = profile.arms[0]
        gripper = self.options.gripper != 'none' and self.arm.gripper is not None
        self._link = RobotLink(self.options)
        self._gripper = GripperLink(self.options) if gripper else None
        self._mode = ControlMode.POSITION
        self._active = False
        self._recovery: _Recovery | None = None
        self._sample: tuple[float, ...] = ()
        self._sampled_at = 0.0  # s of the steady clock
        self._lost = 0
        self._longest_gap = 0.0
        self._commanded: list[float] | None = None
        self._followed_at = 0.0
        self._identity: dict[str, str | float] = {}
        self._turn = BASE_LINK_FROM_BASE if self.arm.base_frame == 'base_link' else np.ones(6)
        self._capabilities = ArmCapabilities(
            modes=(ControlMode.POSITION, ControlMode.VELOCITY), wrench=True, gripper=gripper,
            gripper_takes_goals=gripper, servo_delay=(self.options.delay,) * JOINTS)

    @property
    def period(self) -> float:
        """Seconds between two cycles: those of the profile, and of a CB3 where it is slower."""
        return 1.0 / min(self.profile.rate_hz, self.options.rate)

    def capabilities(self, arm: str) -> ArmCapabilities:
        return self._capabilities

    # ---- lifecycle

    def configure(self) -> None:
        self._accept(self._link.open(), time.monotonic())
        seen = self._link.ask('look')
        self._identity = {key: seen[key] for key in ('model', 'serial', 'version')}
        if seen['series'] != self.options.series:
            raise HardwareError(
                f'ur: the controller has version {seen["version"]}, so it is no '
                f'{self.options.series!r}: give the option series: {seen["series"]}')
        if self._gripper is not None:
            self._gripper.open()

    def activate(self) -> None:
        if self.fault is not None:
            raise HardwareError(f'ur: cannot activate with a fault ({self.fault}); recover first')
        self._start()
        self._active = True

    def deactivate(self) -> None:
        if self._active:
            self._active = False
            self._link.ask('stop')

    def close(self) -> None:
        self._active = False
        if self._recovery is not None:
            self._recovery.join()
        self._link.close()
        if self._gripper is not None:
            self._gripper.close()

    def _start(self) -> None:
        """Upload the control program; HardwareError when the robot is in no mode for it."""
        seen = self._link.ask('look')
        if not seen['remote']:
            raise HardwareError('ur: wrong_mode: the robot is in local control; choose remote '
                                'control on the pendant')
        self._accept(self._fresh(), time.monotonic())
        fault = fault_of(*self._modes)
        if fault is not None:
            raise HardwareError(f'ur: {fault}')
        end = time.monotonic() + PROGRAM_TIMEOUT  # our own of before ends by its watchdog
        while self._program_runs:
            if time.monotonic() > end:
                raise HardwareError('ur: wrong_mode: a program plays on the robot: stop it on the '
                                    'pendant, or by the client that started it')
            self._accept(self._fresh(), time.monotonic())
        options = self.options
        self._link.ask(
            'start', tcp=options.tcp,
            payload=None if options.payload is None else options.payload.model_dump(),
            speed_slider=options.speed_slider)
        end = time.monotonic() + PROGRAM_TIMEOUT
        while True:
            self._accept(self._fresh(), time.monotonic())
            if self._program_runs:
                break
            if time.monotonic() > end:
                raise HardwareError('ur: the robot took the control program and does not run it; '
                                    'see the log on the pendant')
        self._commanded = None

    def _fresh(self) -> tuple[float, ...]:
        """Wait for a state."""
        end = time.monotonic() + self.options.connect_timeout
        while time.monotonic() < end:
            state = self._link.state()
            if state is not None:
                return state
            time.sleep(self.period)
        raise HardwareError(f'ur: link_lost: the controller at {self.options.ip} sends no states; '
                            'check the cable, then recover')

    def set_mode(self, arm: str, mode: ControlMode) -> None:
        if mode not in self._capabilities.modes:
            raise HardwareError(f'arm {arm!r} has no {mode.value} mode; it has position, velocity')
        self._mode = mode
        self._commanded = None

    # ---- cycle

    @property
    def _modes(self) -> tuple[int, int]:
        return int(self._sample[-3]), int(self._sample[-2])

    @property
    def _program_runs(self) -> bool:
        return bool(int(self._sample[-1]) & ProgramState.RUNNING)

    def _accept(self, sample: tuple[float, ...], now: float) -> None:
        self._sample, self._sampled_at = sample, now

    def read(self, state: RobotState) -> None:
        now = time.monotonic()
        if self._recovery is None:
            sample = self._link.state()
            if sample is None:
                if now - self._sampled_at > self.options.link_timeout:
                    self._fail(FaultCode.LINK_LOST, 'the robot has sent nothing for '
                               f'{now - self._sampled_at:.2f} s: check the cable, then recover')
            else:
                self._take(sample, now)
            self._hear()
        state.stamp_ns = int(self._sampled_at * 1e9)
        arm, sample = state.arms[0], self._sample
        arm.position[:] = sample[1:7]
        arm.velocity[:] = sample[7:13] if self._sampled_at == now or self.fault is None else 0.0
        arm.effort[:] = sample[13:19]
        np.multiply(self._turn, sample[19:25], out=arm.wrench)
        if self._gripper is not None:
            arm.gripper_position = self._gripper.opening
            arm.gripper_velocity = self._gripper.velocity
            arm.gripper_effort = self._gripper.current

    def _take(self, sample: tuple[float, ...], now: float) -> None:
        """Judge a new state."""
        past = self._sample
        if not all(map(math.isfinite, sample)) or any(
                abs(q) > FARTHEST or abs(q - p) > JUMP for q, p in zip(sample[1:7], past[1:7])):
            self._fail(FaultCode.LINK_QUALITY, 'the robot sends states that cannot be: check '
                       'network and controller, then recover')
            return
        gap = sample[0] - past[0]
        self._lost += max(0, round(gap * self.options.rate) - 1)
        self._longest_gap = max(self._longest_gap, now - self._sampled_at)
        self._accept(sample, now)
        fault = fault_of(*self._modes) if self._active else None
        if fault is not None:
            self._fail(fault.code, fault.text)
        elif self._active and not self._program_runs:
            self._fail(FaultCode.WRONG_MODE, ENDED)
        elif self._active:
            self._watch_following(sample[25:31], now)

    def _watch_following(self, target: Sequence[float], now: float) -> None:
        commanded = self._commanded
        if commanded is None or self._mode is not ControlMode.POSITION or all(
                abs(a - b) < ASTRAY for a, b in zip(commanded, target)):
            self._followed_at = now
        elif now - self._followed_at > ASTRAY_TIME:
            self._fail(FaultCode.WRONG_MODE, ASTRAY_TEXT)

    def _hear(self) -> None:
        """Take the answers to requests, and what the gripper says."""
        answer = self._link.answer()
        if answer is not None and 'error' in answer:
            self._fail(FaultCode.INVALID_COMMAND, f'request {answer["verb"]}: {answer["error"]}')
        if self._gripper is not None and self.fault is None:
            trouble = self._gripper.look()
            if trouble:
                self._fail(FaultCode.LINK_LOST, f'gripper: {trouble}; mend it, then recover')

    def _fail(self, code: FaultCode, text: str) -> None:
        """The first trouble counts, but why the robot ended the program counts more."""
        known = self.fault
        if known is None or (known.text == ENDED and code is not FaultCode.WRONG_MODE
                             and code is not FaultCode.LINK_LOST):
            self.fault = Fault(code, text, self.arm.name)
        self._commanded = None

    def write(self, command: RobotCommand) -> None:
        if not self._active or self.fault is not None:
            return
        given = command.arms[0]
        values = given.values.tolist()
        if given.mode is not self._mode:
            self._fail(FaultCode.WRONG_MODE, f'got a {given.mode.value} command in '
                       f'{self._mode.value} mode')
        elif not all(map(math.isfinite, values)):
            self._fail(FaultCode.INVALID_COMMAND, 'got a command that is not finite')
        elif not self._link.setpoint(KINDS[self._mode], values):
            self._fail(FaultCode.LINK_LOST, 'the robot takes no commands: check the cable, then '
                       'recover')
        else:
            self._commanded = values
            if self._gripper is not None and given.gripper == given.gripper:
                most = self.arm.gripper.max_effort
                force = given.gripper_max_effort
                self._gripper.target(given.gripper, force / most if force == force else 1.0)

    # ---- faults

    def recover(self) -> None:
        if self._recovery is None:
            self._recovery = _Recovery(self)
            self._recovery.start()
        self._recovery.join(PATIENCE)
        if self._recovery.is_alive():
            raise HardwareError('ur: the robot is being brought back; ask again in a moment')
        error, self._recovery = self._recovery.error, None
        if error:
            raise HardwareError(error)
        self._sampled_at = self._followed_at = time.monotonic()
        self._commanded = None
        self.fault = None

    def bring_back(self) -> None:
        """Connect anew what does not answer, unlock a protective stop, upload the program."""
        link = self._link
        if link.stale():
            self._accept(link.open(), time.monotonic())
        else:
            link.renew_commander()
            self._accept(self._fresh(), time.monotonic())
        if self._modes[1] == SafetyMode.PROTECTIVE_STOP:
            link.ask('unlock')
            end = time.monotonic() + UNLOCK_TIMEOUT
            while self._modes[1] == SafetyMode.PROTECTIVE_STOP and time.monotonic() < end:
                self._accept(self._fresh(), time.monotonic())
        if self._gripper is not None and self._gripper.look():
            self._gripper.open()
        if self._active:
            self._start()
            return
        fault = fault_of(*self._modes)
        if fault is not None:
            raise HardwareError(f'ur: {fault}')

    # ---- beside the cycle

    def diagnostics(self) -> dict[str, str | float]:
        sample = self._sample
        if not sample:
            return {}
        return {
            **self._identity,
            'robot_mode': name_of(RobotMode, self._modes[0]),
            'safety_mode': name_of(SafetyMode, self._modes[1]),
            'speed_scaling': sample[32], 'speed_slider': sample[33],
            'hottest_joint_c': sample[31],
            'states_lost': float(self._lost),
            'longest_gap_ms': 1e3 * self._longest_gap,
        }

    def request(self, name: str, **arguments: object) -> None:
        orders = {'payload': self._payload, 'zero_wrench': self._zero_wrench,
                  'speed_slider': self._speed_slider, 'force_mode': self._force_mode,
                  'end_force_mode': self._end_force_mode, 'power_on': self._power_on}
        if name not in orders:
            super().request(name, **arguments)
        if self._recovery is not None:
            raise HardwareError('ur: the robot is being brought back; ask again in a moment')
        try:
            orders[name](**arguments)
        except (TypeError, ValueError) as error:
            raise HardwareError(f'ur: request {name!r}: {error}') from error

    def _payload(self, mass: float, centre: Sequence[float] = (0.0, 0.0, 0.0)) -> None:
        self._link.order('payload', mass=_within(mass, 0.0, 50.0, 'mass'),
                         centre=_vector(centre, 3, 'centre'))

    def _zero_wrench(self) -> None:
        self._link.order('zero_wrench')

    def _speed_slider(self, fraction: float) -> None:
        self._link.order('speed_slider', fraction=_within(fraction, 0.0, 1.0, 'fraction'))

    def _force_mode(
        self, axes: Sequence[int], wrench: Sequence[float],
        limits: Sequence[float] = (0.05, 0.05, 0.05, 0.2, 0.2, 0.2),
    ) -> None:
        chosen = [int(value) for value in _vector(axes, 6, 'axes')]
        turned = (self._turn * _vector(wrench, 6, 'wrench')).tolist()
        self._link.order('force_mode', axes=chosen, wrench=turned,
                         limits=_vector(limits, 6, 'limits'), frame=[0.0] * 6, kind=2)

    def _end_force_mode(self) -> None:
        self._link.order('end_force_mode')

    def _power_on(self) -> None:
        self._link.order('power_on')


def _within(value: float, lower: float, upper: float, name: str) -> float:
    number = float(value)
    if not lower <= number <= upper:
        raise ValueError(f'{name} must be within {lower:g} and {upper:g}, is {value!r}')
    return number


def _vector(values: Sequence[float], size: int, name: str) -> list[float]:
    numbers = [float(value) for value in values]
    if len(numbers) != size or not all(map(math.isfinite, numbers)):
        raise ValueError(f'{name} has {size} finite numbers, got {values!r}')
    return numbers
