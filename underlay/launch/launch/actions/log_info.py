"""Say something."""
from typing import Any

from ..action import Action
from ..launch_context import LaunchContext
from ..logging import get_logger
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = ['LogInfo']


class LogInfo(Action):
    """Logs a message."""

    def __init__(self, *, msg: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.__msg = normalize_to_list_of_substitutions(msg)

    @property
    def msg(self) -> list[Substitution]:
        """The message."""
        return self.__msg

    def describe(self) -> str:
        """Return the message as in a launch file."""
        return f'LogInfo({" + ".join(part.describe() for part in self.msg)})'

    def execute(self, context: LaunchContext) -> None:
        """Log the message."""
        get_logger('launch.user').info(perform_substitutions(context, self.msg))
