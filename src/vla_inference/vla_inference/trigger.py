"""When the policy is asked again: at a rate, or when little of the plan is left."""
from dataclasses import dataclass

from vla_core.policy_contract import PolicyContract

__all__ = ['RequestTrigger']


@dataclass
class RequestTrigger:
    """
    Decides by times in s of one clock.

    ``rate_hz`` is the most requests a second, 0 as many as there are observations. With
    ``horizon_s`` above 0 the policy is asked only when no more than that, and what an answer
    takes, is left of the plan.
    """

    rate_hz: float = 0.0
    horizon_s: float = 0.0
    _asked_s: float | None = None
    _plan_ends_s: float | None = None

    @classmethod
    def of(cls, contract: PolicyContract, rate_hz: float, horizon_s: float) -> 'RequestTrigger':
        """The trigger for a policy; a rate of 0 leaves it to the contract's ``replan_steps``."""
        steps = contract.action.replan_steps
        return cls(rate_hz or (contract.rate_hz / steps if steps else 0.0), horizon_s)

    def begin(self) -> None:
        """A new task, or a plan that will not be executed: ask at once."""
        self._asked_s = self._plan_ends_s = None

    def asked(self, now_s: float) -> None:
        """Note a request."""
        self._asked_s = now_s

    def planned(self, ends_s: float) -> None:
        """Note when the newest plan ends."""
        self._plan_ends_s = ends_s

    def due_in(self, now_s: float, latency_s: float) -> float:
        """Seconds until the next request is due; not positive when it is."""
        wait = 0.0
        if self.rate_hz > 0 and self._asked_s is not None:
            wait = self._asked_s + 1.0 / self.rate_hz - now_s
        if self.horizon_s > 0 and self._plan_ends_s is not None:
            wait = max(wait, self._plan_ends_s - self.horizon_s - latency_s - now_s)
        return wait
