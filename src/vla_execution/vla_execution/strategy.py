"""How chunks that overlap become one plan, and what a policy is told of it."""
from abc import ABC, abstractmethod

import numpy as np

from vla_execution.plan import Plan

__all__ = ['Strategy', 'continued']


class Strategy(ABC):
    """
    One way to execute chunks; times are ns, rows those of the absolute space of the plan.

    It holds no plan itself: the scheduler does, and hands it in.
    """

    #: Whether the next chunk is asked for only when this one has been executed.
    synchronous: bool = False

    def reset(self) -> None:  # noqa: B027 - most remember nothing
        """Forget all chunks: the robot begins anew, at rest."""

    @abstractmethod
    def merge(self, plan: Plan, chunk: Plan, prefix_length: int, now_ns: int) -> Plan:
        """
        The plan after ``chunk`` arrived at ``now_ns``, whose steps lie at their own times.

        Its first ``prefix_length`` rows were taken over from the plan that was committed.
        """

    def prefix(self, plan: Plan, times_ns: np.ndarray, delay: int) -> np.ndarray | None:
        """
        Rows [n, D] that the policy continues, or None for a policy left to itself.

        ``times_ns`` [H] are those of the chunk to come, ``delay`` its steps that will be past when
        it arrives. The rows begin with step 0; the first ``delay`` are certain to be executed.
        """
        return None

    def conditioned_ns(self, now_ns: int, delay_ns: int) -> int:
        """Time of the state that a policy asked now is to see, its answer ``delay_ns`` away."""
        return now_ns


def continued(plan: Plan, chunk: Plan, now_ns: int) -> Plan:
    """``chunk``, reached from where ``plan`` is now when its first step is still to come."""
    first = int(chunk.times_ns[0])
    if now_ns >= first:
        return chunk
    return Plan(
        plan.layout, np.concatenate([[now_ns], chunk.times_ns]),
        np.vstack([plan.at(now_ns), chunk.rows]), stamp_ns=chunk.stamp_ns,
        start_slope=plan.sample(now_ns).velocity)
