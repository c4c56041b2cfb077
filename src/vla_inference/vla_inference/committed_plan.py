"""What is going to be executed, as the policy is told: rows from the observation's time on."""
import math
import threading
from dataclasses import dataclass

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.policy_contract import PolicyContract
from vla_execution.interpolation import interpolate

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
    The newest plan that execution has committed to.

    Step k of a request at stamp t is due at t + (k + 1) / rate − actuation delay.
    """

    def __init__(self, contract: PolicyContract, actuation_s: float = 0.0) -> None:
        self._space = contract.action.space
        self._rate_hz = contract.rate_hz
        self._horizon = contract.action.horizon
        self._actuation_ns = round(actuation_s * 1e9)
        self._chunk: ActionChunk | None = None
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Forget the plan."""
        with self._lock:
            self._chunk = None

    def update(self, chunk: ActionChunk) -> None:
        """Take what execution says; ChunkError or ActionSpaceMismatch if it cannot be."""
        self._space.check_compatible(chunk.space)
        chunk.validate()
        with self._lock:
            self._chunk = chunk

    def prefix(self, stamp_ns: int, now_ns: int, latency_s: float) -> Prefix:
        """What a request of an observation at ``stamp_ns`` is told, answered in ``latency_s``."""
        steps = ((now_ns - stamp_ns) / 1e9 + latency_s) * self._rate_hz
        with self._lock:
            chunk = self._chunk
        if chunk is None or now_ns - chunk.stamp_ns > STALE_NS:
            return Prefix(None, 0)
        times = chunk.stamps_ns
        due = (stamp_ns - self._actuation_ns
               + np.rint(np.arange(1, self._horizon + 1) / self._rate_hz * 1e9).astype(np.int64))
        half_step_ns = round(0.5e9 / self._rate_hz)
        due = due[due <= times[-1] + half_step_ns]
        if not len(due):
            return Prefix(None, 0)
        origin = int(times[0])
        seconds = (times - origin) / 1e9
        rows = np.stack([interpolate(self._space, seconds, np.asarray(chunk.data),
                                     (int(when) - origin) / 1e9) for when in due])
        return Prefix(rows, min(max(math.ceil(steps - 1e-9), 0), len(rows)))
