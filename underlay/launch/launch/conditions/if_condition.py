"""A condition that holds when an expression is true."""
from ..condition import Condition
from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities import normalize_to_list_of_substitutions
from .evaluate_condition_expression import evaluate_condition_expression

__all__ = ['IfCondition']


class IfCondition(Condition):
    """Holds when the expression reads true or 1, does not when false or 0, raises otherwise."""

    def __init__(self, predicate_expression: SomeSubstitutionsType) -> None:
        self.__expression = normalize_to_list_of_substitutions(predicate_expression)
        super().__init__(predicate=self._decide)

    def describe(self) -> str:
        """Return the expression as in a launch file."""
        parts = ' + '.join(part.describe() for part in self.__expression)
        return f'{type(self).__name__}({parts})'

    def _decide(self, context: LaunchContext) -> bool:
        return evaluate_condition_expression(context, self.__expression)
