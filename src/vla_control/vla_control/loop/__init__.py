"""The real-time loop in a process of its own, and the client that speaks to it."""

from .client import ArmView, LoopClient, LoopDied, LoopError, LoopState
from .configuration import LoopConfiguration, RealTime

__all__ = ['ArmView', 'LoopClient', 'LoopConfiguration', 'LoopDied', 'LoopError', 'LoopState',
           'RealTime']
