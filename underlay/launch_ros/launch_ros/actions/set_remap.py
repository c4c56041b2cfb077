"""Remap a name for many nodes."""
from typing import Any

from launch import Action, LaunchContext, SomeSubstitutionsType, Substitution
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = ['SetRemap']


class SetRemap(Action):
    """Remaps a name for all nodes from here to the end of the group."""

    def __init__(
        self, src: SomeSubstitutionsType, dst: SomeSubstitutionsType, **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.__src = normalize_to_list_of_substitutions(src)
        self.__dst = normalize_to_list_of_substitutions(dst)

    @property
    def src(self) -> list[Substitution]:
        """The name in the node's code."""
        return self.__src

    @property
    def dst(self) -> list[Substitution]:
        """The name it gets."""
        return self.__dst

    def execute(self, context: LaunchContext) -> None:
        """Add the remapping to the scope."""
        rule = (
            perform_substitutions(context, self.src), perform_substitutions(context, self.dst))
        before = context.launch_configurations.get('ros_remaps', [])
        context.launch_configurations['ros_remaps'] = [*before, rule]
