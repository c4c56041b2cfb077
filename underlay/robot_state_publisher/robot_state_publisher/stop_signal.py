"""How the process is told to stop."""
import signal
from socket import socketpair
from threading import Thread

from rclpy.task import Future


class StopSignal:
    """
    SIGINT or SIGTERM as a future.

    rclpy's own handlers take the context away under a running callback, which ends in a
    traceback. Here the C handler writes to a socket, and its reader ends the spin between two
    callbacks.
    """

    def __init__(self) -> None:
        self.received = Future()
        self._reader, self._writer = socketpair()
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        self._reader.recv(1)
        self.received.set_result(None)
