"""The content of a file."""
from pathlib import Path

from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .substitution_failure import SubstitutionFailure

__all__ = ['FileContent']


class FileContent(Substitution):
    """The whole text of a file."""

    def __init__(self, path: SomeSubstitutionsType) -> None:
        self.__path = normalize_to_list_of_substitutions(path)

    @property
    def path(self) -> list[Substitution]:
        """The path of the file."""
        return self.__path

    def describe(self) -> str:
        """Return the path as in a launch file."""
        return f'FileContent({" + ".join(part.describe() for part in self.path)})'

    def perform(self, context: LaunchContext) -> str:
        """Return the text; raise SubstitutionFailure when the file cannot be read."""
        path = perform_substitutions(context, self.path)
        try:
            return Path(path).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise SubstitutionFailure(f'FileContent {path!r}: {error}') from error
