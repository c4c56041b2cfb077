"""Joined paths."""
import os
from collections.abc import Iterable

from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = ['PathJoinSubstitution']


class PathJoinSubstitution(Substitution):
    """Path components, each a text of its own, joined by the separator of the system."""

    def __init__(self, substitutions: Iterable[SomeSubstitutionsType]) -> None:
        self.__substitutions = [
            normalize_to_list_of_substitutions(component) for component in substitutions]

    @property
    def substitutions(self) -> list[list[Substitution]]:
        """The components."""
        return self.__substitutions

    def describe(self) -> str:
        """Return the components as in a launch file."""
        components = (
            ' + '.join(part.describe() for part in component)
            for component in self.substitutions)
        return f'PathJoinSubstitution({", ".join(components)})'

    def perform(self, context: LaunchContext) -> str:
        """Return the joined path."""
        return os.path.join(*(  # noqa: PTH118 (text in, text out: no normalisation)
            perform_substitutions(context, component) for component in self.substitutions))
