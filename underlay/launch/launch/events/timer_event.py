"""The event that a timer has run out."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..event import Event

if TYPE_CHECKING:
    from ..actions.timer_action import TimerAction

__all__ = ['TimerEvent']


class TimerEvent(Event):
    """The period of a timer has passed."""

    name = 'launch.events.TimerEvent'

    def __init__(self, *, timer_action: TimerAction) -> None:
        self.__timer_action = timer_action

    @property
    def timer_action(self) -> TimerAction:
        """The timer that has run out."""
        return self.__timer_action
