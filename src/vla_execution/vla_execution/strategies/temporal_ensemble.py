"""
Mean of all predictions for a time, older ones weighing more.

w_i = exp(−0.01 i), i = 0 the oldest prediction (Zhao et al., "Learning fine-grained bimanual
manipulation with low-cost hardware", 2023, section 4.2).
"""
import numpy as np

from vla_execution.plan import Plan, mean
from vla_execution.strategy import Strategy, continued

__all__ = ['STRATEGY', 'TemporalEnsemble', 'weights']

DECAY = 0.01


def weights(covers: np.ndarray) -> np.ndarray:
    """
    Weights [k, m] of k predictions, the oldest first, for m times; each time's sum to 1.

    ``covers`` bool [k, m] says which prediction speaks of which time; at least one must.
    """
    age = np.cumsum(covers, axis=0) - 1
    raw = np.where(covers, np.exp(-DECAY * age), 0.0)
    return raw / raw.sum(axis=0)


class TemporalEnsemble(Strategy):
    """The newest chunk's steps, each the mean over every chunk that covers its time."""

    def __init__(self) -> None:
        self._chunks: list[Plan] = []

    def reset(self) -> None:
        self._chunks.clear()

    def merge(self, plan: Plan, chunk: Plan, prefix_length: int, now_ns: int) -> Plan:
        self._chunks = [old for old in self._chunks if old.last_ns >= now_ns] + [chunk]
        times = chunk.times_ns
        covers = np.stack([(old.times_ns[0] <= times) & (times <= old.last_ns)
                           for old in self._chunks])
        rows = np.stack([old.rows_at(times) for old in self._chunks])
        merged = Plan(plan.layout, times, mean(plan.layout, rows, weights(covers)),
                      stamp_ns=chunk.stamp_ns)
        return continued(plan, merged, now_ns)


STRATEGY = TemporalEnsemble
