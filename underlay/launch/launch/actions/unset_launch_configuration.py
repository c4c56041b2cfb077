"""Remove a launch configuration."""
from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = ['UnsetLaunchConfiguration']


class UnsetLaunchConfiguration(Action):
    """Removes a launch configuration, if it is set."""

    def __init__(self, name: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.__name = normalize_to_list_of_substitutions(name)

    @property
    def name(self) -> list[Substitution]:
        """The name of the launch configuration."""
        return self.__name

    def execute(self, context: LaunchContext) -> None:
        """Remove the launch configuration."""
        context.launch_configurations.pop(perform_substitutions(context, self.name), None)
