"""The node's sign of life to the loop, from a thread of its own.

The loop holds and then stops the arms of a node that falls silent. A callback that makes nodes or
waits for the loop is no silence, nor is an executor that a busy machine delays: the thread beats
through both. But a node that does not come round for long can neither be stopped nor asked, so
without a sign of its own the beat ends, and the arms stop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ['Heartbeat']

PERIOD = 0.05  # s
PATIENCE = 12.0  # s without a sign of the node; a request may take 10 s


class Heartbeat:
    """Calls `beat` in a thread, from now until `close`, while `sign` is given often enough."""

    def __init__(self, beat: Callable[[], None], patience: float = PATIENCE) -> None:
        """`patience` is the longest time in s for which the thread speaks for a silent node."""
        self._beat = beat
        self._patience = patience
        self._ended = threading.Event()
        self._signed = time.monotonic()
        self._thread = threading.Thread(target=self._run, name='heartbeat', daemon=True)
        self._thread.start()

    def sign(self) -> None:
        """Say that the node comes round to its work."""
        self._signed = time.monotonic()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        while not self._ended.wait(PERIOD):
            if time.monotonic() - self._signed < self._patience:
                self._beat()
