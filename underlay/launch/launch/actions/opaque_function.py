"""Call a function."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..utilities import normalize_to_list_of_entities

__all__ = ['OpaqueFunction']


class OpaqueFunction(Action):
    """Calls `function(context, *args, **kwargs)` and visits the entities it may return."""

    def __init__(
        self,
        *,
        function: Callable[..., Iterable[LaunchDescriptionEntity] | None],
        args: Iterable[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        **left_over_kwargs: Any,
    ) -> None:
        super().__init__(**left_over_kwargs)
        if not callable(function):
            raise TypeError(f'OpaqueFunction: {function!r} cannot be called')
        self.__function = function
        self.__args = tuple(args or ())
        self.__kwargs = dict(kwargs or {})

    def describe(self) -> str:
        """Return the name of the function."""
        return f'OpaqueFunction({getattr(self.__function, "__name__", self.__function)})'

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        """Call the function and return the entities it returned."""
        return normalize_to_list_of_entities(
            self.__function(context, *self.__args, **self.__kwargs))
