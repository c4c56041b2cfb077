"""The base of everything whose text is known only once the launch runs."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .launch_context import LaunchContext

__all__ = ['Substitution']


class Substitution:
    """Text that is worked out against a launch context."""

    def describe(self) -> str:
        """Return how this substitution reads in a listing."""
        return f'{type(self).__name__}()'

    def perform(self, context: LaunchContext) -> str:
        """Return the text in `context`."""
        raise NotImplementedError(f'{type(self).__name__} does not define perform()')
