"""The newest chunk wins at once: simple, and the reference may jump to it within one step."""
import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace
from vla_execution.interpolation import interpolate

__all__ = ['STRATEGY', 'Replace']


class Replace:
    """Steps of the newest chunk at their own times; what is past on arrival is skipped."""

    synchronous = False

    def __init__(self, space: ActionSpace) -> None:
        self._space = space
        self._times = np.zeros(1, np.int64)
        self._data = np.zeros((1, space.dimension))

    def start(self, now_ns: int, action: np.ndarray) -> None:
        self._times, self._data = np.array([now_ns]), action[None].copy()

    def add(self, chunk: ActionChunk, now_ns: int) -> None:
        stamps = chunk.stamps_ns
        ahead = stamps > now_ns
        held = self.reference(now_ns)
        self._times = np.concatenate([[now_ns], stamps[ahead]])
        self._data = np.vstack([held, np.asarray(chunk.data, np.float64)[ahead]])

    def reference(self, now_ns: int) -> np.ndarray:
        return interpolate(self._space, self._times, self._data, now_ns)

    def ends_ns(self) -> int:
        return int(self._times[-1])


STRATEGY = Replace
