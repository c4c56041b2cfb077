"""A reaction to the end of a process."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..events.process import ProcessExited
from .on_action_event_base import OnActionEventBase

if TYPE_CHECKING:
    from ..actions.execute_process import ExecuteProcess
    from ..launch_context import LaunchContext
    from ..some_entities_type import SomeEntitiesType

__all__ = ['OnProcessExit']


class OnProcessExit(OnActionEventBase):
    """Reacts when a process has ended."""

    def __init__(
        self,
        *,
        target_action: Callable[[ExecuteProcess], bool] | ExecuteProcess | None = None,
        on_exit: (
            SomeEntitiesType | Callable[[ProcessExited, LaunchContext], SomeEntitiesType | None]
        ),
        handle_once: bool = False,
    ) -> None:
        super().__init__(
            action_matcher=target_action, on_event=on_exit,
            target_event_cls=ProcessExited, handle_once=handle_once)
