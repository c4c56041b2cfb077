"""The list of entities that a launch file describes."""
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .launch_description_entity import LaunchDescriptionEntity

if TYPE_CHECKING:
    from .actions import DeclareLaunchArgument
    from .launch_context import LaunchContext

__all__ = ['LaunchDescription']


class LaunchDescription(LaunchDescriptionEntity):
    """Entities, visited in order."""

    def __init__(
        self, initial_entities: Iterable[LaunchDescriptionEntity] | None = None,
    ) -> None:
        self.__entities = list(initial_entities or [])

    @property
    def entities(self) -> list[LaunchDescriptionEntity]:
        """The entities of the description."""
        return self.__entities

    def add_entity(self, entity: LaunchDescriptionEntity) -> None:
        """Append an entity."""
        self.__entities.append(entity)

    def add_action(self, action: LaunchDescriptionEntity) -> None:
        """Append an action."""
        self.add_entity(action)

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the entities of the description."""
        return self.__entities

    def get_launch_arguments(
        self, conditional_inclusion: bool = False,
    ) -> list[DeclareLaunchArgument]:
        """Return every argument declared here and in includes, as far as known before running."""
        from .argument_survey import ArgumentSurvey
        return ArgumentSurvey(self, conditional=conditional_inclusion).arguments

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Return the entities to visit."""
        return self.__entities
