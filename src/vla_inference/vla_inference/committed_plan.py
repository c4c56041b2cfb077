"""What is going to be executed, as the policy is told: rows from the observation's time on."""
import math
import threading
from dataclasses import dataclass

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile
from vla_execution.layout import Layout
from vla_execution.plan import Plan

__all__ = ['CommittedPlan', 'Prefix']

STALE_NS = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Prefix:
    """
    ``rows`` [n, D] of the plan from step 0 on, None without a plan.

    Rows 0 to ``delay`` − 1 are certain to be executed before an answer can take effect; later ones
    are the previous plan.
    """

    rows: np.ndarray | None
    delay: int


class CommittedPlan:
    """
    The newest plan that execution has committed to, on the curve that it will execute.

    Step k of a request at stamp t is due at t + (k + 1) / rate − actuation delay. Actions that
    are not absolute mean something else from every observation: for those there is no prefix.
    """

    def __init__(
        self, contract: PolicyContract, profile: RobotProfile, actuation_s: float = 0.0,
    ) -> None:
        self._space = contract.action.space
        absolute = self._space.kind in ('joint_position', 'pose')
        self._layout = Layout(self._space, profile) if absolute else None
        self._rate_hz = contract.rate_hz
        self._horizon = contract.action.horizon
        self._actuation_ns = round(actuation_s * 1e9)
        self._plan: Plan | None = None
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Forget the plan."""
        with self._lock:
            self._plan = None

    def update(self, chunk: ActionChunk) -> None:
        """Take what execution says; ValueError for a chunk that cannot be executed."""
        if self._layout is None:
            return
        self._space.check_compatible(chunk.space)
        chunk.validate()
        plan = Plan(self._layout, chunk.stamps_ns, chunk.data, stamp_ns=chunk.stamp_ns)
        with self._lock:
            self._plan = plan

    def prefix(self, stamp_ns: int, now_ns: int, latency_s: float) -> Prefix:
        """What a request of an observation at ``stamp_ns`` is told, answered in ``latency_s``."""
        steps = ((now_ns - stamp_ns) / 1e9 + latency_s) * self._rate_hz
        with self._lock:
            plan = self._plan
        if plan is None or now_ns - plan.stamp_ns > STALE_NS:
            return Prefix(None, 0)
        due = (stamp_ns - self._actuation_ns
               + np.rint(np.arange(1, self._horizon + 1) / self._rate_hz * 1e9).astype(np.int64))
        due = due[due <= plan.last_ns + round(0.5e9 / self._rate_hz)]
        if not len(due):
            return Prefix(None, 0)
        return Prefix(plan.rows_at(due), min(max(math.ceil(steps - 1e-9), 0), len(due)))
