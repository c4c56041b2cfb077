"""
Chunks that come late, unevenly, twice out of order or never: a bad link, made to order.

The same settings, seed and calls give the same faults, in lockstep and in the node.
"""
import heapq
from dataclasses import dataclass

import numpy as np

from vla_core.action_chunk import ActionChunk

__all__ = ['FaultInjector', 'Faults']


@dataclass(frozen=True)
class Faults:
    """
    What happens to chunks on their way.

    Each takes ``delay_s`` and uniformly up to ``jitter_s`` more, the first ``cold_start_s`` on
    top. A share ``loss`` never arrives; a share ``reorder`` is held back by another
    ``reorder_s``, so that later ones overtake it.
    """

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    reorder: float = 0.0
    reorder_s: float = 0.3
    cold_start_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ('delay_s', 'jitter_s', 'reorder_s', 'cold_start_s'):
            value = getattr(self, name)
            if not np.isfinite(value) or value < 0:
                raise ValueError(f'{name}: must be finite and not negative (got {value})')
        for name in ('loss', 'reorder'):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f'{name}: must lie in 0 to 1 (got {getattr(self, name)})')


class FaultInjector:
    """A link with ``faults``: chunks are put in at one end and come out at the other."""

    def __init__(self, faults: Faults, random: np.random.Generator) -> None:
        self._faults, self._random = faults, random
        self._on_the_way: list[tuple[int, int, ActionChunk]] = []
        self._count = 0

    def put(self, chunk: ActionChunk, now_ns: int) -> int | None:
        """Send a chunk at ``now_ns``; the time in ns it will arrive at, None when it is lost."""
        faults, random = self._faults, self._random
        delay = faults.delay_s + faults.jitter_s * float(random.random())
        lost, held = random.random() < faults.loss, random.random() < faults.reorder
        delay += (faults.reorder_s if held else 0.0) + (
            faults.cold_start_s if self._count == 0 else 0.0)
        self._count += 1
        if lost:
            return None
        arrives = now_ns + round(delay * 1e9)
        heapq.heappush(self._on_the_way, (arrives, self._count, chunk))
        return arrives

    def arrived(self, now_ns: int) -> list[ActionChunk]:
        """Chunks that have come out by ``now_ns``, in the order of their arrival."""
        arrived = []
        while self._on_the_way and self._on_the_way[0][0] <= now_ns:
            arrived.append(heapq.heappop(self._on_the_way)[2])
        return arrived
