"""Inequality of two texts."""
from ..launch_context import LaunchContext
from .equals_substitution import EqualsSubstitution

__all__ = ['NotEqualsSubstitution']


class NotEqualsSubstitution(EqualsSubstitution):
    """'false' when both sides are equal as texts, truth values or numbers, else 'true'."""

    def perform(self, context: LaunchContext) -> str:
        """Return 'true' or 'false'."""
        return str(not self._are_equal(context)).lower()
