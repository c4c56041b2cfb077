"""Declare an argument of a launch file."""
from __future__ import annotations

from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = ['DeclareLaunchArgument']


class DeclareLaunchArgument(Action):
    """Sets a launch configuration to its default unless it is set; checks it either way."""

    def __init__(
        self,
        name: str,
        *,
        default_value: SomeSubstitutionsType | None = None,
        description: str | None = None,
        choices: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.__name = name
        self.__default_value = (
            None if default_value is None else normalize_to_list_of_substitutions(default_value))
        self.__choices = None if choices is None else list(choices)
        self.__description = _describe(description, self.__choices)
        self._conditionally_included = False
        if self.__choices == []:
            raise RuntimeError(f'launch argument {name!r}: the list of choices is empty')
        if isinstance(default_value, str):
            self.__check(default_value)

    @property
    def name(self) -> str:
        """The name of the argument."""
        return self.__name

    @property
    def default_value(self) -> list[Substitution] | None:
        """The default, None when a value is required."""
        return self.__default_value

    @property
    def description(self) -> str:
        """What the argument means."""
        return self.__description

    @property
    def choices(self) -> list[str] | None:
        """The values allowed, None for any."""
        return self.__choices

    def describe(self) -> str:
        """Return the declaration in words."""
        return f'DeclareLaunchArgument({self.name!r})'

    def execute(self, context: LaunchContext) -> None:
        """Set and check the launch configuration; raise RuntimeError naming the argument."""
        context._declared_arguments.add(self.name)
        if self.name not in context.launch_configurations:
            context.launch_configurations[self.name] = self.__default(context)
        self.__check(context.launch_configurations[self.name])

    def __default(self, context: LaunchContext) -> str:
        if self.default_value is None:
            raise RuntimeError(
                f'launch argument {self.name!r} is required ({self.description}): '
                f'give {self.name}:=<value>')
        return perform_substitutions(context, self.default_value)

    def __check(self, value: str) -> None:
        if self.choices is not None and value not in self.choices:
            raise RuntimeError(
                f'launch argument {self.name!r}: {value!r} is not one of '
                f'{", ".join(self.choices)}')

    def _predict(self, context: LaunchContext) -> None:
        """Set the launch configuration in a trial context as far as that can be told."""
        if self.name in context.launch_configurations or self.default_value is None:
            return
        try:
            value = perform_substitutions(context, self.default_value)
        except Exception:
            return  # the default depends on what is known only while launching
        context.launch_configurations[self.name] = value


def _describe(description: str | None, choices: list[str] | None) -> str:
    text = description or ('no description given' if choices is None else '')
    if choices is None:
        return text
    allowed = f'One of: {", ".join(choices)}'
    return f'{text.rstrip(".")}. {allowed}' if text else allowed
