"""Launch descriptions in words."""
from __future__ import annotations

from collections.abc import Iterable

from .actions.include_launch_description import IncludeLaunchDescription
from .launch_description import LaunchDescription
from .launch_description_entity import LaunchDescriptionEntity
from .trial_context import TrialContext

__all__ = ['LaunchIntrospector']

_INDENT = '    '


class LaunchIntrospector:
    """Prints a launch description as a tree."""

    def format_launch_description(self, launch_description: LaunchDescription) -> str:
        """Return the tree, one entity a line."""
        self._context = TrialContext()
        return '\n'.join(self._lines([launch_description]))

    def _lines(self, entities: Iterable[LaunchDescriptionEntity]) -> Iterable[str]:
        for entity in entities:
            yield entity.describe()
            yield from self._indented(self._below(entity))
            for condition, group in entity.describe_conditional_sub_entities():
                yield f'{_INDENT}when {condition}:'
                yield from self._indented(self._indented(self._lines(group)))

    def _below(self, entity: LaunchDescriptionEntity) -> Iterable[str]:
        if isinstance(entity, IncludeLaunchDescription):
            included = entity._predict(self._context)
            return [] if included is None else self._lines([included])
        return self._lines(entity.describe_sub_entities())

    def _indented(self, lines: Iterable[str]) -> Iterable[str]:
        return (_INDENT + line for line in lines)
