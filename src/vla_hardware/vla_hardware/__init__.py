"""One hardware interface and its plug-ins. No ROS in the interface."""

from .interface import (
    ArmCapabilities,
    ArmCommand,
    ArmState,
    ControlMode,
    Fault,
    FaultCode,
    HardwareError,
    HardwareInterface,
    RobotCommand,
    RobotState,
)
from .registry import available_plugins, create, plugin_name

__all__ = [
    'ArmCapabilities',
    'ArmCommand',
    'ArmState',
    'ControlMode',
    'Fault',
    'FaultCode',
    'HardwareError',
    'HardwareInterface',
    'RobotCommand',
    'RobotState',
    'available_plugins',
    'create',
    'plugin_name',
]
