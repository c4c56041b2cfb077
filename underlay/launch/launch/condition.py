"""The base of all conditions."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext

__all__ = ['Condition']


class Condition:
    """A predicate on the launch context."""

    def __init__(self, *, predicate: Callable[[LaunchContext], bool]) -> None:
        self._predicate = predicate

    def describe(self) -> str:
        """Return how this condition reads in a listing."""
        return f'{type(self).__name__}'

    def evaluate(self, context: LaunchContext) -> bool:
        """Return whether the condition holds in `context`."""
        return self._predicate(context)
