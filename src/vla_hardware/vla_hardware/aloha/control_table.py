"""The control table of Dynamixel X servos (protocol 2.0) and what their units mean.

Source: the control tables and data sheets of XM540-W270, XM430-W350 and XL430-W250 at
emanual.robotis.com; torque and speed at 12 V.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

__all__ = ['ALERT', 'MODELS', 'PULSES', 'HardwareErrorBit', 'OperatingMode', 'Register',
           'ServoModel', 'from_bytes']

PULSES = 4096  # one turn of the horn
CENTRE = 2048  # pulses at the angle 0
RADIANS = 2.0 * math.pi / PULSES  # in a pulse
SPEED = 0.229 * 2.0 * math.pi / 60.0  # rad/s in a unit of velocity
CURRENT = 2.69e-3  # A in a unit of current
LOAD = 1e-3  # share of the stall torque in a unit of load, where a servo measures no current
VOLTAGE = 0.1  # V
WATCHDOG = 0.020  # s
FULL_PWM = 885.0
GAIN_P = 1.0 / 128.0  # PWM units for a pulse of error, in a unit of the position P gain

ALERT = 0x80  # of a status packet's error byte: look at the hardware error status


@dataclass(frozen=True)
class Register:
    """One entry of the control table."""

    address: int
    size: int
    signed: bool = False

    @property
    def end(self) -> int:
        """Address of the byte behind it."""
        return self.address + self.size


MODEL_NUMBER = Register(0, 2)
FIRMWARE_VERSION = Register(6, 1)
RETURN_DELAY_TIME = Register(9, 1)
DRIVE_MODE = Register(10, 1)
OPERATING_MODE = Register(11, 1)
SECONDARY_ID = Register(12, 1)
HOMING_OFFSET = Register(20, 4, signed=True)
TEMPERATURE_LIMIT = Register(31, 1)
CURRENT_LIMIT = Register(38, 2)
MAX_POSITION_LIMIT = Register(48, 4)
MIN_POSITION_LIMIT = Register(52, 4)
TORQUE_ENABLE = Register(64, 1)
HARDWARE_ERROR_STATUS = Register(70, 1)
POSITION_D_GAIN = Register(80, 2)
POSITION_I_GAIN = Register(82, 2)
POSITION_P_GAIN = Register(84, 2)
BUS_WATCHDOG = Register(98, 1, signed=True)
GOAL_CURRENT = Register(102, 2, signed=True)
GOAL_POSITION = Register(116, 4, signed=True)
PRESENT_CURRENT = Register(126, 2, signed=True)  # load, where there is no current
PRESENT_VELOCITY = Register(128, 4, signed=True)
PRESENT_POSITION = Register(132, 4, signed=True)
PRESENT_INPUT_VOLTAGE = Register(144, 2)
PRESENT_TEMPERATURE = Register(146, 1)

REVERSED = 0x01  # of the drive mode
NO_SECONDARY_ID = 255


class OperatingMode(enum.IntEnum):
    """What a servo controls."""

    CURRENT = 0
    POSITION = 3
    CURRENT_BASED_POSITION = 5


class HardwareErrorBit(enum.IntFlag):
    """Why a servo shut its torque off."""

    INPUT_VOLTAGE = 1
    OVERHEATING = 4
    ENCODER = 8
    ELECTRICAL_SHOCK = 16
    OVERLOAD = 32


@dataclass(frozen=True)
class ServoModel:
    """A servo's number and data sheet at 12 V."""

    name: str
    number: int
    stall_torque: float  # N·m
    stall_current: float  # A
    no_load_speed: float  # rad/s
    measures_current: bool = True

    @property
    def torque_constant(self) -> float:
        """N·m in an ampere, friction and gear included."""
        return self.stall_torque / self.stall_current

    @property
    def torque_unit(self) -> float:
        """N·m in a unit of the present current or load."""
        if self.measures_current:
            return CURRENT * self.torque_constant
        return LOAD * self.stall_torque

    @property
    def damping(self) -> float:
        """N·m·s/rad by which the driven motor's back-EMF brakes it."""
        return self.stall_torque / self.no_load_speed

    def stiffness(self, p_gain: float) -> float:
        """N·m/rad of the firmware's position control with this P gain, at the horn."""
        return self.stall_torque * p_gain * GAIN_P / RADIANS / FULL_PWM


MODELS = {model.name: model for model in (
    ServoModel('XM540-W270', 1120, 10.6, 4.4, 30.0 * 2.0 * math.pi / 60.0),
    ServoModel('XM430-W350', 1020, 4.1, 2.3, 46.0 * 2.0 * math.pi / 60.0),
    ServoModel('XL430-W250', 1060, 1.5, 1.4, 61.0 * 2.0 * math.pi / 60.0, measures_current=False),
)}


def from_bytes(data: bytes | bytearray | list[int], register: Register, start: int) -> int:
    """The value of a register in `data`, whose first byte has the address `start`."""
    begin = register.address - start
    return int.from_bytes(
        bytes(data[begin:begin + register.size]), 'little', signed=register.signed)
