"""Add to an environment variable."""
import os
from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import TypedValue, normalize_to_list_of_substitutions, perform_substitutions

__all__ = ['AppendEnvironmentVariable']


class AppendEnvironmentVariable(Action):
    """Adds a value at the end of an environment variable, or at its front with `prepend`."""

    def __init__(
        self,
        name: SomeSubstitutionsType,
        value: SomeSubstitutionsType,
        prepend: bool | SomeSubstitutionsType = False,
        separator: SomeSubstitutionsType = os.pathsep,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.__name = normalize_to_list_of_substitutions(name)
        self.__value = normalize_to_list_of_substitutions(value)
        self.__prepend = TypedValue(prepend, bool, 'AppendEnvironmentVariable: prepend')
        self.__separator = normalize_to_list_of_substitutions(separator)

    @property
    def name(self) -> list[Substitution]:
        """The name of the variable."""
        return self.__name

    @property
    def value(self) -> list[Substitution]:
        """What is added."""
        return self.__value

    def execute(self, context: LaunchContext) -> None:
        """Change the variable."""
        name = perform_substitutions(context, self.__name)
        parts = [perform_substitutions(context, self.__value)]
        if name in context.environment:
            at = 1 if self.__prepend.evaluate(context) else 0
            parts.insert(at, context.environment[name])
        separator = perform_substitutions(context, self.__separator)
        context.environment[name] = separator.join(parts)
