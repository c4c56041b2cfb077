"""The value of a Python expression."""
import importlib
from collections.abc import Iterable

from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions
from .substitution_failure import SubstitutionFailure

__all__ = ['PythonExpression']


class PythonExpression(Substitution):
    """
    A Python expression, evaluated with the contents of some modules in sight.

    The `math` module is in sight by default, both by its name and by its contents.
    """

    def __init__(
        self,
        expression: SomeSubstitutionsType,
        python_modules: Iterable[SomeSubstitutionsType] | None = None,
    ) -> None:
        self.__expression = normalize_to_list_of_substitutions(expression)
        modules = ['math'] if python_modules is None else python_modules
        self.__python_modules = [
            normalize_to_list_of_substitutions(module)
            for module in ([modules] if isinstance(modules, str) else modules)]

    @property
    def expression(self) -> list[Substitution]:
        """The expression."""
        return self.__expression

    @property
    def python_modules(self) -> list[list[Substitution]]:
        """The modules in sight."""
        return self.__python_modules

    def describe(self) -> str:
        """Return the expression as in a launch file."""
        return f'PythonExpression({" + ".join(part.describe() for part in self.expression)})'

    def perform(self, context: LaunchContext) -> str:
        """Return the value as text; raise SubstitutionFailure when it cannot be evaluated."""
        expression = perform_substitutions(context, self.expression)
        try:
            return str(eval(expression, {}, self.__names_in_sight(context)))
        except Exception as error:
            raise SubstitutionFailure(
                f'PythonExpression {expression!r}: {type(error).__name__}: {error}') from error

    def __names_in_sight(self, context: LaunchContext) -> dict:
        names = {}
        for part in self.python_modules:
            module = importlib.import_module(perform_substitutions(context, part))
            names[module.__name__] = module
            if module.__name__ == 'math':
                names.update(vars(module))
        return names
