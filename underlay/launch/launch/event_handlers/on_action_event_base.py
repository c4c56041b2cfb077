"""The base of handlers for events of an action."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..event import Event
from ..event_handler import BaseEventHandler
from ..utilities import normalize_to_list_of_entities

if TYPE_CHECKING:
    from ..action import Action
    from ..launch_context import LaunchContext
    from ..some_entities_type import SomeEntitiesType

__all__ = ['OnActionEventBase']


class OnActionEventBase(BaseEventHandler):
    """
    Reacts to one kind of event of one action, of those a predicate accepts, or of any.

    The reaction is launch entities or a callable `(event, context)` that may return some.
    """

    def __init__(
        self,
        *,
        action_matcher: Callable[[Action], bool] | Action | None,
        on_event: SomeEntitiesType | Callable[[Event, LaunchContext], SomeEntitiesType | None],
        target_event_cls: type[Event],
        handle_once: bool = False,
    ) -> None:
        super().__init__(matcher=self.__concerns, handle_once=handle_once)
        self.__target = action_matcher
        self.__event_cls = target_event_cls
        self.__on_event = (
            on_event if callable(on_event) else normalize_to_list_of_entities(on_event))

    @property
    def matcher_description(self) -> str:
        """The kind of event waited for."""
        return f'event == {self.__event_cls.__name__}'

    def describe(self) -> tuple[str, list[SomeEntitiesType]]:
        """Return the handler in words and the entities known to follow."""
        return super().describe()[0], [] if callable(self.__on_event) else self.__on_event

    def handle(self, event: Event, context: LaunchContext) -> SomeEntitiesType | None:
        """Return the entities to visit."""
        super().handle(event, context)
        return self.__on_event(event, context) if callable(self.__on_event) else self.__on_event

    def __concerns(self, event: Event) -> bool:
        if not isinstance(event, self.__event_cls):
            return False
        if self.__target is None or event.action is self.__target:
            return True
        return callable(self.__target) and self.__target(event.action)
