"""The value of a launch local."""
from ..launch_context import LaunchContext
from ..substitution import Substitution
from .substitution_failure import SubstitutionFailure

__all__ = ['LocalSubstitution']


class LocalSubstitution(Substitution):
    """A member of the context's locals, as in `event.reason` or `names['left']`."""

    def __init__(self, expression: str, description: str | None = None) -> None:
        self.__expression = expression
        self.__description = description

    @property
    def expression(self) -> str:
        """What is read from the locals."""
        return self.__expression

    def describe(self) -> str:
        """Return the description, or else the expression."""
        return f'LocalSubstitution({self.__description or self.expression!r})'

    def perform(self, context: LaunchContext) -> str:
        """Return the value as text; raise SubstitutionFailure when there is none."""
        try:
            return str(eval(self.expression, {}, context.get_locals_as_dict()))
        except Exception as error:
            raise SubstitutionFailure(f'local {self.expression!r}: {error}') from error
