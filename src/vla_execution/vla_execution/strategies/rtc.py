"""
Real-time chunking: the policy in-paints its next chunk onto the one that is being executed.

It is handed what is still committed, from the step after its observation on. The steps that will
be past when it answers are certain; the later ones draw the answer with a weight that fades (Black
et al., "Real-time execution of action chunking flow policies", 2025, arXiv 2506.07339, algorithm
1; the guidance itself is the policy's).
"""
import numpy as np

from vla_execution.plan import Plan
from vla_execution.strategy import Strategy, continued

__all__ = ['STRATEGY', 'RealTimeChunking']


class RealTimeChunking(Strategy):
    """Merged at its own times; the frozen prefix stays what was committed, to the last bit."""

    def merge(self, plan: Plan, chunk: Plan, prefix_length: int, now_ns: int) -> Plan:
        if prefix_length:
            rows = chunk.rows
            rows[:prefix_length] = plan.rows_at(chunk.times_ns[:prefix_length])
            chunk = Plan(plan.layout, chunk.times_ns, rows, stamp_ns=chunk.stamp_ns)
        return continued(plan, chunk, now_ns)

    def prefix(self, plan: Plan, times_ns: np.ndarray, delay: int) -> np.ndarray | None:
        """What is committed, never beyond its end: a row that nobody planned says nothing."""
        planned = int(np.searchsorted(times_ns, plan.last_ns, side='right'))
        # Beyond the end the robot holds the last row: certain while the answer is on its way.
        return plan.rows_at(times_ns[:max(planned, delay)]) if max(planned, delay) else None


STRATEGY = RealTimeChunking
