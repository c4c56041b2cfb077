"""Unregister an event handler."""
from typing import Any

from ..action import Action
from ..event_handler import BaseEventHandler
from ..launch_context import LaunchContext

__all__ = ['UnregisterEventHandler']


class UnregisterEventHandler(Action):
    """Removes a registered event handler."""

    def __init__(self, event_handler: BaseEventHandler, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.__event_handler = event_handler

    @property
    def event_handler(self) -> BaseEventHandler:
        """The event handler."""
        return self.__event_handler

    def execute(self, context: LaunchContext) -> None:
        """Unregister the event handler."""
        context.unregister_event_handler(self.event_handler)
