"""What the robot's state was a short while ago, by stamp."""
from bisect import bisect_right
from collections import deque

import numpy as np

from vla_execution.layout import Layout
from vla_execution.plan import mean

__all__ = ['StateHistory']


class StateHistory:
    """
    Measured states as rows [D] of the absolute space of ``layout``, over the last ``length_s``.

    Between two samples the state is interpolated; a time more than ``slack_s`` outside of what is
    kept is not known.
    """

    def __init__(self, layout: Layout, length_s: float = 10.0, slack_s: float = 0.1) -> None:
        self._layout = layout
        self._length_ns, self._slack_ns = round(length_s * 1e9), round(slack_s * 1e9)
        self._stamps: deque[int] = deque()
        self._rows: deque[np.ndarray] = deque()

    def clear(self) -> None:
        """Forget all of it, as after a reset of the robot's time."""
        self._stamps.clear()
        self._rows.clear()

    def add(self, stamp_ns: int, row: np.ndarray) -> None:
        """Take a newer sample; one that is not newer, or not finite, is left out."""
        if (self._stamps and stamp_ns <= self._stamps[-1]) or not np.all(np.isfinite(row)):
            return
        self._stamps.append(stamp_ns)
        self._rows.append(np.array(row, np.float64))
        while self._stamps[0] < stamp_ns - self._length_ns:
            self._stamps.popleft()
            self._rows.popleft()

    @property
    def newest(self) -> np.ndarray | None:
        """The newest state [D]."""
        return self._rows[-1] if self._rows else None

    @property
    def newest_ns(self) -> int | None:
        """Its stamp."""
        return self._stamps[-1] if self._stamps else None

    def at(self, stamp_ns: int) -> np.ndarray | None:
        """The state [D] at ``stamp_ns``, None where it is not known."""
        if not self._stamps or not (self._stamps[0] - self._slack_ns <= stamp_ns
                                    <= self._stamps[-1] + self._slack_ns):
            return None
        index = bisect_right(self._stamps, stamp_ns)
        if index == 0 or index == len(self._stamps):
            return self._rows[min(index, len(self._stamps) - 1)].copy()
        before, after = self._stamps[index - 1], self._stamps[index]
        share = (stamp_ns - before) / (after - before)
        return mean(self._layout, np.stack([self._rows[index - 1], self._rows[index]])[:, None],
                    np.array([1.0 - share, share]))[0]
