"""How late ticks begin: a histogram, so that five minutes cost no more memory than one second."""

from __future__ import annotations

import numpy as np

__all__ = ['Histogram']


class Histogram:
    """Counts durations in bins of 5 µs up to 20 ms; longer ones count in the last bin."""

    BIN_US = 5.0

    def __init__(self) -> None:
        self._counts = [0] * 4001
        self.worst_us = 0.0
        self.count = 0

    def add(self, duration_us: float) -> None:
        """Count one."""
        self._counts[min(int(max(duration_us, 0.0) / self.BIN_US), 4000)] += 1
        self.count += 1
        if duration_us > self.worst_us:
            self.worst_us = duration_us

    def percentiles(self, *shares: float) -> list[float]:
        """Durations in µs below which these shares (0 to 1) lie, to the upper edge of their bin."""
        if not self.count:
            return [0.0] * len(shares)
        total = np.cumsum(self._counts)
        return [min(float(np.searchsorted(total, share * self.count) + 1) * self.BIN_US,
                    self.worst_us) for share in shares]
