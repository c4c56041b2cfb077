"""Control tables of three X servos: address, size, first value, range, where it lies.

Source: emanual.robotis.com, XM540-W270, XM430-W350 and XL430-W250, as far as a robot uses them.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ['SERVOS', 'Entry', 'Kind']


@dataclass(frozen=True)
class Entry:
    """One register; `low` and `high` bound what may be written."""

    name: str
    address: int
    size: int
    value: int = 0
    low: int = 0
    high: int = 0
    eeprom: bool = False
    writable: bool = True
    signed: bool = False


def _read_only(name: str, address: int, size: int, value: int = 0, signed: bool = False) -> Entry:
    return Entry(name, address, size, value, writable=False, signed=signed)


def _eeprom(name: str, address: int, size: int, value: int, low: int, high: int,
            signed: bool = False) -> Entry:
    return Entry(name, address, size, value, low, high, eeprom=True, signed=signed)


def _ram(name: str, address: int, size: int, value: int, low: int, high: int,
         signed: bool = False) -> Entry:
    return Entry(name, address, size, value, low, high, signed=signed)


COMMON = (
    _read_only('firmware_version', 6, 1, 45),
    _eeprom('id', 7, 1, 1, 0, 252),
    _eeprom('baud_rate', 8, 1, 3, 0, 7),
    _eeprom('return_delay_time', 9, 1, 250, 0, 254),
    _eeprom('drive_mode', 10, 1, 0, 0, 13),
    _eeprom('operating_mode', 11, 1, 3, 0, 16),
    _eeprom('secondary_id', 12, 1, 255, 0, 255),
    _eeprom('protocol_type', 13, 1, 2, 1, 2),
    _eeprom('homing_offset', 20, 4, 0, -1044479, 1044479, signed=True),
    _eeprom('pwm_limit', 36, 2, 885, 0, 885),
    _eeprom('max_position_limit', 48, 4, 4095, 0, 4095),
    _eeprom('min_position_limit', 52, 4, 0, 0, 4095),
    _eeprom('shutdown', 63, 1, 52, 0, 255),
    _ram('torque_enable', 64, 1, 0, 0, 1),
    _ram('led', 65, 1, 0, 0, 1),
    _ram('status_return_level', 68, 1, 2, 0, 2),
    _read_only('hardware_error_status', 70, 1),
    _ram('position_d_gain', 80, 2, 0, 0, 16383),
    _ram('position_i_gain', 82, 2, 0, 0, 16383),
    _ram('position_p_gain', 84, 2, 800, 0, 16383),
    _ram('bus_watchdog', 98, 1, 0, -1, 127, signed=True),
    _ram('goal_pwm', 100, 2, 885, -885, 885, signed=True),
    _ram('goal_velocity', 104, 4, 0, -1023, 1023, signed=True),
    _ram('profile_acceleration', 108, 4, 0, 0, 32767),
    _ram('profile_velocity', 112, 4, 0, 0, 32767),
    _ram('goal_position', 116, 4, 2048, -1048575, 1048575, signed=True),
    _read_only('realtime_tick', 120, 2),
    _read_only('moving', 122, 1),
    _read_only('present_pwm', 124, 2, signed=True),
    _read_only('present_velocity', 128, 4, signed=True),
    _read_only('present_position', 132, 4, 2048, signed=True),
    _read_only('present_input_voltage', 144, 2, 120),
    _read_only('present_temperature', 146, 1, 35),
)


@dataclass(frozen=True)
class Kind:
    """A servo: data sheet at 12 V (N·m, A, rad/s) and control table by address."""

    name: str
    stall_torque: float
    stall_current: float
    no_load_speed: float
    modes: tuple[int, ...]
    table: tuple[Entry, ...]

    @property
    def controls_current(self) -> bool:
        """Whether it measures and controls its current."""
        return 0 in self.modes


def _kind(
    name: str, number: int, stall_torque: float, stall_current: float, rpm: float,
    modes: tuple[int, ...], temperature_limit: int, velocity_limit: int,
    current_limit: int | None, voltages: tuple[int, int],
) -> Kind:
    own = [
        _read_only('model_number', 0, 2, number),
        _eeprom('temperature_limit', 31, 1, temperature_limit, 0, 100),
        _eeprom('max_voltage_limit', 32, 2, voltages[1], 60, 160),
        _eeprom('min_voltage_limit', 34, 2, voltages[0], 60, 160),
        _eeprom('velocity_limit', 44, 4, velocity_limit, 0, 1023),
    ]
    if current_limit is not None:
        own += [_eeprom('current_limit', 38, 2, current_limit, 0, current_limit),
                _ram('goal_current', 102, 2, 0, -current_limit, current_limit, signed=True),
                _read_only('present_current', 126, 2, signed=True)]
    else:
        own.append(_read_only('present_load', 126, 2, signed=True))
    table = tuple(sorted((*COMMON, *own), key=lambda entry: entry.address))
    return Kind(name, stall_torque, stall_current, rpm * 0.10471975511965977, modes, table)


SERVOS = {kind.name: kind for kind in (
    _kind('XM540-W270', 1120, 10.6, 4.4, 30.0, (0, 1, 3, 4, 5, 16), 80, 128, 2047, (95, 160)),
    _kind('XM430-W350', 1020, 4.1, 2.3, 46.0, (0, 1, 3, 4, 5, 16), 80, 200, 1193, (95, 160)),
    _kind('XL430-W250', 1060, 1.5, 1.4, 61.0, (1, 3, 4, 16), 72, 265, None, (60, 140)),
)}
