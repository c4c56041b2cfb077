"""Durations counted in bins that grow: a run of any length takes the same little space."""
import numpy as np

__all__ = ['Histogram']

SMALLEST_MS, PER_DECADE, DECADES = 0.01, 20, 7  # to 100 s


class Histogram:
    """Counts in logarithmic bins; a figure read from it is right within 6 %."""

    EDGES = SMALLEST_MS * 10 ** (np.arange(PER_DECADE * DECADES + 1) / PER_DECADE)

    def __init__(self, counts: list[int] | None = None) -> None:
        self.counts = np.zeros(len(self.EDGES) + 1, dtype=np.int64)
        if counts is not None:
            self.counts[:] = counts

    def add(self, milliseconds: float) -> None:
        """Count a duration; what is no finite number is left out."""
        if np.isfinite(milliseconds):
            self.counts[np.searchsorted(self.EDGES, milliseconds, side='right')] += 1

    @property
    def total(self) -> int:
        """Durations counted."""
        return int(self.counts.sum())

    def quantile(self, share: float) -> float:
        """ms below which ``share`` of them lie; NaN without any."""
        if not self.total:
            return float('nan')
        place = int(np.searchsorted(np.cumsum(self.counts), share * self.total))
        edges = np.concatenate([[0.0], self.EDGES])
        return float(edges[min(place + 1, len(edges) - 1)])
