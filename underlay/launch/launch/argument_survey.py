"""What arguments a launch description declares, found without running it."""
from __future__ import annotations

from collections.abc import Iterable

from .actions.declare_launch_argument import DeclareLaunchArgument
from .actions.include_launch_description import IncludeLaunchDescription
from .actions.opaque_function import OpaqueFunction
from .actions.register_event_handler import RegisterEventHandler
from .launch_description_entity import LaunchDescriptionEntity
from .trial_context import TrialContext

__all__ = ['ArgumentSurvey']


class ArgumentSurvey:
    """
    Walks a description and its includes, collecting `DeclareLaunchArgument`s by name.

    `configurations` are the arguments given on the command line; with the defaults found on the
    way they tell where includes lie whose path depends on an argument.
    """

    def __init__(
        self,
        entity: LaunchDescriptionEntity,
        *,
        configurations: dict[str, str] | None = None,
        conditional: bool = False,
    ) -> None:
        self._context = TrialContext()
        self._context.launch_configurations.update(configurations or {})
        self._found: dict[str, DeclareLaunchArgument] = {}
        self.is_complete = True
        """False when something that runs only later might declare more."""
        self._walk([entity], conditional)

    @property
    def arguments(self) -> list[DeclareLaunchArgument]:
        """The declared arguments in the order of their declaration, one a name."""
        return list(self._found.values())

    def _walk(self, entities: Iterable[LaunchDescriptionEntity], conditional: bool) -> None:
        for entity in entities:
            self._look_at(entity, conditional)
            self._walk(self._unconditional(entity), conditional)
            for _, group in entity.describe_conditional_sub_entities():
                self._walk(group, True)

    def _look_at(self, entity: LaunchDescriptionEntity, conditional: bool) -> None:
        if isinstance(entity, DeclareLaunchArgument):
            self._note(entity, conditional or entity.condition is not None)
        elif isinstance(entity, OpaqueFunction):
            self.is_complete = False
        elif isinstance(entity, RegisterEventHandler):
            self.is_complete = self.is_complete and bool(entity.event_handler.describe()[1])

    def _note(self, argument: DeclareLaunchArgument, conditional: bool) -> None:
        if argument.name in self._found:
            return
        argument._conditionally_included = conditional
        self._found[argument.name] = argument
        argument._predict(self._context)

    def _unconditional(
        self, entity: LaunchDescriptionEntity,
    ) -> Iterable[LaunchDescriptionEntity]:
        if not isinstance(entity, IncludeLaunchDescription):
            return entity.describe_sub_entities()
        included = entity._predict(self._context)
        if included is None:
            self.is_complete = False
        return [] if included is None else [included]
