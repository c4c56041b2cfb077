"""How a process is told to stop, where a handler of its own must not run amid other work."""
import signal
import sys
import threading
from collections.abc import Callable
from socket import socketpair
from types import TracebackType
from typing import Any

__all__ = ['StopSignal']

STOPPING = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """
    SIGINT and SIGTERM, handed to a callback from a thread instead of breaking into running code.

    Until ``deliver_to`` names the callback, either raises KeyboardInterrupt as Python's own
    handler of SIGINT does, so that a slow start can be broken off. A signal that came before is
    delivered too, should the interrupt have been swallowed. Once ``disregarded`` is set, a signal
    changes nothing: the process is ending. To be made in the main thread.
    """

    def __init__(self) -> None:
        self.disregarded = False  # no method: a signal could still come as it is called
        self._delivering = False
        self._reader, self._writer = socketpair()
        self._writer.setblocking(False)
        # Python's C handler writes the number of each signal here, whatever code is running.
        signal.set_wakeup_fd(self._writer.fileno())
        for number in STOPPING:
            signal.signal(number, self._handle)
        # An interrupt amid a destructor, or a library in C that is being imported and prints what
        # it cannot pass on, does not get out; it is delivered all the same.
        sys.unraisablehook = _say_all_but_interrupts
        sys.excepthook = _print_all_but_interrupts

    def deliver_to(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once, on a thread of its own, when a signal comes or has come."""
        self._delivering = True
        threading.Thread(
            target=self._deliver, args=(callback,), name='stop_signal', daemon=True).start()

    def _handle(self, number: int, frame: object) -> None:
        if not (self._delivering or self.disregarded):
            raise KeyboardInterrupt

    def _deliver(self, callback: Callable[[], None]) -> None:
        while self._reader.recv(1)[0] not in STOPPING:
            pass
        callback()


def _say_all_but_interrupts(unraisable: Any) -> None:
    if not issubclass(unraisable.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)


def _print_all_but_interrupts(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None,
) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
