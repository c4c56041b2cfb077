"""How a process is told to stop, where a handler of its own must not run amid other work."""
import signal
import threading
from collections.abc import Callable
from socket import socketpair

__all__ = ['StopSignal']


class StopSignal:
    """
    SIGINT and SIGTERM, handed to a callback from a thread instead of breaking into running code.

    Until ``deliver_to`` names the callback, either raises KeyboardInterrupt as Python's own
    handler of SIGINT does, so that a slow start can be broken off. To be made in the main thread.
    """

    def __init__(self) -> None:
        self._callback: Callable[[], None] | None = None
        self._reader, self._writer = socketpair()
        self._writer.setblocking(False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def deliver_to(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` on a thread of its own at the first signal from now on."""
        self._callback = callback
        signal.set_wakeup_fd(self._writer.fileno())
        threading.Thread(target=self._deliver, name='stop_signal', daemon=True).start()

    def _handle(self, number: int, frame: object) -> None:
        if self._callback is None:
            raise KeyboardInterrupt

    def _deliver(self) -> None:
        self._reader.recv(1)
        self._callback()
