"""A whole chunk, then a stop until the next: what a synchronous client does."""
import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_execution.strategies.replace import Replace

__all__ = ['STRATEGY', 'OpenLoop']


class OpenLoop(Replace):
    """
    All steps of a chunk from its arrival on, however long the inference took.

    The robot waits where the last chunk ended, so no step is skipped.
    """

    synchronous = True

    def add(self, chunk: ActionChunk, now_ns: int) -> None:
        held = self.reference(now_ns)
        self._times = np.concatenate([[now_ns], chunk.stamps_ns - chunk.stamp_ns + now_ns])
        self._data = np.vstack([held, np.asarray(chunk.data, np.float64)])


STRATEGY = OpenLoop
