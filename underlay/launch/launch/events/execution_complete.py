"""The event that an action is done."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..event import Event

if TYPE_CHECKING:
    from ..action import Action

__all__ = ['ExecutionComplete']


class ExecutionComplete(Event):
    """An action has finished its work."""

    name = 'launch.events.ExecutionComplete'

    def __init__(self, *, action: Action) -> None:
        self.__action = action

    @property
    def action(self) -> Action:
        """The action that is done."""
        return self.__action
