"""
How many messages of a topic were lost on the way, from the counts that publishers give them.

ROS numbers the messages of each publisher but does not say whose a message is. One publisher's
numbers go up by one; where several share a topic, a message belongs to the one whose last number it
follows most closely.
"""

__all__ = ['SequenceWatch']

NEAR = 1000  # messages that a publisher beside others may lose at once


class SequenceWatch:
    """Watches the numbers of one topic."""

    def __init__(self) -> None:
        self._last: list[int] = []

    def missed(self, number: int | None, publishers: int) -> int:
        """
        How many messages are missing before this one.

        ``number`` is the publisher's, None where the middleware does not count; ``publishers`` is
        how many there are. The first message of a publisher, also of one that began anew, tells
        nothing.
        """
        if number is None:
            return 0
        if publishers <= 1 and self._last:
            gap, self._last = number - self._last[-1], [number]
            return max(0, gap - 1)
        nearest = min((last for last in self._last if 0 < number - last <= NEAR),
                      key=lambda last: number - last, default=None)
        if nearest is None:
            self._last = [*self._last[-15:], number]
            return 0
        self._last[self._last.index(nearest)] = number
        return number - nearest - 1
