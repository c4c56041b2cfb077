"""
Time, in integer nanoseconds, from a source that is passed in.

Code that takes a `Clock` runs alike against the machine's time, a simulation's and ROS's.
"""
import threading
import time
from collections import deque
from typing import Any, Protocol, runtime_checkable

__all__ = ['Clock', 'RealTimeFactor', 'RosClock', 'SimulatedClock', 'SteadyClock', 'SystemClock']


@runtime_checkable
class Clock(Protocol):
    """A source of time."""

    def now_ns(self) -> int:
        """Time now in ns from the epoch of this clock."""

    def sleep_until(self, when_ns: int) -> bool:
        """Wait until ``when_ns``; False when the wait was cut short."""


class SteadyClock:
    """Monotonic time of this machine: for durations and watchdogs; its epoch means nothing."""

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def sleep_until(self, when_ns: int) -> bool:
        return _sleep_until(self, when_ns)


class SystemClock:
    """Wall-clock time since 1970, which may jump when the machine's clock is set."""

    def now_ns(self) -> int:
        return time.time_ns()

    def sleep_until(self, when_ns: int) -> bool:
        return _sleep_until(self, when_ns)


class SimulatedClock:
    """
    Time that moves only when told.

    One thread calls `advance`; others may wait in `sleep_until`. `close` wakes them all.
    """

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns
        self._closed = False
        self._moved = threading.Condition()

    def now_ns(self) -> int:
        return self._now_ns

    def advance(self, duration_ns: int) -> int:
        """Move time on by ``duration_ns`` and return the new time; ValueError if negative."""
        if duration_ns < 0:
            raise ValueError(f'time cannot go back by {-duration_ns} ns')
        with self._moved:
            self._now_ns += duration_ns
            self._moved.notify_all()
            return self._now_ns

    def sleep_until(self, when_ns: int) -> bool:
        with self._moved:
            self._moved.wait_for(lambda: self._now_ns >= when_ns or self._closed)
            return self._now_ns >= when_ns

    def close(self) -> None:
        """Let every `sleep_until` return, now and later."""
        with self._moved:
            self._closed = True
            self._moved.notify_all()


class RosClock:
    """The clock of a ROS node (``node.get_clock()``), which follows ``use_sim_time``."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock

    def now_ns(self) -> int:
        return self._clock.now().nanoseconds

    def sleep_until(self, when_ns: int) -> bool:
        from rclpy.time import Time
        return self._clock.sleep_until(
            Time(nanoseconds=when_ns, clock_type=self._clock.clock_type))


class RealTimeFactor:
    """How fast one clock runs against another, over the last ``window_s`` of the other."""

    def __init__(self, clock: Clock, wall: Clock | None = None, window_s: float = 1.0) -> None:
        self._clock = clock
        self._wall = wall or SteadyClock()
        self._window_ns = int(window_s * 1e9)
        self._samples: deque[tuple[int, int]] = deque()

    def update(self) -> float:
        """Take both times; the factor since the oldest kept sample, 1.0 before there is one."""
        now = (self._wall.now_ns(), self._clock.now_ns())
        self._samples.append(now)
        while len(self._samples) > 2 and now[0] - self._samples[1][0] >= self._window_ns:
            self._samples.popleft()
        wall = now[0] - self._samples[0][0]
        return (now[1] - self._samples[0][1]) / wall if wall > 0 else 1.0


def _sleep_until(clock: Clock, when_ns: int) -> bool:
    while (left := when_ns - clock.now_ns()) > 0:
        time.sleep(left * 1e-9)
    return True
