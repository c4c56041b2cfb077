"""Latency and rate of inference without its warm-up."""
import threading
import time
from collections import deque

import numpy as np

__all__ = ['LatencyStatistics']


class LatencyStatistics:
    """
    Latencies of the last ``window`` answers; the first ``warm_up`` are left out.

    Those pay for compilation and caches: counted in, they would make the first chunk skip most of
    its actions.
    """

    def __init__(self, window: int = 200, warm_up: int = 2) -> None:
        self._latencies: deque[float] = deque(maxlen=window)
        self._times: deque[float] = deque(maxlen=window)
        self._left_out = warm_up
        self._lock = threading.Lock()

    def add(self, latency_s: float) -> None:
        """Take the latency of an answer."""
        with self._lock:
            self._times.append(time.monotonic())
            if self._left_out:
                self._left_out -= 1
            else:
                self._latencies.append(latency_s)

    def quantile_s(self, share: float) -> float:
        """The latency that ``share`` of the answers kept; 0 before there is one."""
        with self._lock:
            return float(np.quantile(self._latencies, share)) if self._latencies else 0.0

    @property
    def newest_s(self) -> float:
        """The newest latency; 0 before there is one."""
        with self._lock:
            return self._latencies[-1] if self._latencies else 0.0

    def rate_hz(self, window_s: float = 3.0) -> float:
        """Answers a second over the last ``window_s``."""
        now = time.monotonic()
        with self._lock:
            recent = [then for then in self._times if now - then <= window_s]
        if len(recent) < 2:
            return len(recent) / window_s
        return (len(recent) - 1) / max(now - recent[0], recent[-1] - recent[0], 1e-9)
