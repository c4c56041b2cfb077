"""Truth values written as text."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities import perform_substitutions
from .invalid_condition_expression_error import InvalidConditionExpressionError

if TYPE_CHECKING:
    from ..launch_context import LaunchContext

__all__ = ['evaluate_condition_expression']

_TRUTHS = {'true': True, '1': True, 'false': False, '0': False}


def evaluate_condition_expression(
    context: LaunchContext, expression: SomeSubstitutionsType,
) -> bool:
    """Return the truth of true, 1, false or 0 in any case; raise for anything else."""
    text = perform_substitutions(context, expression)
    if text.strip().lower() not in _TRUTHS:
        raise InvalidConditionExpressionError(
            f'{text!r} is not a truth value (use true, false, 1 or 0)')
    return _TRUTHS[text.strip().lower()]
