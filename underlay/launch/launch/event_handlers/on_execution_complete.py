"""A reaction to the end of an action."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..events.execution_complete import ExecutionComplete
from .on_action_event_base import OnActionEventBase

if TYPE_CHECKING:
    from ..action import Action
    from ..launch_context import LaunchContext
    from ..some_entities_type import SomeEntitiesType

__all__ = ['OnExecutionComplete']


class OnExecutionComplete(OnActionEventBase):
    """Reacts when an action has finished its work."""

    def __init__(
        self,
        *,
        target_action: Callable[[Action], bool] | Action | None = None,
        on_completion: (
            SomeEntitiesType | Callable[[ExecutionComplete, LaunchContext], SomeEntitiesType | None]
        ),
        handle_once: bool = False,
    ) -> None:
        super().__init__(
            action_matcher=target_action, on_event=on_completion,
            target_event_cls=ExecutionComplete, handle_once=handle_once)
