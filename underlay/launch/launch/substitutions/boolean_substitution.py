"""Logic on texts that read as truth values."""
from ..conditions.evaluate_condition_expression import evaluate_condition_expression
from ..conditions.invalid_condition_expression_error import InvalidConditionExpressionError
from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions
from .substitution_failure import SubstitutionFailure

__all__ = [
    'AllSubstitution', 'AndSubstitution', 'AnySubstitution', 'NotSubstitution', 'OrSubstitution',
]


class _BooleanSubstitution(Substitution):
    """'true' or 'false', from operands that are each a truth value."""

    def __init__(self, *operands: SomeSubstitutionsType) -> None:
        self._operands = [normalize_to_list_of_substitutions(operand) for operand in operands]

    def describe(self) -> str:
        """Return the operands as in a launch file."""
        operands = (
            ' + '.join(part.describe() for part in operand) for operand in self._operands)
        return f'{type(self).__name__}({", ".join(operands)})'

    def perform(self, context: LaunchContext) -> str:
        """Return 'true' or 'false'; raise SubstitutionFailure for other operands."""
        try:
            truths = [evaluate_condition_expression(context, part) for part in self._operands]
        except InvalidConditionExpressionError as error:
            raise SubstitutionFailure(f'{type(self).__name__}: {error}') from error
        return str(self._combine(truths)).lower()

    def _combine(self, truths: list[bool]) -> bool:
        raise NotImplementedError


class NotSubstitution(_BooleanSubstitution):
    """The opposite of a truth value."""

    def __init__(self, value: SomeSubstitutionsType) -> None:
        super().__init__(value)

    @property
    def value(self) -> list[Substitution]:
        """The operand."""
        return self._operands[0]

    def _combine(self, truths: list[bool]) -> bool:
        return not truths[0]


class _PairSubstitution(_BooleanSubstitution):
    """A truth value from two others."""

    def __init__(self, left: SomeSubstitutionsType, right: SomeSubstitutionsType) -> None:
        super().__init__(left, right)

    @property
    def left(self) -> list[Substitution]:
        """The first operand."""
        return self._operands[0]

    @property
    def right(self) -> list[Substitution]:
        """The second operand."""
        return self._operands[1]


class AndSubstitution(_PairSubstitution):
    """Whether both operands are true."""

    def _combine(self, truths: list[bool]) -> bool:
        return all(truths)


class OrSubstitution(_PairSubstitution):
    """Whether at least one of two operands is true."""

    def _combine(self, truths: list[bool]) -> bool:
        return any(truths)


class AllSubstitution(_BooleanSubstitution):
    """Whether every operand is true."""

    def _combine(self, truths: list[bool]) -> bool:
        return all(truths)


class AnySubstitution(_BooleanSubstitution):
    """Whether at least one operand is true."""

    def _combine(self, truths: list[bool]) -> bool:
        return any(truths)
