"""
Several streams seen at one time: for each the sample nearest to it, within a limit.

Recording asks for the grid of a data set, inference for `newest_common_ns`. A stream that has no
sample near enough is named; nothing is made up for it. Any thread may add, any may look.
"""
import threading
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ['StreamBuffer', 'SynchronousView', 'View']


@dataclass(frozen=True)
class View:
    """Samples by stream at ``reference_ns``; ``missing`` says why a stream has none."""

    reference_ns: int
    samples: dict[str, Any]
    stamps_ns: dict[str, int]
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every stream has a sample."""
        return not self.missing

    @property
    def skew_ns(self) -> int:
        """Between the oldest and the newest sample."""
        stamps = self.stamps_ns.values()
        return max(stamps) - min(stamps) if stamps else 0


class StreamBuffer:
    """
    The last ``length`` samples of one stream in the order of their stamps.

    Samples may come out of order. A stamp that lies more than ``span_ns`` before the newest is a
    clock that was set back: what was there is forgotten, and counted in ``jumps``.
    """

    def __init__(self, length: int, span_ns: int) -> None:
        self._length = length
        self._span_ns = span_ns
        self.stamps_ns: list[int] = []
        self.samples: list[Any] = []
        self.jumps = 0

    def add(self, stamp_ns: int, sample: Any) -> bool:
        """Take a sample; False for a stamp that is there already, which changes nothing."""
        if self.stamps_ns and self.stamps_ns[-1] - stamp_ns > self._span_ns:
            self.stamps_ns.clear()
            self.samples.clear()
            self.jumps += 1
        place = bisect_left(self.stamps_ns, stamp_ns)
        if place < len(self.stamps_ns) and self.stamps_ns[place] == stamp_ns:
            return False
        self.stamps_ns.insert(place, stamp_ns)
        self.samples.insert(place, sample)
        if len(self.stamps_ns) > self._length:
            del self.stamps_ns[0], self.samples[0]
        return True

    def nearest(self, when_ns: int) -> int | None:
        """Index of the sample nearest to ``when_ns``, the earlier of two alike; None if empty."""
        place = bisect_left(self.stamps_ns, when_ns)
        around = [index for index in (place - 1, place) if 0 <= index < len(self.stamps_ns)]
        return min(around, key=lambda index: abs(self.stamps_ns[index] - when_ns), default=None)


class SynchronousView:
    """Buffers of ``streams`` and the view of them at a time."""

    def __init__(
        self, streams: Iterable[str], limit_ns: int, length: int = 64,
        span_ns: int = 5_000_000_000,
    ) -> None:
        self.limit_ns = limit_ns
        self._buffers = {name: StreamBuffer(length, span_ns) for name in streams}
        self._lock = threading.Lock()

    def add(self, stream: str, stamp_ns: int, sample: Any) -> bool:
        """Take a sample of a stream; False when its stamp is there already."""
        with self._lock:
            return self._buffers[stream].add(stamp_ns, sample)

    def at(self, reference_ns: int) -> View:
        """What each stream shows nearest to ``reference_ns``, at most ``limit_ns`` away."""
        samples, stamps, missing = {}, {}, {}
        with self._lock:
            for name, buffer in self._buffers.items():
                index = buffer.nearest(reference_ns)
                if index is None:
                    missing[name] = 'nothing has come'
                    continue
                away_ns = buffer.stamps_ns[index] - reference_ns
                if abs(away_ns) > self.limit_ns:
                    missing[name] = (f'the nearest is {abs(away_ns) / 1e6:.1f} ms '
                                     f'{"later" if away_ns > 0 else "earlier"}, '
                                     f'the limit is {self.limit_ns / 1e6:.1f} ms')
                    continue
                samples[name], stamps[name] = buffer.samples[index], buffer.stamps_ns[index]
        return View(reference_ns, samples, stamps, missing)

    def newest_common_ns(self) -> int | None:
        """The latest time that every stream has reached; None before each has a sample."""
        with self._lock:
            if not all(buffer.stamps_ns for buffer in self._buffers.values()):
                return None
            return min(buffer.stamps_ns[-1] for buffer in self._buffers.values())

    @property
    def jumps(self) -> dict[str, int]:
        """How often the clock of each stream was set back."""
        with self._lock:
            return {name: buffer.jumps for name, buffer in self._buffers.items()}
