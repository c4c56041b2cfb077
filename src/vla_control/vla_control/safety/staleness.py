"""Does the stream of targets still flow? Fresh, then held, then stopped."""

from __future__ import annotations

import enum

__all__ = ['StreamState', 'StreamWatch']


class StreamState(enum.IntEnum):
    """What the arm does about its stream."""

    WAITING = 0  # nothing came yet: the arm stays where it is
    FRESH = 1
    HOLDING = 2  # silent: the reference comes to rest
    STOPPED = 3  # silent for long: the stream is over


class StreamWatch:
    """Watches the time of the newest target, in s of one steady clock."""

    def __init__(self, timeout: float, stop_timeout: float) -> None:
        self._timeout = timeout
        self._stop_timeout = max(stop_timeout, timeout)
        self.reset()

    def reset(self) -> None:
        """Nothing came yet."""
        self._newest: float | None = None

    def saw(self, time: float) -> None:
        """A target came."""
        self._newest = time

    def age(self, time: float) -> float:
        """Seconds since the newest target; infinite when none came."""
        return float('inf') if self._newest is None else time - self._newest

    def state(self, time: float) -> StreamState:
        """What the stream is now."""
        if self._newest is None:
            return StreamState.WAITING
        age = time - self._newest
        if age <= self._timeout:
            return StreamState.FRESH
        return StreamState.HOLDING if age <= self._stop_timeout else StreamState.STOPPED
