"""
From chunks that arrive now and then to one reference that is there at every time.

A chunk lands at its own times: step i is due at stamp + times_s[i]. How chunks that overlap are
merged is the strategy's; this checks what comes in and keeps the reference continuous at a start.
"""
from typing import Protocol

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace
from vla_execution import strategies

__all__ = ['Scheduler', 'Strategy']


class Strategy(Protocol):
    """How chunks become a reference. Times are ns, actions rows of the space."""

    #: Whether the next chunk is asked for only when this one has been executed.
    synchronous: bool

    def start(self, now_ns: int, action: np.ndarray) -> None:
        """Begin at rest at ``action`` [D], with nothing scheduled."""

    def add(self, chunk: ActionChunk, now_ns: int) -> None:
        """Take in a chunk that arrived at ``now_ns``."""

    def reference(self, now_ns: int) -> np.ndarray:
        """The action [D] due at ``now_ns``; the last one when all is executed."""

    def ends_ns(self) -> int:
        """When the last scheduled step is due."""


class Scheduler:
    """Executes chunks of ``space`` by the strategy called ``strategy``."""

    def __init__(self, space: ActionSpace, strategy: str = 'replace') -> None:
        self.space = space
        self.strategy: Strategy = strategies.create(strategy, space)
        self._newest: int | None = None

    def start(self, now_ns: int, action: np.ndarray) -> None:
        """Begin at rest at ``action`` [D], where the robot is."""
        self._newest = None
        self.strategy.start(now_ns, np.asarray(action, dtype=np.float64))

    def add(self, chunk: ActionChunk, now_ns: int) -> bool:
        """
        Take in a chunk; False when it is older than one taken in before, or all in the past.

        ChunkError or ActionSpaceMismatch, naming the field, when it must not be executed.
        """
        chunk.validate()
        self.space.check_compatible(chunk.space)
        late = chunk.stamps_ns[-1] <= now_ns and not self.strategy.synchronous
        if late or (self._newest is not None and chunk.stamp_ns < self._newest):
            return False
        self._newest = chunk.stamp_ns
        self.strategy.add(chunk, now_ns)
        return True

    def reference(self, now_ns: int) -> np.ndarray:
        """The action [D] due at ``now_ns``."""
        return self.strategy.reference(now_ns)

    def wants_chunk(self, now_ns: int, lead_ns: int = 0) -> bool:
        """Whether a synchronous strategy has come to its end, ``lead_ns`` ahead; else always."""
        return not self.strategy.synchronous or now_ns + lead_ns >= self.strategy.ends_ns()
