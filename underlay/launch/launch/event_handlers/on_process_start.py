"""A reaction to the start of a process."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..events.process import ProcessStarted
from .on_action_event_base import OnActionEventBase

if TYPE_CHECKING:
    from ..actions.execute_process import ExecuteProcess
    from ..launch_context import LaunchContext
    from ..some_entities_type import SomeEntitiesType

__all__ = ['OnProcessStart']


class OnProcessStart(OnActionEventBase):
    """Reacts when a process was started."""

    def __init__(
        self,
        *,
        target_action: Callable[[ExecuteProcess], bool] | ExecuteProcess | None = None,
        on_start: (
            SomeEntitiesType | Callable[[ProcessStarted, LaunchContext], SomeEntitiesType | None]
        ),
        handle_once: bool = False,
    ) -> None:
        super().__init__(
            action_matcher=target_action, on_event=on_start,
            target_event_cls=ProcessStarted, handle_once=handle_once)
