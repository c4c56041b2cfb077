"""The base of all that a launch description may hold."""
from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext

__all__ = ['LaunchDescriptionEntity']


class LaunchDescriptionEntity:
    """Something that is visited while a launch description is worked through."""

    def describe(self) -> str:
        """Return how this entity reads in a listing."""
        return f'{type(self).__name__}'

    def describe_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the entities that are always visited with this one."""
        return []

    def describe_conditional_sub_entities(
        self,
    ) -> list[tuple[str, Iterable[LaunchDescriptionEntity]]]:
        """Return (condition in words, entities) of what is visited only in some cases."""
        return []

    def visit(self, context: LaunchContext) -> list[LaunchDescriptionEntity] | None:
        """Take effect, and return the entities to visit next."""
        raise NotImplementedError(f'{type(self).__name__} does not define visit()')

    def get_asyncio_future(self) -> asyncio.Future | None:
        """Return the future that ends when this entity's work has ended, if it takes time."""
        return None
