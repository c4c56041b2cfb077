"""The last messages of one filter, by time."""
from collections import deque
from typing import Any

from rclpy.clock import ClockType
from rclpy.time import Time

from message_filters.simple_filter import SimpleFilter
from message_filters.stamps import stamp_of


class Cache(SimpleFilter):
    """Keeps the last messages, in the order they came, and hands them on."""

    def __init__(self, f: SimpleFilter, cache_size: int = 1,
                 allow_headerless: bool = False) -> None:
        """
        Listen to a filter.

        :param allow_headerless: take the time of arrival for messages without a header.
        """
        super().__init__()
        self._kept: deque[tuple[Time, Any]] = deque(maxlen=cache_size)
        self.allow_headerless = allow_headerless
        self.incoming_connection = f.registerCallback(self.add)

    def add(self, msg: Any) -> None:
        """Keep a message."""
        stamp = stamp_of(msg, self.allow_headerless)
        if stamp is not None:
            self._kept.append((Time(nanoseconds=stamp, clock_type=ClockType.ROS_TIME), msg))
            self.signalMessage(msg)

    def getInterval(self, from_stamp: Time, to_stamp: Time) -> list[Any]:
        """Return the messages between two times, both included."""
        return [msg for time, msg in self._kept if from_stamp <= time <= to_stamp]

    def getElemAfterTime(self, stamp: Time) -> Any | None:
        """Return the first message of a time or later."""
        return next((msg for time, msg in self._kept if time >= stamp), None)

    def getElemBeforeTime(self, stamp: Time) -> Any | None:
        """Return the last message of a time or earlier."""
        return next((msg for time, msg in reversed(self._kept) if time <= stamp), None)

    def getLastestTime(self) -> Time | None:
        """Return the time of the last message."""
        return self._kept[-1][0] if self._kept else None

    def getOldestTime(self) -> Time | None:
        """Return the time of the first message kept."""
        return self._kept[0][0] if self._kept else None

    def getLast(self) -> Any | None:
        """Return the last message."""
        return self._kept[-1][1] if self._kept else None
