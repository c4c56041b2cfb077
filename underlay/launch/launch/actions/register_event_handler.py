"""Register an event handler."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..action import Action
from ..event_handler import BaseEventHandler
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity

__all__ = ['RegisterEventHandler']


class RegisterEventHandler(Action):
    """Registers an event handler from here on."""

    def __init__(self, event_handler: BaseEventHandler, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.__event_handler = event_handler

    @property
    def event_handler(self) -> BaseEventHandler:
        """The event handler."""
        return self.__event_handler

    def describe(self) -> str:
        """Return the event handler in words."""
        return f'RegisterEventHandler({self.event_handler.describe()[0]})'

    def describe_conditional_sub_entities(
        self,
    ) -> list[tuple[str, Iterable[LaunchDescriptionEntity]]]:
        """Return what follows when the event comes."""
        words, entities = self.event_handler.describe()
        return [(words, entities)] if entities else []

    def execute(self, context: LaunchContext) -> None:
        """Register the event handler."""
        context.register_event_handler(self.event_handler)
