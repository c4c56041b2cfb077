"""When the policy is asked again: at a rate, or when little of the plan is left."""
from dataclasses import dataclass

from vla_core.policy_contract import PolicyContract

__all__ = ['RequestTrigger']

#: A picture may come this much before its time, s, rather than the next one long after it.
EARLY_S = 0.005


@dataclass
class RequestTrigger:
    """
    Decides with each observation whether the policy is asked about it.

    So what the policy is shown has just been seen; asked between two pictures it would be shown an
    old one. ``rate_hz`` is the most requests a second, in stamps of the observations, 0 as many as
    there are observations. With ``horizon_s`` above 0 the policy is asked only when no more than
    that, and what an answer takes, is left of the plan.
    """

    rate_hz: float = 0.0
    horizon_s: float = 0.0
    _asked_ns: int | None = None
    _plan_ends_s: float | None = None

    @classmethod
    def of(cls, contract: PolicyContract, rate_hz: float, horizon_s: float) -> 'RequestTrigger':
        """The trigger for a policy; a rate of 0 leaves it to the contract's ``replan_steps``."""
        steps = contract.action.replan_steps
        return cls(rate_hz or (contract.rate_hz / steps if steps else 0.0), horizon_s)

    def begin(self) -> None:
        """A new task, or a plan that will not be executed: ask with the next observation."""
        self._asked_ns = self._plan_ends_s = None

    def asked(self, stamp_ns: int) -> None:
        """Note the stamp of an observation that the policy was asked about."""
        self._asked_ns = stamp_ns

    def planned(self, ends_s: float) -> None:
        """Note when the newest plan ends, s of the clock that `due` is told."""
        self._plan_ends_s = ends_s

    def due(self, stamp_ns: int, now_s: float, latency_s: float) -> bool:
        """Whether to ask about the observation of ``stamp_ns``; an answer takes ``latency_s``."""
        if self.rate_hz > 0 and self._asked_ns is not None:
            passed_s = (stamp_ns - self._asked_ns) / 1e9  # negative: the clock was set back
            if 0.0 <= passed_s < 1.0 / self.rate_hz - EARLY_S:
                return False
        if self.horizon_s > 0 and self._plan_ends_s is not None:
            return self._plan_ends_s - now_s <= self.horizon_s + latency_s
        return True
