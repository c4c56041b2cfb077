"""The value of an environment variable."""
from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .substitution_failure import SubstitutionFailure

__all__ = ['EnvironmentVariable']


class EnvironmentVariable(Substitution):
    """The environment variable of a name, or a default where it is not set."""

    def __init__(
        self,
        name: SomeSubstitutionsType,
        *,
        default_value: SomeSubstitutionsType | None = None,
    ) -> None:
        self.__name = normalize_to_list_of_substitutions(name)
        self.__default_value = (
            None if default_value is None else normalize_to_list_of_substitutions(default_value))

    @property
    def name(self) -> list[Substitution]:
        """The name of the variable."""
        return self.__name

    @property
    def default_value(self) -> list[Substitution] | None:
        """What stands for the variable where it is not set."""
        return self.__default_value

    def describe(self) -> str:
        """Return the name as in a launch file."""
        return f'EnvironmentVariable({" + ".join(part.describe() for part in self.name)})'

    def perform(self, context: LaunchContext) -> str:
        """Return the value; raise SubstitutionFailure when it is not set and has no default."""
        name = perform_substitutions(context, self.name)
        if name in context.environment:
            return context.environment[name]
        if self.default_value is None:
            raise SubstitutionFailure(f'environment variable {name!r} is not set')
        return perform_substitutions(context, self.default_value)
