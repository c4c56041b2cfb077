"""One arm of servos: what is checked and set before it moves, and its numbers in SI units.

A follower is held by its servos' position control, its gripper by current-based position control.
A leader is free, or driven by current for force feedback where its servos measure current.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np

from vla_core.profile import ArmProfile
from vla_core.validation import ConfigurationError
from vla_hardware.aloha import control_table as table
from vla_hardware.aloha.bus import Bus, SyncRead
from vla_hardware.aloha.control_table import HardwareErrorBit, OperatingMode
from vla_hardware.aloha.wiring import ArmKind, ArmWiring, GripperWiring, ServoWiring, Wiring
from vla_hardware.interface import ArmCapabilities, ArmCommand, ArmState, ControlMode, HardwareError

__all__ = ['ServoArm']

BEYOND = 0.35  # rad beyond its range at which a joint may rest
REBOOT_TIME = 1.5  # s within which a servo answers again
WATCHDOG = round(0.1 / table.WATCHDOG)  # a driven leader goes limp without a word for so long
MODES = {mode.value: mode.name.lower().replace('_', '-') for mode in OperatingMode}


class _Gripper:
    """Between a gripper's opening and its servo."""

    def __init__(self, wiring: GripperWiring, arm: ArmProfile) -> None:
        profile, self._crank = arm.gripper, wiring.crank
        self.servo = wiring.servo
        try:
            closed, open_ = (
                self._crank.angle(place) if angle is None else angle for angle, place in (
                    (wiring.closed, profile.closed), (wiring.open, profile.open)))
        except ValueError as error:
            raise ConfigurationError(f'gripper of {arm.name}: {error}') from error
        self._closed = self._crank.position(closed)
        self._span = self._crank.position(open_) - self._closed
        self._max_effort = profile.max_effort
        self._max_current = wiring.max_current

    def goal(self, opening: float) -> int:
        """Position register for an opening in [0, 1]."""
        place = self._closed + min(max(opening, 0.0), 1.0) * self._span
        return self.servo.to_pulses(self._crank.angle(place))

    def current(self, effort: float, pulses: int) -> int:
        """Goal current register that presses with `effort` at most where the servo is.

        NaN takes the profile's largest effort.
        """
        if effort != effort:
            effort = self._max_effort
        leverage = self._crank.rate(self.servo.to_radians(pulses))
        torque = min(max(effort, 0.0), self._max_effort) * leverage
        current = torque / self.servo.data_sheet.torque_constant
        return round(min(max(current, 0.0), self._max_current) / table.CURRENT)

    def state(self, pulses: int, speed: int, load: int) -> tuple[float, float, float]:
        """Opening, openings per second, and the fingers' effort in N."""
        angle = self.servo.to_radians(pulses)
        rate = self._crank.rate(angle)
        torque = load * self.servo.data_sheet.torque_unit
        return ((self._crank.position(angle) - self._closed) / self._span,
                speed * table.SPEED * rate / self._span,
                torque / rate if abs(rate) > 1e-4 else 0.0)


class ServoArm:
    """One arm on its bus. Methods that use the bus raise BusError or HardwareError."""

    def __init__(
        self, profile: ArmProfile, wiring: Wiring, bus: Bus, leads: bool, feedback: bool
    ) -> None:
        self.profile = profile
        self.name = profile.name
        self.bus = bus
        self.leads = leads
        self.driven = not leads or feedback
        self.temperature: dict[int, int] = {}  # °C by id
        self.voltage: dict[int, float] = {}  # V by id
        self.firmware: dict[int, int] = {}
        self._wiring = wiring
        self._arm_wiring: ArmWiring = wiring.arms[profile.name]
        self._kind: ArmKind = wiring.kind(profile)
        self._gripper = _Gripper(self._kind.gripper, profile) if self._kind.gripper else None
        self.ids = self._kind.ids
        self._names = {id_: joint for joint, servo in zip(profile.joints, self._kind.joints)
                       for id_ in servo.ids}
        if self._gripper is not None:
            self._names[self._gripper.servo.id] = 'gripper'
        self.motion: SyncRead = bus.group(self.ids, table.PRESENT_CURRENT, table.PRESENT_POSITION)
        self._health: SyncRead = bus.group(
            self.ids, table.PRESENT_INPUT_VOLTAGE, table.PRESENT_TEMPERATURE)
        self._ends: dict[int, tuple[int, int]] = {}
        self._temperature_limit: dict[int, int] = {}
        self._current_limit: dict[int, int] = {}
        self._current_goal: int | None = None

    # ---- what it is

    def capabilities(self) -> ArmCapabilities:
        """Followers take positions, leaders efforts; a free leader carries itself."""
        servos = self._kind.joints
        if self.leads:
            return ArmCapabilities((ControlMode.EFFORT,), gravity_compensated=not self.driven,
                                   gripper=self._gripper is not None)
        return ArmCapabilities(
            (ControlMode.POSITION,), gravity_compensated=False, gripper=self._gripper is not None,
            servo_delay=tuple(servo.delay for servo in servos),
            servo_stiffness=tuple(servo.stiffness for servo in servos))

    def called(self, id_: int) -> str:
        """A servo by id and joint, for messages."""
        return f'servo {id_} ({self._names[id_]})'

    def _mode(self, servo: ServoWiring) -> OperatingMode | None:
        """How a servo is driven; None for one that is left free."""
        if self._gripper is not None and servo is self._gripper.servo:
            return None if self.leads else OperatingMode.CURRENT_BASED_POSITION
        if not self.leads:
            return OperatingMode.POSITION
        return OperatingMode.CURRENT if self.driven and servo.data_sheet.measures_current else None

    # ---- before it moves

    def check(self) -> None:
        """See that every servo is there and set as the wiring says; HardwareError names it."""
        self.find_all()
        for servo in self._kind.servos:
            for id_ in servo.ids:
                self._check_servo(servo, id_)
        self.bus.find_fast(self.motion)
        self.bus.read_group(self.motion)
        self._check_places()
        self.read_health()

    def find_all(self) -> None:
        """Every servo answers; HardwareError says which do not."""
        missing = self.missing()
        if len(missing) == len(self.ids):
            raise HardwareError(f'{self.name}: no servo answers on {self.bus.name}; switch the '
                                "arm's power on, and see that port and baud rate are its own")
        if missing:
            raise HardwareError(
                f'{self.name}: {", ".join(map(self.called, missing))} '
                f'{"does" if len(missing) == 1 else "do"} not answer on {self.bus.name}; look at '
                'the cable to the first of them')

    def missing(self) -> list[int]:
        """Ids that do not answer a ping."""
        return self.bus.silent(self.ids)

    def _check_servo(self, servo: ServoWiring, id_: int) -> None:
        bus, called = self.bus, f'{self.name}: {self.called(id_)}'
        number = bus.ping(id_)
        if number != servo.data_sheet.number:
            raise HardwareError(f'{called} has model number {number}, a {servo.model} has '
                                f'{servo.data_sheet.number}; mend the wiring or the ids')
        shadows = id_ != servo.id
        reversed_ = bool(bus.read(id_, table.DRIVE_MODE) & table.REVERSED)
        if reversed_ != (servo.reversed is not shadows):
            raise HardwareError(f'{called} turns the wrong way: its drive mode is '
                                f'{"reversed" if reversed_ else "normal"}, the wiring wants the '
                                'other one; set it with Dynamixel Wizard, torque off')
        wanted = servo.id if shadows else table.NO_SECONDARY_ID
        secondary = bus.read(id_, table.SECONDARY_ID)
        if secondary != wanted:
            raise HardwareError(f'{called} has the secondary id {secondary} instead of {wanted}; '
                                'set it with Dynamixel Wizard, torque off')
        offset = self._arm_wiring.homing_offsets.get(id_)
        if offset is not None and bus.read(id_, table.HOMING_OFFSET) != offset:
            raise HardwareError(f'{called} has another homing offset than the wiring ({offset}); '
                                'calibrate it again, or mend the wiring')
        self.firmware[id_] = bus.read(id_, table.FIRMWARE_VERSION)
        self._temperature_limit[id_] = bus.read(id_, table.TEMPERATURE_LIMIT)
        self._ends[id_] = (bus.read(id_, table.MIN_POSITION_LIMIT),
                           bus.read(id_, table.MAX_POSITION_LIMIT))
        if servo.data_sheet.measures_current:
            self._current_limit[id_] = bus.read(id_, table.CURRENT_LIMIT)
        mode = self._mode(servo)
        if not self.leads and bus.read(id_, table.TORQUE_ENABLE):
            set_to = bus.read(id_, table.OPERATING_MODE)
            if set_to != mode:
                raise HardwareError(
                    f'{called} is under torque in mode {MODES.get(set_to, set_to)}, not '
                    f'{MODES[mode]}; support the arm and switch its power off and on')

    def _check_places(self) -> None:
        limits = self.profile.limits
        for servo, low, high in zip(
                self._kind.joints, limits.position_lower, limits.position_upper):
            place = servo.to_radians(self.motion.value(servo.id, table.PRESENT_POSITION))
            if not low - BEYOND < place < high + BEYOND:
                raise HardwareError(
                    f'{self.name}: {self.called(servo.id)} says that it stands at {place:.2f} rad, '
                    f'but the joint goes from {low:.2f} to {high:.2f}; see how its horn is mounted '
                    'and what its homing offset is')
            if servo.shadow is not None:
                gap = table.RADIANS * abs(
                    self.motion.value(servo.shadow, table.PRESENT_POSITION) -
                    self.motion.value(servo.id, table.PRESENT_POSITION))
                if gap > self._wiring.shadow_tolerance:
                    raise HardwareError(
                        f'{self.name}: {self.called(servo.shadow)} is {gap:.2f} rad off servo '
                        f'{servo.id}, which would make them fight; calibrate its homing offset')

    def hold(self) -> None:
        """Set the servos and switch their torque on where the arm is; a free leader goes limp.

        What is under torque already is not let go.
        """
        self.bus.read_group(self.motion)
        place = {id_: self.motion.value(id_, table.PRESENT_POSITION) for id_ in self.ids}
        for servo in self._kind.servos:
            mode = self._mode(servo)
            for id_ in servo.ids:
                if mode is None:
                    self.bus.write(id_, table.TORQUE_ENABLE, 0)
                elif self.leads or not self.bus.read(id_, table.TORQUE_ENABLE):
                    self._prepare(servo, id_, mode)
        self._current_goal = None
        if self.leads:
            self._drive_leader()
            return
        self._aim({servo.id: place[servo.id] for servo in self._kind.servos})
        if self._gripper is not None:
            self._limit_grip(float('nan'))
        for servo in self._kind.servos:
            for id_ in servo.ids:
                self.bus.write(id_, table.TORQUE_ENABLE, 1)

    def _prepare(self, servo: ServoWiring, id_: int, mode: OperatingMode) -> None:
        """Settings of a servo without torque; what lies in EEPROM is written only if it differs."""
        bus = self.bus
        bus.write(id_, table.TORQUE_ENABLE, 0)
        bus.write(id_, table.BUS_WATCHDOG, 0)
        for register, value in ((table.OPERATING_MODE, mode), (table.RETURN_DELAY_TIME, 0)):
            if bus.read(id_, register) != value:
                bus.write(id_, register, value)
        if mode is not OperatingMode.CURRENT:
            for register, value in ((table.POSITION_P_GAIN, servo.p_gain),
                                    (table.POSITION_I_GAIN, servo.i_gain),
                                    (table.POSITION_D_GAIN, servo.d_gain)):
                bus.write(id_, register, value)

    def _drive_leader(self) -> None:
        for servo in self._kind.servos:
            if self._mode(servo) is not None:
                for id_ in servo.ids:
                    self.bus.write(id_, table.GOAL_CURRENT, 0)
                    self.bus.write(id_, table.TORQUE_ENABLE, 1)
                    self.bus.write(id_, table.BUS_WATCHDOG, WATCHDOG)

    def release(self) -> None:
        """Switch the torque off, of a leader first its current."""
        if self.leads and self.driven:
            self.bus.write_group(table.GOAL_CURRENT, dict.fromkeys(self._driven_ids(), 0))
        for id_ in self.ids:
            self.bus.write(id_, table.TORQUE_ENABLE, 0)

    def _driven_ids(self) -> list[int]:
        return [servo.id for servo in self._kind.servos if self._mode(servo) is not None]

    # ---- while it moves

    def read_motion(self, state: ArmState) -> None:
        """Read all servos and fill position, velocity and effort; shadows add their torque."""
        self.bus.read_group(self.motion)
        motion = self.motion
        for index, servo in enumerate(self._kind.joints):
            unit = servo.data_sheet.torque_unit * servo.ratio
            state.position[index] = servo.to_radians(
                motion.value(servo.id, table.PRESENT_POSITION))
            state.velocity[index] = table.SPEED / servo.ratio * motion.value(
                servo.id, table.PRESENT_VELOCITY)
            state.effort[index] = unit * sum(
                motion.value(id_, table.PRESENT_CURRENT) for id_ in servo.ids)
        if self._gripper is not None:
            id_ = self._gripper.servo.id
            state.gripper_position, state.gripper_velocity, state.gripper_effort = \
                self._gripper.state(*(motion.value(id_, register) for register in (
                    table.PRESENT_POSITION, table.PRESENT_VELOCITY, table.PRESENT_CURRENT)))

    def write_command(self, command: ArmCommand) -> None:
        """Send goals: positions of a follower and its gripper, currents of a driven leader."""
        if self.leads:
            if self.driven:
                self._write_currents(command.values)
            return
        goals = {servo.id: servo.to_pulses(float(value))
                 for servo, value in zip(self._kind.joints, command.values)}
        if self._gripper is not None and command.gripper == command.gripper:
            goals[self._gripper.servo.id] = self._gripper.goal(command.gripper)
            self._limit_grip(command.gripper_max_effort)
        self._aim(goals)

    def _aim(self, goals: dict[int, int]) -> None:
        """Goal positions, within the ends that the servos themselves know."""
        self.bus.write_group(table.GOAL_POSITION, {
            id_: min(max(goal, self._ends[id_][0]), self._ends[id_][1])
            for id_, goal in goals.items()})

    def _limit_grip(self, effort: float) -> None:
        id_ = self._gripper.servo.id
        place = self.motion.value(id_, table.PRESENT_POSITION)
        current = min(self._gripper.current(effort, place), self._current_limit[id_])
        if current != self._current_goal:
            self.bus.write_group(table.GOAL_CURRENT, {id_: current})
            self._current_goal = current

    def _write_currents(self, torques: np.ndarray) -> None:
        currents = {}
        for servo, torque in zip(self._kind.joints, torques):
            if self._mode(servo) is not None:
                most = self._current_limit[servo.id]
                share = float(torque) / (
                    len(servo.ids) * servo.ratio * servo.data_sheet.torque_unit)
                currents[servo.id] = min(max(round(share), -most), most)
        self.bus.write_group(table.GOAL_CURRENT, currents)

    # ---- its health

    def alerts(self) -> list[int]:
        """Ids whose newest answer says that something is wrong."""
        return [id_ for id_, alert in self.motion.alerts.items() if alert]

    def hardware_errors(self, ids: Iterable[int]) -> dict[int, HardwareErrorBit]:
        """Why servos shut down, by id; those that are well are left out."""
        errors = {id_: HardwareErrorBit(self.bus.read(id_, table.HARDWARE_ERROR_STATUS))
                  for id_ in ids}
        return {id_: error for id_, error in errors.items() if error}

    def read_health(self) -> None:
        """Read temperature and voltage of every servo."""
        self.bus.read_group(self._health)
        for id_ in self.ids:
            self.temperature[id_] = self._health.value(id_, table.PRESENT_TEMPERATURE)
            self.voltage[id_] = table.VOLTAGE * self._health.value(
                id_, table.PRESENT_INPUT_VOLTAGE)

    def too_hot(self) -> str:
        """Which servo nears its own limit, or ''."""
        for id_, temperature in self.temperature.items():
            if temperature > self._temperature_limit[id_] - self._wiring.temperature_margin:
                return (f'{self.called(id_)} is at {temperature} °C and shuts down at '
                        f'{self._temperature_limit[id_]} °C; let it cool')
        return ''

    def wrong_voltage(self) -> str:
        """Which servo has a voltage out of range, or ''."""
        low, high = self._wiring.min_voltage, self._wiring.max_voltage
        for id_, voltage in self.voltage.items():
            if not low <= voltage <= high:
                return (f'{self.called(id_)} is supplied with {voltage:.1f} V, not {low:g} to '
                        f'{high:g} V; look at the power supply and its cables')
        return ''

    def reboot(self, ids: Iterable[int]) -> None:
        """Reboot servos and wait until they answer; HardwareError names one that does not."""
        for id_ in ids:
            self.bus.reboot(id_)
        deadline = time.monotonic() + REBOOT_TIME
        waiting = list(ids)
        while waiting:
            waiting = self.bus.silent(waiting)
            if waiting and time.monotonic() > deadline:
                raise HardwareError(
                    f'{self.name}: {self.called(waiting[0])} did not come back from its reboot; '
                    'support the arm and switch its power off and on')
