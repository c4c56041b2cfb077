"""Equality of two texts."""
import math
from collections.abc import Iterable
from typing import Any

from ..launch_context import LaunchContext
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = ['EqualsSubstitution']


class EqualsSubstitution(Substitution):
    """'true' when both sides are equal as texts, truth values or numbers, else 'false'."""

    def __init__(self, left: Any, right: Any) -> None:
        self.__left = _as_substitutions(left)
        self.__right = _as_substitutions(right)

    @property
    def left(self) -> list[Substitution]:
        """The left side."""
        return self.__left

    @property
    def right(self) -> list[Substitution]:
        """The right side."""
        return self.__right

    def describe(self) -> str:
        """Return both sides as in a launch file."""
        left = ' + '.join(part.describe() for part in self.left)
        right = ' + '.join(part.describe() for part in self.right)
        return f'{type(self).__name__}({left}, {right})'

    def perform(self, context: LaunchContext) -> str:
        """Return 'true' or 'false'."""
        return str(self._are_equal(context)).lower()

    def _are_equal(self, context: LaunchContext) -> bool:
        left = perform_substitutions(context, self.left)
        right = perform_substitutions(context, self.right)
        return left == right or _same_truth(left, right) or _same_number(left, right)


def _as_substitutions(side: Any) -> list[Substitution]:
    if isinstance(side, (Iterable, Substitution)):
        return normalize_to_list_of_substitutions(side)
    text = str(side).lower() if isinstance(side, bool) else str(side)
    return normalize_to_list_of_substitutions(text)


def _same_truth(left: str, right: str) -> bool:
    truths = {'true': True, '1': True, 'false': False, '0': False}
    sides = [truths.get(text.strip().lower()) for text in (left, right)]
    return None not in sides and sides[0] == sides[1]


def _same_number(left: str, right: str) -> bool:
    try:
        return math.isclose(float(left), float(right))
    except ValueError:
        return False
