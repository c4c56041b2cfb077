"""A reaction to the end of the launch."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..event_handler import BaseEventHandler
from ..events.shutdown import Shutdown
from ..utilities import normalize_to_list_of_entities

if TYPE_CHECKING:
    from ..launch_context import LaunchContext
    from ..some_entities_type import SomeEntitiesType

__all__ = ['OnShutdown']


class OnShutdown(BaseEventHandler):
    """Reacts when the launch ends, by entities or a callable `(event, context)`."""

    def __init__(
        self,
        *,
        on_shutdown: (
            SomeEntitiesType | Callable[[Shutdown, LaunchContext], SomeEntitiesType | None]
        ),
        handle_once: bool = False,
    ) -> None:
        super().__init__(
            matcher=lambda event: isinstance(event, Shutdown), handle_once=handle_once)
        self.__on_shutdown = (
            on_shutdown if callable(on_shutdown) else normalize_to_list_of_entities(on_shutdown))

    @property
    def matcher_description(self) -> str:
        """The event waited for."""
        return 'event == Shutdown'

    def describe(self) -> tuple[str, list[SomeEntitiesType]]:
        """Return the handler in words and the entities known to follow."""
        return super().describe()[0], [] if callable(self.__on_shutdown) else self.__on_shutdown

    def handle(self, event: Shutdown, context: LaunchContext) -> SomeEntitiesType | None:
        """Return the entities to visit."""
        super().handle(event, context)
        if callable(self.__on_shutdown):
            return self.__on_shutdown(event, context)
        return self.__on_shutdown
