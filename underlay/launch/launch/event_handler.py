"""Event handlers: what is visited when an event matches."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .event import Event
from .launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from .launch_context import LaunchContext
    from .some_entities_type import SomeEntitiesType

__all__ = ['BaseEventHandler', 'EventHandler']


class BaseEventHandler:
    """Decides by a matcher whether an event concerns it; optionally reacts only once."""

    def __init__(
        self, *, matcher: Callable[[Event], bool], handle_once: bool = False,
    ) -> None:
        self.__matcher = matcher
        self.__handle_once = handle_once

    @property
    def handle_once(self) -> bool:
        """Whether the handler is unregistered after the first event it handles."""
        return self.__handle_once

    @property
    def handler_description(self) -> str:
        """What is done, in words."""
        return '<actions>'

    @property
    def matcher_description(self) -> str:
        """What is waited for, in words."""
        return '<matcher>'

    def matches(self, event: Event) -> bool:
        """Return whether `event` concerns this handler."""
        return self.__matcher(event)

    def describe(self) -> tuple[str, list[SomeEntitiesType]]:
        """Return the handler in words and the entities known to follow."""
        words = f'{type(self).__name__}({self.matcher_description}, {self.handler_description})'
        return words, []

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Expose `event` as `context.locals.event`; subclasses return what to visit."""
        context.extend_locals({'event': event})
        if self.handle_once:
            context.unregister_event_handler(self)


class EventHandler(BaseEventHandler):
    """Visits fixed entities when an event matches."""

    def __init__(
        self,
        *,
        matcher: Callable[[Event], bool],
        entities: SomeEntitiesType | None = None,
        handle_once: bool = False,
    ) -> None:
        super().__init__(matcher=matcher, handle_once=handle_once)
        self.__entities = _as_list(entities)

    @property
    def entities(self) -> list[LaunchDescriptionEntity]:
        """The entities visited when an event matches."""
        return self.__entities

    def describe(self) -> tuple[str, list[SomeEntitiesType]]:
        """Return the handler in words and its entities."""
        return super().describe()[0], self.entities

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Return the entities to visit."""
        super().handle(event, context)
        return self.entities


def _as_list(entities: SomeEntitiesType | None) -> list[LaunchDescriptionEntity]:
    if entities is None:
        return []
    return list(entities) if isinstance(entities, Iterable) else [entities]
