"""
Mean of all predictions for a time, older ones weighing more.

w_i = exp(−0.01 i), i = 0 the oldest prediction (Zhao et al., "Learning fine-grained bimanual
manipulation with low-cost hardware", 2023, section 4.2).
"""
from collections import deque

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace
from vla_execution.interpolation import interpolate, weighted_mean

__all__ = ['STRATEGY', 'TemporalEnsemble']

DECAY = 0.01


class TemporalEnsemble:
    """See the module; before the first predicted step the reference comes from where it stood."""

    synchronous = False

    def __init__(self, space: ActionSpace) -> None:
        self._space = space
        self._chunks: deque[tuple[np.ndarray, np.ndarray]] = deque()
        self._start = 0, np.zeros(space.dimension)
        self._last = self._start[1]

    def start(self, now_ns: int, action: np.ndarray) -> None:
        self._chunks.clear()
        self._start = now_ns, action.copy()
        self._last = self._start[1]

    def add(self, chunk: ActionChunk, now_ns: int) -> None:
        if not self._chunks:
            self._start = now_ns, self._last
        self._chunks.append((chunk.stamps_ns, np.asarray(chunk.data, np.float64)))

    def reference(self, now_ns: int) -> np.ndarray:
        while len(self._chunks) > 1 and self._chunks[0][0][-1] < now_ns:
            self._chunks.popleft()
        covering = [(stamps, data) for stamps, data in self._chunks
                    if stamps[0] <= now_ns <= stamps[-1]]
        if covering:
            weights = np.exp(-DECAY * np.arange(len(covering)))
            rows = np.stack([interpolate(self._space, stamps, data, now_ns)
                             for stamps, data in covering])
            self._last = weighted_mean(self._space, rows, weights / weights.sum())
        elif self._chunks and now_ns < self._chunks[0][0][0]:
            begin, held = self._start
            stamps, data = self._chunks[0]
            self._last = interpolate(
                self._space, np.array([begin, max(stamps[0], begin + 1)]),
                np.stack([held, data[0]]), now_ns)
        elif self._chunks:
            self._last = np.array(self._chunks[-1][1][-1])
        return self._last.copy()

    def ends_ns(self) -> int:
        return int(self._chunks[-1][0][-1]) if self._chunks else self._start[0]


STRATEGY = TemporalEnsemble
