"""The path of a package's executable."""
import os
from pathlib import Path

from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch.substitutions import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from .find_package import FindPackagePrefix

__all__ = ['ExecutableInPackage']


class ExecutableInPackage(FindPackagePrefix):
    """The full path of an executable in the `lib` folder of a package."""

    def __init__(
        self, executable: SomeSubstitutionsType, package: SomeSubstitutionsType,
    ) -> None:
        super().__init__(package)
        self.__executable = normalize_to_list_of_substitutions(executable)

    @property
    def executable(self) -> list[Substitution]:
        """The name of the executable."""
        return self.__executable

    def describe(self) -> str:
        """Return package and executable as in a launch file."""
        executable = ' + '.join(part.describe() for part in self.executable)
        return f'{super().describe()[:-1]}, {executable})'

    def perform(self, context: LaunchContext) -> str:
        """Return the path; raise SubstitutionFailure naming what is missing."""
        package = perform_substitutions(context, self.package)
        executable = perform_substitutions(context, self.executable)
        folder = Path(super().perform(context)) / 'lib' / package
        if _is_executable(folder / executable):
            return str(folder / executable)
        there = sorted(path.name for path in folder.glob('*') if _is_executable(path))
        raise SubstitutionFailure(
            f'package {package!r} has no executable {executable!r} in {str(folder)!r} '
            f'(there are: {", ".join(there) or "none"})')


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
