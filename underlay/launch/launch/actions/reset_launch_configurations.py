"""Forget the launch configurations."""
from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities import perform_substitutions

__all__ = ['ResetLaunchConfigurations']


class ResetLaunchConfigurations(Action):
    """Removes all launch configurations but those given, which are worked out before."""

    def __init__(
        self,
        launch_configurations: (
            dict[SomeSubstitutionsType, SomeSubstitutionsType] | None) = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.__launch_configurations = dict(launch_configurations or {})

    def execute(self, context: LaunchContext) -> None:
        """Replace the launch configurations."""
        kept = {
            perform_substitutions(context, name): perform_substitutions(context, value)
            for name, value in self.__launch_configurations.items()}
        context.launch_configurations.clear()
        context.launch_configurations.update(kept)
