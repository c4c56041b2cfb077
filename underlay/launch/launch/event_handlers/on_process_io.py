"""A reaction to what a process reads and writes."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..events.process import ProcessIO
from .on_action_event_base import OnActionEventBase

if TYPE_CHECKING:
    from ..actions.execute_process import ExecuteProcess
    from ..launch_context import LaunchContext
    from ..some_entities_type import SomeEntitiesType

__all__ = ['OnProcessIO']

_Reaction = 'Callable[[ProcessIO], SomeEntitiesType | None] | None'


class OnProcessIO(OnActionEventBase):
    """Calls a function `(event)` of its own for each standard stream of a process."""

    def __init__(
        self,
        *,
        target_action: Callable[[ExecuteProcess], bool] | ExecuteProcess | None = None,
        on_stdin: _Reaction = None,
        on_stdout: _Reaction = None,
        on_stderr: _Reaction = None,
        handle_once: bool = False,
    ) -> None:
        super().__init__(
            action_matcher=target_action, on_event=self.__react,
            target_event_cls=ProcessIO, handle_once=handle_once)
        self.__on_stdin = on_stdin
        self.__on_stdout = on_stdout
        self.__on_stderr = on_stderr

    def __react(self, event: ProcessIO, context: LaunchContext) -> SomeEntitiesType | None:
        reaction = self.__on_stderr
        if event.from_stdin:
            reaction = self.__on_stdin
        elif event.from_stdout:
            reaction = self.__on_stdout
        return None if reaction is None else reaction(event)
