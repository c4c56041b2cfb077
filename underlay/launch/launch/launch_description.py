"""The list of entities that a launch file describes."""
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .launch_description_entity import LaunchDescriptionEntity
from .logging import get_logger

if TYPE_CHECKING:
    from .actions import DeclareLaunchArgument
    from .launch_context import LaunchContext

__all__ = ['LaunchDescription']


class LaunchDescription(LaunchDescriptionEntity):
    """Entities, visited in order; a `deprecated_reason` is logged as a warning then."""

    def __init__(
        self,
        initial_entities: Iterable[LaunchDescriptionEntity] | None = None,
        *,
        deprecated_reason: str | None = None,
    ) -> None:
        self.__entities = list(initial_entities or [])
        self.__deprecated_reason = deprecated_reason

    @property
    def entities(self) -> list[LaunchDescriptionEntity]:
        """The entities of the description."""
        return self.__entities

    @property
    def deprecated(self) -> bool:
        """Whether the description should no longer be used."""
        return self.__deprecated_reason is not None

    @property
    def deprecated_reason(self) -> str | None:
        """Why the description should no longer be used."""
        return self.__deprecated_reason

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
        if self.deprecated:
            get_logger('launch').warning(
                f'this launch description is deprecated: {self.deprecated_reason}')
        return self.__entities
