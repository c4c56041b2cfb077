"""The event that sends a signal to a process."""
from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from .process_targeted_event import ProcessTargetedEvent

if TYPE_CHECKING:
    from ...actions.execute_process import ExecuteProcess

__all__ = ['SignalProcess']


class SignalProcess(ProcessTargetedEvent):
    """Sends a signal, given by number or by a name like 'SIGUSR1', to processes."""

    name = 'launch.events.process.SignalProcess'

    def __init__(
        self,
        *,
        signal_number: str | signal.Signals | int,
        process_matcher: Callable[[ExecuteProcess], bool],
    ) -> None:
        super().__init__(process_matcher=process_matcher)
        self.__signal = (
            signal.Signals[signal_number] if isinstance(signal_number, str)
            else signal.Signals(signal_number))

    @property
    def signal(self) -> signal.Signals:
        """The signal."""
        return self.__signal

    @property
    def signal_name(self) -> str:
        """The name of the signal."""
        return self.__signal.name
