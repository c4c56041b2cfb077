"""How long an answer will take, from how long the last ones took."""
from collections import deque

__all__ = ['LatencyEstimate']


class LatencyEstimate:
    """
    The longest of the last ``size`` delays, in ns: a prefix too long does less harm than one too
    short (as real-time chunking estimates it, arXiv 2506.07339, algorithm 1).
    """

    def __init__(self, size: int = 8) -> None:
        self._delays: deque[int] = deque(maxlen=size)

    def observe(self, delay_ns: int) -> None:
        """Take the delay between an observation and the arrival of its chunk."""
        self._delays.append(max(int(delay_ns), 0))

    @property
    def expected_ns(self) -> int | None:
        """The delay to plan for; None before there was an answer."""
        return max(self._delays) if self._delays else None
