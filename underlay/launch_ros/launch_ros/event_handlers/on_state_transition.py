"""A reaction to a managed node's change of state."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from launch import BaseEventHandler, LaunchContext, LaunchDescriptionEntity, SomeEntitiesType
from launch.utilities import normalize_to_list_of_entities

from ..events.lifecycle import StateTransition

if TYPE_CHECKING:
    from ..actions.lifecycle_node import LifecycleNode

__all__ = ['OnStateTransition']


class OnStateTransition(BaseEventHandler):
    """Visits entities when a managed node goes through a transition or between given states."""

    def __init__(
        self,
        *,
        entities: SomeEntitiesType,
        target_lifecycle_node: LifecycleNode | None = None,
        transition: str | None = None,
        start_state: str | None = None,
        goal_state: str | None = None,
        matcher: Callable[[StateTransition], bool] | None = None,
        handle_once: bool = False,
    ) -> None:
        super().__init__(matcher=self.__concerns, handle_once=handle_once)
        self.__entities = normalize_to_list_of_entities(entities)
        self.__target = target_lifecycle_node
        self.__wanted = {
            'transition': transition, 'start_state': start_state, 'goal_state': goal_state}
        self.__matcher = matcher

    @property
    def entities(self) -> list[LaunchDescriptionEntity]:
        """What is visited."""
        return self.__entities

    def describe(self) -> tuple[str, list[SomeEntitiesType]]:
        """Return the handler in words and the entities that follow."""
        return super().describe()[0], self.__entities

    def handle(self, event: StateTransition, context: LaunchContext) -> SomeEntitiesType:
        """Return the entities to visit."""
        super().handle(event, context)
        return self.__entities

    def __concerns(self, event: StateTransition) -> bool:
        if not isinstance(event, StateTransition):
            return False
        if self.__target is not None and event.action is not self.__target:
            return False
        if self.__matcher is not None and not self.__matcher(event):
            return False
        return all(
            wanted is None or getattr(event, name) == wanted
            for name, wanted in self.__wanted.items())
