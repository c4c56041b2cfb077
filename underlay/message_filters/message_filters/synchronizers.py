"""Messages of several filters that belong to one time."""
from collections.abc import Sequence
from itertools import product
from threading import Lock
from typing import Any

from message_filters.simple_filter import SimpleFilter
from message_filters.stamps import stamp_of


class TimeSynchronizer(SimpleFilter):
    """Hands on one message of each filter when their stamps are equal."""

    def __init__(self, fs: Sequence[SimpleFilter], queue_size: int) -> None:
        """
        Listen to filters.

        :param queue_size: messages of each filter that wait for the others; the oldest goes first.
        """
        super().__init__()
        self.queue_size = queue_size
        self.lock = Lock()
        self.queues: list[dict[int, Any]] = [{} for _ in fs]
        self.input_connections = [f.registerCallback(self.add, queue, index)
                                  for index, (f, queue) in enumerate(zip(fs, self.queues))]

    def add(self, msg: Any, my_queue: dict[int, Any], my_queue_index: int) -> None:
        """Take in a message of one filter, and hand on what it completes."""
        stamp = self._stamp_of(msg)
        if stamp is None:
            return
        with self.lock:
            my_queue[stamp] = msg
            while len(my_queue) > self.queue_size:
                del my_queue[min(my_queue)]
            match = self._match(stamp, my_queue_index) if stamp in my_queue else None
            messages = match and [queue.pop(one) for queue, one in zip(self.queues, match)]
        if messages:
            self.signalMessage(*messages)

    def _stamp_of(self, message: Any) -> int | None:
        return stamp_of(message, allow_headerless=False)

    def _match(self, stamp: int, index: int) -> Sequence[int] | None:
        """Return the stamps of the set that the new message completes, one a filter."""
        if all(stamp in queue for queue in self.queues):
            return [stamp] * len(self.queues)
        return None


class ApproximateTimeSynchronizer(TimeSynchronizer):
    """Hands on one message of each filter when their stamps are nearer than a slop."""

    def __init__(self, fs: Sequence[SimpleFilter], queue_size: int, slop: float,
                 allow_headerless: bool = False) -> None:
        """
        Listen to filters.

        :param slop: how far apart the stamps of a set may be, s.
        :param allow_headerless: take the time of arrival for messages without a header.
        """
        self.slop = round(slop * 1e9)
        self.allow_headerless = allow_headerless
        super().__init__(fs, queue_size)

    def _stamp_of(self, message: Any) -> int | None:
        return stamp_of(message, self.allow_headerless)

    def _match(self, stamp: int, index: int) -> Sequence[int] | None:
        candidates = [
            [stamp] if number == index else sorted(
                (one for one in queue if abs(one - stamp) <= self.slop),
                key=lambda one: abs(one - stamp))
            for number, queue in enumerate(self.queues)]
        # Nearest to the new message first; two others may still be too far from each other.
        return next((match for match in product(*candidates)
                     if max(match) - min(match) <= self.slop), None)
