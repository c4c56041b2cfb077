"""The path of an executable."""
import shutil

from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .substitution_failure import SubstitutionFailure

__all__ = ['FindExecutable']


class FindExecutable(Substitution):
    """The full path of an executable on PATH."""

    def __init__(self, *, name: SomeSubstitutionsType) -> None:
        self.__name = normalize_to_list_of_substitutions(name)

    @property
    def name(self) -> list[Substitution]:
        """The name of the executable."""
        return self.__name

    def describe(self) -> str:
        """Return the name as in a launch file."""
        return f'FindExecutable({" + ".join(part.describe() for part in self.name)})'

    def perform(self, context: LaunchContext) -> str:
        """Return the path; raise SubstitutionFailure when there is none."""
        name = perform_substitutions(context, self.name)
        path = shutil.which(name, path=context.environment.get('PATH'))
        if path is None:
            raise SubstitutionFailure(f'executable {name!r} is not on the PATH')
        return path
