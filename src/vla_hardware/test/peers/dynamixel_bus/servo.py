"""One servo: its memory, what it takes and refuses, and the firmware that drives its motor."""

from __future__ import annotations

import math
import time

from .control_table import Entry, Kind

__all__ = ['Motor', 'Servo']

RADIANS = 2.0 * math.pi / 4096.0
SPEED = 0.229 * 2.0 * math.pi / 60.0
CURRENT = 2.69e-3
RESULT_FAIL, INSTRUCTION, RANGE, LENGTH, LIMIT, ACCESS = 1, 2, 4, 5, 6, 7
ALERT = 0x80
VOLTAGE, OVERHEATING, OVERLOAD = 1, 4, 32
CURRENT_MODE, POSITION, EXTENDED_POSITION, CURRENT_POSITION = 0, 3, 4, 5
REBOOT_TIME = 0.4  # s in which a servo that starts hears nothing
AMBIENT, WARMING, COOLING = 35.0, 3.0, 0.01  # °C, K/s at the stall current, 1/s
OVERLOAD_TIME = 1.5  # s at the full PWM without turning


class Motor:
    """What physics and firmware share: torque out, angle and speed in, all at the horn.

    The torque is `effort` − `damping` · speed, cut at ± `limit`: the firmware sets the three, the
    physics applies them.
    """

    def __init__(self) -> None:
        self.angle = 0.0
        self.speed = 0.0
        self.torque = 0.0  # what it gave last
        self.effort = self.damping = 0.0
        self.limit = math.inf


class Servo:
    """A servo of some kind under its id. `offset` is how far its horn is mounted askew, pulses."""

    def __init__(self, kind: Kind, id_: int, settings: dict[str, int], offset: int = 0) -> None:
        self.kind = kind
        self.motor = Motor()
        self._offset = offset
        self._entries: dict[str, Entry] = {entry.name: entry for entry in kind.table}
        self._memory = bytearray(662)
        self._values: dict[str, int] = {}
        self._settings = {'id': id_, **settings}
        self._heard = time.monotonic()
        self.restore()

    def restore(self) -> None:
        """As it was built in: nothing is wrong with it, and it has just been switched on."""
        self.present, self.supply, self.temperature = True, 12.0, AMBIENT
        for entry in self.kind.table:
            self._store(entry.name, entry.value)
        for name, value in self._settings.items():
            self._store(name, value)
        self.reboot()

    # ---- memory

    def value(self, name: str) -> int:
        """A register by name."""
        return self._values[name]

    def _store(self, name: str, value: int) -> None:
        if self._values.get(name) == value:
            return
        self._values[name] = value
        entry = self._entries[name]
        self._memory[entry.address:entry.address + entry.size] = (
            value & ((1 << 8 * entry.size) - 1)).to_bytes(entry.size, 'little')

    @property
    def id(self) -> int:
        """Its own id."""
        return self.value('id')

    @property
    def alive(self) -> bool:
        """Whether it hears the bus."""
        return self.present and time.monotonic() >= self._starts_at

    @property
    def alert(self) -> int:
        """The alert bit of its answers."""
        return ALERT if self.value('hardware_error_status') else 0

    def obeys(self, id_: int) -> bool:
        """Whether an instruction to this id is carried out, by its own or its secondary id."""
        return self.alive and id_ in (self.id, self.value('secondary_id'))

    def hear(self) -> None:
        """Any instruction on the bus winds up the watchdog."""
        self._heard = time.monotonic()

    def read(self, address: int, size: int) -> tuple[int, bytes]:
        """Error and bytes."""
        if address + size > len(self._memory):
            return ACCESS, b''
        self._refresh()
        return 0, bytes(self._memory[address:address + size])

    def write(self, address: int, data: bytes) -> int:
        """Write whole registers; the error number where one is refused, before anything changes."""
        end, writes = address + len(data), []
        while address < end:
            entry = next((e for e in self.kind.table if e.address == address), None)
            if entry is None or address + entry.size > end:
                return ACCESS
            raw = data[:entry.size]
            data = data[entry.size:]
            value = int.from_bytes(raw, 'little', signed=entry.signed)
            if error := self._refusal(entry, value):
                return error
            writes.append((entry.name, value))
            address += entry.size
        for name, value in writes:
            self._set(name, value)
        return 0

    def _refusal(self, entry: Entry, value: int) -> int:
        if not entry.writable or (entry.eeprom and self.value('torque_enable')):
            return ACCESS
        if not entry.low <= value <= entry.high:
            return RANGE
        if entry.name == 'operating_mode' and value not in self.kind.modes:
            return RANGE
        if entry.name == 'torque_enable' and value and self.alert:
            return ACCESS
        if entry.name.startswith('goal_') and self.value('bus_watchdog') == -1:
            return RANGE
        if entry.name == 'goal_current' and abs(value) > self.value('current_limit'):
            return LIMIT
        if entry.name == 'goal_position' and self.value('operating_mode') == POSITION and not (
                self.value('min_position_limit') <= value <= self.value('max_position_limit')):
            return LIMIT
        return 0

    def _set(self, name: str, value: int) -> None:
        if name == 'operating_mode' and value != self.value(name):
            for gain, first in (('p', 800), ('i', 0), ('d', 0)):
                self._store(f'position_{gain}_gain', first)
        if name == 'torque_enable' and value and not self.value(name):
            self._refresh()
            self._store('goal_position', self.value('present_position'))
        self._store(name, value)

    def reboot(self) -> None:
        """Start anew: torque off, RAM as after power-on, errors gone."""
        for entry in self.kind.table:
            if not entry.eeprom and entry.writable:
                self._store(entry.name, entry.value)
        self._store('hardware_error_status', 0)
        if self.kind.controls_current:
            self._store('goal_current', self.value('current_limit'))
        self._saturated = 0.0
        self._starts_at = time.monotonic() + REBOOT_TIME

    def _refresh(self) -> None:
        motor = self.motor
        self._store('present_position', round(self._to_pulses(motor.angle)))
        self._store('present_velocity', round(self._sign * motor.speed / SPEED))
        share = self._sign * motor.torque / self.kind.stall_torque
        if self.kind.controls_current:
            self._store('present_current', round(share * self.kind.stall_current / CURRENT))
        else:
            self._store('present_load', round(1000.0 * share))
        self._store('present_input_voltage', round(10.0 * self.supply))
        self._store('present_temperature', round(self.temperature))
        self._store('realtime_tick', round(1e3 * time.monotonic()) % 32768)

    # ---- firmware

    @property
    def _sign(self) -> int:
        return -1 if self.value('drive_mode') & 1 else 1

    def _to_pulses(self, angle: float) -> float:
        return self._sign * (angle / RADIANS + self._offset) + 2048.0 + self.value('homing_offset')

    def control(self, dt: float) -> None:
        """One period of the firmware: set the motor, watch the bus, the load and the heat."""
        motor, kind = self.motor, self.kind
        error = self.value('hardware_error_status')
        if self.supply * 10.0 < self.value('min_voltage_limit') or \
                self.supply * 10.0 > self.value('max_voltage_limit'):
            error |= VOLTAGE
        if self.temperature > self.value('temperature_limit'):
            error |= OVERHEATING
        watchdog = self.value('bus_watchdog')
        if watchdog > 0 and self.value('torque_enable') and \
                time.monotonic() - self._heard > 0.020 * watchdog:
            self._store('bus_watchdog', -1)
        if not self.alive or not self.value('torque_enable'):
            motor.effort = motor.damping = 0.0
            motor.limit = 0.0
            self._saturated = 0.0
        else:
            self._drive(motor, kind)
            most = 0.99 * kind.stall_torque * self.supply / 12.0
            pressed = min(abs(motor.effort), motor.limit) >= most
            still = abs(motor.speed) < 0.05 * kind.no_load_speed
            self._saturated = self._saturated + dt if pressed and still else 0.0
            if self._saturated > OVERLOAD_TIME:
                error |= OVERLOAD
        load = abs(motor.torque) / kind.stall_torque
        self.temperature += dt * (
            WARMING * load**2 - COOLING * (self.temperature - AMBIENT))
        self._store('hardware_error_status', error)
        if error & self.value('shutdown'):
            self._store('torque_enable', 0)

    def _drive(self, motor: Motor, kind: Kind) -> None:
        mode, stopped = self.value('operating_mode'), self.value('bus_watchdog') == -1
        torque_constant = kind.stall_torque / kind.stall_current
        if mode == CURRENT_MODE:
            current = 0 if stopped else self.value('goal_current')
            motor.effort = self._sign * current * CURRENT * torque_constant
            motor.damping, motor.limit = 0.0, kind.stall_torque
            return
        most = self.value('pwm_limit') / 885.0
        gap = self.value('goal_position') - self._to_pulses(motor.angle)
        share = self.value('position_p_gain') / 128.0 * gap / 885.0
        share -= self.value('position_d_gain') / 16.0 * 1e-3 * (
            self._sign * motor.speed / RADIANS) / 885.0
        share = min(max(share, -most), most)
        motor.effort = self._sign * share * kind.stall_torque * self.supply / 12.0
        motor.damping = kind.stall_torque / kind.no_load_speed
        motor.limit = kind.stall_torque
        if mode == CURRENT_POSITION:
            motor.limit = abs(self.value('goal_current')) * CURRENT * torque_constant

    def trip(self, bits: int) -> None:
        """Fail as by itself, for tests."""
        self._store('hardware_error_status', self.value('hardware_error_status') | bits)
        if bits & self.value('shutdown'):
            self._store('torque_enable', 0)
