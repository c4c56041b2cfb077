"""The newest chunk wins at once: simple, and the plan jumps to it as far as the two disagree."""
from vla_execution.plan import Plan
from vla_execution.strategy import Strategy, continued

__all__ = ['STRATEGY', 'Replace']


class Replace(Strategy):
    """Steps of the newest chunk at their own times; what is past on arrival is skipped."""

    def merge(self, plan: Plan, chunk: Plan, prefix_length: int, now_ns: int) -> Plan:
        return continued(plan, chunk, now_ns)


STRATEGY = Replace
