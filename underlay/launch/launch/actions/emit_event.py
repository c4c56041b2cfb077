"""Emit an event."""
from typing import Any

from ..action import Action
from ..event import Event
from ..launch_context import LaunchContext

__all__ = ['EmitEvent']


class EmitEvent(Action):
    """Emits an event."""

    def __init__(self, *, event: Event, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(event, Event):
            raise TypeError(f'EmitEvent: event must be an Event, not {type(event).__name__}')
        self.__event = event

    @property
    def event(self) -> Event:
        """The event."""
        return self.__event

    def describe(self) -> str:
        """Return the event's name."""
        return f'EmitEvent({self.event.name})'

    def execute(self, context: LaunchContext) -> None:
        """Emit the event."""
        context.emit_event_sync(self.event)
