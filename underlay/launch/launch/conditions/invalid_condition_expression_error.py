"""The error of a condition that is neither true nor false."""

__all__ = ['InvalidConditionExpressionError']


class InvalidConditionExpressionError(Exception):
    """A text that should be a truth value is none."""
