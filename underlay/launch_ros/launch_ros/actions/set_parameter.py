"""Set a parameter of many nodes."""
from typing import Any

from launch import Action, LaunchContext, SomeSubstitutionsType

from ..parameter_values import evaluate_parameters

__all__ = ['SetParameter']


class SetParameter(Action):
    """Sets a parameter of all nodes from here to the end of the group."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        key = tuple(name) if isinstance(name, list) else name
        self.__parameter = {key: value}

    @property
    def name(self) -> SomeSubstitutionsType:
        """The name of the parameter."""
        return next(iter(self.__parameter))

    @property
    def value(self) -> Any:
        """The value before substitution."""
        return self.__parameter[self.name]

    def execute(self, context: LaunchContext) -> None:
        """Add the parameter to the scope."""
        before = context.launch_configurations.get('global_params', [])
        added = evaluate_parameters(context, self.__parameter)
        context.launch_configurations['global_params'] = [*before, *added.items()]
