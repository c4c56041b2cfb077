"""Where a launch description comes from."""
from __future__ import annotations

from typing import TYPE_CHECKING

from .some_substitutions_type import SomeSubstitutionsType
from .utilities import normalize_to_list_of_substitutions, perform_substitutions

if TYPE_CHECKING:
    from .launch_context import LaunchContext
    from .launch_description import LaunchDescription

__all__ = ['LaunchDescriptionSource']


class LaunchDescriptionSource:
    """A launch description, given outright or read from `location` when first needed."""

    def __init__(
        self,
        launch_description: LaunchDescription | None = None,
        location: SomeSubstitutionsType = '<script>',
        method: str = 'unspecified mechanism from a script',
    ) -> None:
        self.__launch_description = launch_description
        self.__location = normalize_to_list_of_substitutions(location)
        self.__expanded_location: str | None = None
        self.__method = method

    @property
    def location(self) -> str:
        """Where the description lies: expanded once read, in words before."""
        if self.__expanded_location is not None:
            return self.__expanded_location
        return ' + '.join(part.describe() for part in self.__location)

    @property
    def method(self) -> str:
        """How the description is read, in words."""
        return self.__method

    def get_launch_description(self, context: LaunchContext) -> LaunchDescription:
        """Return the description, reading it if that has not been done."""
        location = perform_substitutions(context, self.__location)
        if self.__launch_description is None or self.__is_elsewhere(location):
            self.__launch_description = self._get_launch_description(location)
        self.__expanded_location = location
        return self.__launch_description

    def __is_elsewhere(self, location: str) -> bool:
        return self.__expanded_location not in (None, location)

    def _get_launch_description(self, location: str) -> LaunchDescription:
        raise NotImplementedError(f'{type(self).__name__} cannot read {location!r}')
