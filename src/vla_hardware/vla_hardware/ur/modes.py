"""States of a UR controller and what they mean for whoever drives it.

Numbers are those of `robot_mode`, `safety_mode` and `robot_status_bits` in the maker's RTDE guide.
"""

from __future__ import annotations

import enum

from vla_hardware.interface import Fault, FaultCode

__all__ = ['ProgramState', 'RobotMode', 'SafetyMode', 'fault_of', 'name_of']


class RobotMode(enum.IntEnum):
    """What the controller has done with the arm."""

    NO_CONTROLLER = -1
    DISCONNECTED = 0
    CONFIRM_SAFETY = 1
    BOOTING = 2
    POWER_OFF = 3
    POWER_ON = 4
    IDLE = 5
    BACKDRIVE = 6
    RUNNING = 7
    UPDATING_FIRMWARE = 8


class SafetyMode(enum.IntEnum):
    """What the safety system allows."""

    NORMAL = 1
    REDUCED = 2
    PROTECTIVE_STOP = 3
    RECOVERY = 4
    SAFEGUARD_STOP = 5
    SYSTEM_EMERGENCY_STOP = 6
    ROBOT_EMERGENCY_STOP = 7
    VIOLATION = 8
    FAULT = 9
    VALIDATE_JOINT_ID = 10
    UNDEFINED = 11
    AUTOMATIC_MODE_SAFEGUARD_STOP = 12
    THREE_POSITION_ENABLING_STOP = 13


class ProgramState(enum.IntFlag):
    """Bits of `robot_status_bits` that count here."""

    POWERED = 1
    RUNNING = 2


_EMERGENCY = ('the emergency stop is pressed: release it, power the arm on and release its brakes, '
              'then recover')
_SAFEGUARD = 'a safeguard or enabling device stops the arm: clear it, then recover'
_SAFETY: dict[int, tuple[FaultCode, str]] = {
    SafetyMode.PROTECTIVE_STOP: (
        FaultCode.PROTECTIVE_STOP,
        'protective stop: look what the arm has met, wait 5 s, then recover'),
    SafetyMode.RECOVERY: (
        FaultCode.LIMIT_VIOLATION,
        'recovery mode: move the arm inside its safety limits by the pendant, then recover'),
    SafetyMode.SAFEGUARD_STOP: (FaultCode.USER_STOP, _SAFEGUARD),
    SafetyMode.AUTOMATIC_MODE_SAFEGUARD_STOP: (FaultCode.USER_STOP, _SAFEGUARD),
    SafetyMode.THREE_POSITION_ENABLING_STOP: (FaultCode.USER_STOP, _SAFEGUARD),
    SafetyMode.SYSTEM_EMERGENCY_STOP: (FaultCode.EMERGENCY_STOP, _EMERGENCY),
    SafetyMode.ROBOT_EMERGENCY_STOP: (FaultCode.EMERGENCY_STOP, _EMERGENCY),
    SafetyMode.VIOLATION: (
        FaultCode.LIMIT_VIOLATION,
        'a safety limit was violated: restart the safety system on the pendant, then recover'),
    SafetyMode.FAULT: (
        FaultCode.INTERNAL,
        'the safety system has a fault: see the log on the pendant, restart it, then recover'),
}


def name_of(kind: type[enum.IntEnum], number: int) -> str:
    """The maker's name of a state, or its number."""
    try:
        return kind(number).name
    except ValueError:
        return str(number)


def fault_of(robot_mode: int, safety_mode: int) -> Fault | None:
    """Why the arm does not follow commands in these modes, if it does not."""
    if safety_mode not in (SafetyMode.NORMAL, SafetyMode.REDUCED):
        code, text = _SAFETY.get(safety_mode, (
            FaultCode.INTERNAL, f'safety mode {name_of(SafetyMode, safety_mode)}: see the pendant'))
        return Fault(code, text)
    if robot_mode != RobotMode.RUNNING:
        return Fault(
            FaultCode.WRONG_MODE, f'the robot is in mode {name_of(RobotMode, robot_mode)}: power '
            'it on and release its brakes, on the pendant or by the request power_on, then recover')
    return None
