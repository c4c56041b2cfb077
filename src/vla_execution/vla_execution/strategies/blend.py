"""Cross-fade from the plan to the newest chunk: no jump, at the price of a while in between."""
import numpy as np

from vla_execution.plan import Plan, mean
from vla_execution.strategy import Strategy

__all__ = ['STRATEGY', 'Blend', 'share_of_new']

DURATION = 0.3  # s
KNOTS = 6  # of the fade, between the chunk's own


def share_of_new(times_ns: np.ndarray, now_ns: int) -> np.ndarray:
    """Weight [n] of the new chunk at times [n]: 3 s² − 2 s³ from 0 now to 1 after `DURATION`."""
    s = np.clip((times_ns - now_ns) * 1e-9 / DURATION, 0.0, 1.0)
    return s * s * (3.0 - 2.0 * s)


class Blend(Strategy):
    """From now on the weighted mean of the old plan and the new chunk, then the chunk alone."""

    def merge(self, plan: Plan, chunk: Plan, prefix_length: int, now_ns: int) -> Plan:
        fade = now_ns + np.rint(np.linspace(0.0, DURATION * 1e9, KNOTS)).astype(np.int64)
        times = np.union1d(fade, chunk.times_ns[chunk.times_ns > fade[-1]])
        times = times[times <= max(chunk.last_ns, int(fade[1]))]
        new = share_of_new(times, now_ns)
        rows = mean(plan.layout, np.stack([plan.rows_at(times), chunk.rows_at(times)]),
                    np.stack([1.0 - new, new]))
        return Plan(plan.layout, times, rows, stamp_ns=chunk.stamp_ns,
                    start_slope=plan.sample(now_ns).velocity)


STRATEGY = Blend
