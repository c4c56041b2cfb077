"""Where a package is installed."""
from ament_index_python.packages import (
    PackageNotFoundError,
    get_package_prefix,
    get_package_share_directory,
)
from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch.substitutions import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = ['FindPackage', 'FindPackagePrefix', 'FindPackageShare']


class FindPackage(Substitution):
    """A place that belongs to a package; subclasses say which."""

    def __init__(self, package: SomeSubstitutionsType) -> None:
        self.__package = normalize_to_list_of_substitutions(package)

    @property
    def package(self) -> list[Substitution]:
        """The name of the package."""
        return self.__package

    def describe(self) -> str:
        """Return the package as in a launch file."""
        return f'{type(self).__name__}({" + ".join(part.describe() for part in self.package)})'

    def find(self, package_name: str) -> str:
        """Return the place; raise PackageNotFoundError or ValueError."""
        raise NotImplementedError

    def perform(self, context: LaunchContext) -> str:
        """Return the place; raise SubstitutionFailure naming a package that is not there."""
        name = perform_substitutions(context, self.package)
        try:
            return self.find(name)
        except PackageNotFoundError as error:
            raise SubstitutionFailure(
                f'package {name!r} is not found: is its workspace built and sourced?') from error
        except ValueError as error:
            raise SubstitutionFailure(f'{name!r} is no name of a package') from error


class FindPackagePrefix(FindPackage):
    """The folder that a package is installed under."""

    def find(self, package_name: str) -> str:
        """Return the install prefix."""
        return get_package_prefix(package_name)


class FindPackageShare(FindPackage):
    """The share folder of a package."""

    def find(self, package_name: str) -> str:
        """Return the share folder."""
        return get_package_share_directory(package_name)
