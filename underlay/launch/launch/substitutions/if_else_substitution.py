"""One of two texts."""
from ..conditions.evaluate_condition_expression import evaluate_condition_expression
from ..conditions.invalid_condition_expression_error import InvalidConditionExpressionError
from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .substitution_failure import SubstitutionFailure

__all__ = ['IfElseSubstitution']


class IfElseSubstitution(Substitution):
    """One text when a condition is true, another when it is false."""

    def __init__(
        self,
        condition: SomeSubstitutionsType,
        if_value: SomeSubstitutionsType = '',
        else_value: SomeSubstitutionsType = '',
    ) -> None:
        if if_value == '' and else_value == '':
            raise RuntimeError('IfElseSubstitution: give if_value, else_value or both')
        self.__condition = normalize_to_list_of_substitutions(condition)
        self.__if_value = normalize_to_list_of_substitutions(if_value)
        self.__else_value = normalize_to_list_of_substitutions(else_value)

    @property
    def condition(self) -> list[Substitution]:
        """What decides."""
        return self.__condition

    @property
    def if_value(self) -> list[Substitution]:
        """The text when the condition is true."""
        return self.__if_value

    @property
    def else_value(self) -> list[Substitution]:
        """The text when the condition is false."""
        return self.__else_value

    def describe(self) -> str:
        """Return the three parts as in a launch file."""
        parts = (
            ' + '.join(part.describe() for part in text)
            for text in (self.condition, self.if_value, self.else_value))
        return f'IfElseSubstitution({", ".join(parts)})'

    def perform(self, context: LaunchContext) -> str:
        """Return the chosen text; raise SubstitutionFailure when nothing can be chosen."""
        try:
            truth = evaluate_condition_expression(context, self.condition)
        except InvalidConditionExpressionError as error:
            raise SubstitutionFailure(f'IfElseSubstitution: {error}') from error
        return perform_substitutions(context, self.if_value if truth else self.else_value)
