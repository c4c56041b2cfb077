"""Controllers: each wires one law to the targets of one arm. A registry knows their types."""

from .controller import ArmContext, Controller, ControllerError
from .registry import CONTROLLERS, controller_class

__all__ = ['CONTROLLERS', 'ArmContext', 'Controller', 'ControllerError', 'controller_class']
