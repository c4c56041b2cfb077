"""Who publishes a target? Two that stream at once would tear an arm to and fro.

ROS gives each message the count of its publisher, not the publisher itself. The messages of one
publisher count up by one; a message that continues no known count comes from another. Two counts
that both go on are two publishers that stream.
"""

from __future__ import annotations

__all__ = ['PublisherWatch']

LOST = 50  # messages that a publisher may lose on the way
FRESH = 0.5  # s after which a silent publisher is forgotten


class PublisherWatch:
    """Counts the publishers that stream on one topic, in s of one clock."""

    def __init__(self) -> None:
        self._streams: list[tuple[int, float, int]] = []  # newest count, its time, messages

    def saw(self, count: int, now: float) -> None:
        """A message with its publisher's count came."""
        streams = [stream for stream in self._streams if now - stream[1] <= FRESH]
        own = min((s for s in streams if 0 < count - s[0] <= LOST),
                  key=lambda stream: count - stream[0], default=None)
        if own is not None:
            streams.remove(own)
        streams.append((count, now, 1 if own is None else own[2] + 1))
        self._streams = streams

    def streaming(self, now: float) -> int:
        """Publishers that have sent at least two messages of late."""
        return sum(1 for _, time, messages in self._streams
                   if now - time <= FRESH and messages > 1)
