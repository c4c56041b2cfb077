"""Run a managed node."""
from __future__ import annotations

from typing import Any

from launch import EventHandler, LaunchContext, SomeSubstitutionsType
from launch.actions import OpaqueFunction
from launch.unsupported import refuse

from ..events.lifecycle import ChangeState
from ..lifecycle_link import LifecycleLink
from .node import Node

__all__ = ['LifecycleNode']


class LifecycleNode(Node):
    """
    Runs a node whose state the launch can change and follow.

    A `ChangeState` event that matches this node requests the transition of it; its transitions
    come back as `StateTransition` events.
    """

    def __init__(
        self,
        *,
        name: SomeSubstitutionsType,
        namespace: SomeSubstitutionsType,
        autostart: bool = False,
        **kwargs: Any,
    ) -> None:
        if autostart:
            refuse('LifecycleNode(autostart=True)')
        super().__init__(name=name, namespace=namespace, **kwargs)
        self.__link: LifecycleLink | None = None

    def execute(self, context: LaunchContext) -> None:
        """Start the node and listen to its transitions."""
        self._expand_names(context)
        self.__link = LifecycleLink(self, context)
        context.register_event_handler(EventHandler(
            matcher=lambda event: (
                isinstance(event, ChangeState) and event.lifecycle_node_matcher(self)),
            entities=[OpaqueFunction(function=self.__change_state)]))
        super().execute(context)

    def __change_state(self, context: LaunchContext) -> None:
        transition_id = context.locals.event.transition_id
        context.add_completion_future(context.asyncio_loop.run_in_executor(
            None, self.__link.change_state, transition_id))
