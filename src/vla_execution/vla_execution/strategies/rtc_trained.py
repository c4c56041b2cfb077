"""
Real-time chunking by training: the policy has learned to continue a frozen prefix.

It is handed only the steps that will be past when it answers, and conditions on them (Black et
al., "Training-time action conditioning for efficient real-time chunking", 2025).
"""
import numpy as np

from vla_execution.plan import Plan
from vla_execution.strategies.rtc import RealTimeChunking

__all__ = ['STRATEGY', 'TrainedRealTimeChunking']


class TrainedRealTimeChunking(RealTimeChunking):
    """As `rtc`, with no more of the old plan than is certain to be executed."""

    def prefix(self, plan: Plan, times_ns: np.ndarray, delay: int) -> np.ndarray | None:
        return plan.rows_at(times_ns[:delay]) if delay else None


STRATEGY = TrainedRealTimeChunking
