"""The value of a launch configuration."""
from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .substitution_failure import SubstitutionFailure

__all__ = ['LaunchConfiguration']


class LaunchConfiguration(Substitution):
    """The launch configuration of a name, or a default where it is not set."""

    def __init__(
        self,
        variable_name: SomeSubstitutionsType,
        *,
        default: SomeSubstitutionsType | float | None = None,
    ) -> None:
        self.__variable_name = normalize_to_list_of_substitutions(variable_name)
        if isinstance(default, (bool, int, float)):
            default = str(default)
        self.__default = None if default is None else normalize_to_list_of_substitutions(default)

    @property
    def variable_name(self) -> list[Substitution]:
        """The name of the launch configuration."""
        return self.__variable_name

    def describe(self) -> str:
        """Return the name as in a launch file."""
        name = ' + '.join(part.describe() for part in self.variable_name)
        return f'LaunchConfiguration({name})'

    def perform(self, context: LaunchContext) -> str:
        """Return the value; raise SubstitutionFailure when it is not set and has no default."""
        name = perform_substitutions(context, self.variable_name)
        if name in context.launch_configurations:
            return context.launch_configurations[name]
        if self.__default is None:
            raise SubstitutionFailure(f'launch configuration {name!r} is not set')
        return perform_substitutions(context, self.__default)
