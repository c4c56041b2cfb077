"""States of a controller, with the numbers that RTDE gives them."""

from __future__ import annotations

import enum


class RobotMode(enum.IntEnum):
    """What the controller has done with the arm."""

    DISCONNECTED = 0
    POWER_OFF = 3
    POWER_ON = 4
    IDLE = 5
    RUNNING = 7


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


class RuntimeState(enum.IntEnum):
    """What the program does."""

    STOPPING = 0
    STOPPED = 1
    PLAYING = 2


_SAFETY_BIT = {SafetyMode.NORMAL: 0, SafetyMode.REDUCED: 1, SafetyMode.PROTECTIVE_STOP: 2,
               SafetyMode.RECOVERY: 3, SafetyMode.SAFEGUARD_STOP: 4,
               SafetyMode.SYSTEM_EMERGENCY_STOP: 5, SafetyMode.ROBOT_EMERGENCY_STOP: 6,
               SafetyMode.VIOLATION: 8, SafetyMode.FAULT: 9}
_EMERGENCY, _STOPPED = 7, 10


def safety_status_bits(mode: SafetyMode) -> int:
    """The bits that RTDE gives beside the safety mode."""
    bits = 1 << _SAFETY_BIT[mode]
    if mode in (SafetyMode.SYSTEM_EMERGENCY_STOP, SafetyMode.ROBOT_EMERGENCY_STOP):
        bits |= 1 << _EMERGENCY
    if mode not in (SafetyMode.NORMAL, SafetyMode.REDUCED):
        bits |= 1 << _STOPPED
    return bits
