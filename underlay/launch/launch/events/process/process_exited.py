"""The event that a process has ended."""
from typing import Any

from .running_process_event import RunningProcessEvent

__all__ = ['ProcessExited']


class ProcessExited(RunningProcessEvent):
    """A process has ended; `returncode` is negative for the number of a fatal signal."""

    name = 'launch.events.process.ProcessExited'

    def __init__(self, *, returncode: int, **details: Any) -> None:
        super().__init__(**details)
        self.__returncode = returncode

    @property
    def returncode(self) -> int:
        """The exit code."""
        return self.__returncode
