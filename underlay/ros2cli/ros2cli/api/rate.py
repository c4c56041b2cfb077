"""Statistics over the last messages of a topic."""
from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from ros2cli.node import DirectNode

DEFAULT_WINDOW = 10000
REPORT_PERIOD_S = 1.0


class Spread(NamedTuple):
    """Mean, bounds and standard deviation of a window of values."""

    mean: float
    least: float
    most: float
    deviation: float
    count: int


class Window:
    """The last values; `fresh` tells whether one came since `spread` was last asked for."""

    def __init__(self, length: int) -> None:
        self._values: deque[float] = deque(maxlen=length)
        self.fresh = False

    def add(self, value: float) -> None:
        """Take a value, pushing out the oldest when the window is full."""
        self._values.append(value)
        self.fresh = True

    def clear(self) -> None:
        """Forget all values."""
        self._values.clear()
        self.fresh = False

    def spread(self) -> Spread:
        """Return the statistics of the values, of which there must be one."""
        self.fresh = False
        values = self._values
        mean = statistics.fmean(values)
        return Spread(
            mean, min(values), max(values), statistics.pstdev(values, mean), len(values))


class Intervals:
    """The times between arrivals, in seconds; starts anew when the clock goes back."""

    def __init__(self, length: int, now: Callable[[], float]) -> None:
        self.window = Window(length)
        self._now = now
        self._last: float | None = None

    def arrived(self) -> None:
        """Note an arrival at this moment."""
        now = self._now()
        if self._last is not None and now < self._last:
            print('time has reset, resetting counters', flush=True)
            self.window.clear()
        elif self._last is not None:
            self.window.add(now - self._last)
        self._last = now


def report_for_ever(node: DirectNode, window: Window, text: Callable[[Spread], str]) -> None:
    """Print the statistics of a window every second in which a value came."""
    while True:
        node.spin_until(lambda: False, REPORT_PERIOD_S)
        if window.fresh:
            print(text(window.spread()), flush=True)
