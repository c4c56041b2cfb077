"""A whole chunk, then a stop until the next: what a synchronous client does."""
from vla_execution.plan import Plan
from vla_execution.strategy import Strategy, continued

__all__ = ['STRATEGY', 'OpenLoop']


class OpenLoop(Strategy):
    """
    All steps of a chunk from its arrival on, however long the inference took.

    The robot waits where the last chunk ended, so no step is skipped.
    """

    synchronous = True

    def merge(self, plan: Plan, chunk: Plan, prefix_length: int, now_ns: int) -> Plan:
        return continued(plan, chunk.shifted(now_ns - chunk.stamp_ns), now_ns)


STRATEGY = OpenLoop
