"""The base of events that ask processes for something."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...event import Event

if TYPE_CHECKING:
    from ...actions.execute_process import ExecuteProcess

__all__ = ['ProcessTargetedEvent']


class ProcessTargetedEvent(Event):
    """Asks something of the processes whose action `process_matcher` accepts."""

    name = 'launch.events.process.ProcessTargetedEvent'

    def __init__(self, *, process_matcher: Callable[[ExecuteProcess], bool]) -> None:
        self.__process_matcher = process_matcher

    @property
    def process_matcher(self) -> Callable[[ExecuteProcess], bool]:
        """Tells whether the process of an action is meant."""
        return self.__process_matcher
