"""Include a launch file in another."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..launch_description import LaunchDescription
from ..launch_description_entity import LaunchDescriptionEntity
from ..launch_description_source import LaunchDescriptionSource
from ..launch_description_sources import AnyLaunchDescriptionSource
from ..some_substitutions_type import SomeSubstitutionsType
from ..trial_context import TrialContext
from ..utilities import perform_substitutions
from .opaque_function import OpaqueFunction
from .set_launch_configuration import SetLaunchConfiguration

__all__ = ['IncludeLaunchDescription']


class IncludeLaunchDescription(Action):
    """
    Visits the launch description of a source, with launch configurations set before.

    The include has no scope: what it sets stays set for the entities after it.
    """

    def __init__(
        self,
        launch_description_source: LaunchDescriptionSource | SomeSubstitutionsType,
        *,
        launch_arguments: (
            Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None) = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(launch_description_source, LaunchDescriptionSource):
            launch_description_source = AnyLaunchDescriptionSource(launch_description_source)
        self.__source = launch_description_source
        self.__launch_arguments = tuple(launch_arguments or ())

    @property
    def launch_description_source(self) -> LaunchDescriptionSource:
        """The source."""
        return self.__source

    @property
    def launch_arguments(self) -> tuple:
        """Pairs of name and value."""
        return self.__launch_arguments

    def describe(self) -> str:
        """Return the place of the source."""
        return f'IncludeLaunchDescription({self.__source.location})'

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        """Return the assignments, the description, and the return to the including file."""
        description = self.__source.get_launch_description(context)
        outside = {
            name: context.get_locals_as_dict().get(name) for name in self.__location()}
        assignments = [
            SetLaunchConfiguration(name, value) for name, value in self.launch_arguments]
        return [
            *assignments,
            OpaqueFunction(function=self.__enter),
            description,
            OpaqueFunction(function=lambda context: context.extend_locals(outside)),
        ]

    def __enter(self, context: LaunchContext) -> None:
        context.extend_locals(self.__location())

    def __location(self) -> dict[str, str]:
        path = Path(self.__source.location).absolute()
        folder = path.parent if path.exists() else self.__source.location
        return {
            'current_launch_file_path': str(path),
            'current_launch_file_directory': str(folder),
        }

    def _predict(self, context: TrialContext) -> LaunchDescription | None:
        """Return the description, in a trial context, if it can be told before launching."""
        trial = TrialContext()
        trial.launch_configurations.update(context.launch_configurations)
        trial.extend_locals(context.get_locals_as_dict())
        try:
            for name, value in self.launch_arguments:
                context.launch_configurations[perform_substitutions(trial, name)] = (
                    perform_substitutions(trial, value))
            description = self.__source.get_launch_description(trial)
        except Exception:
            return None  # told, if it matters, when the launch comes to it
        context.extend_locals(self.__location())
        return description
