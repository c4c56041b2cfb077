"""A condition that holds when an expression is false."""
from ..launch_context import LaunchContext
from .if_condition import IfCondition

__all__ = ['UnlessCondition']


class UnlessCondition(IfCondition):
    """Holds when the expression reads false or 0, does not when true or 1, raises otherwise."""

    def _decide(self, context: LaunchContext) -> bool:
        return not super()._decide(context)
