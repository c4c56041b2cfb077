"""Actions in a scope of their own."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..some_substitutions_type import SomeSubstitutionsType
from .pop_environment import PopEnvironment
from .pop_launch_configurations import PopLaunchConfigurations
from .push_environment import PushEnvironment
from .push_launch_configurations import PushLaunchConfigurations
from .reset_environment import ResetEnvironment
from .reset_launch_configurations import ResetLaunchConfigurations
from .set_launch_configuration import SetLaunchConfiguration

__all__ = ['GroupAction']


class GroupAction(Action):
    """
    Visits actions together.

    What they change of launch configurations and environment ends with the group if it is
    `scoped`. A scoped group that is not `forwarding` begins with none of the launch
    configurations and with the environment the launch began with. `launch_configurations` are
    set first, worked out outside of the group.
    """

    def __init__(
        self,
        actions: Iterable[Action],
        *,
        scoped: bool = True,
        forwarding: bool = True,
        launch_configurations: (
            dict[SomeSubstitutionsType, SomeSubstitutionsType] | None) = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.__actions = list(actions)
        self.__scoped = scoped
        self.__forwarding = forwarding
        self.__launch_configurations = dict(launch_configurations or {})

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the actions, between those that open and close the scope."""
        if not self.__scoped:
            return [*self.__assignments(), *self.__actions]
        return [
            PushLaunchConfigurations(), PushEnvironment(),
            *(self.__assignments() if self.__forwarding else self.__fresh_start()),
            *self.__actions,
            PopEnvironment(), PopLaunchConfigurations(),
        ]

    def execute(self, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        """Return the actions."""
        return self.get_sub_entities()

    def __assignments(self) -> list[Action]:
        return [
            SetLaunchConfiguration(name, value)
            for name, value in self.__launch_configurations.items()]

    def __fresh_start(self) -> list[Action]:
        return [ResetEnvironment(), ResetLaunchConfigurations(self.__launch_configurations)]
