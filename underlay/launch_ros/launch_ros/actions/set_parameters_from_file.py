"""Set parameters of many nodes from a file."""
from pathlib import Path
from typing import Any

from launch import Action, LaunchContext, SomeSubstitutionsType
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = ['SetParametersFromFile']


class SetParametersFromFile(Action):
    """Gives a parameter file to all nodes from here to the end of the group."""

    def __init__(self, filename: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.__filename = normalize_to_list_of_substitutions(filename)

    def execute(self, context: LaunchContext) -> None:
        """Add the file to the scope; raise RuntimeError when it is missing."""
        path = Path(perform_substitutions(context, self.__filename)).absolute()
        if not path.is_file():
            raise RuntimeError(f'parameter file {str(path)!r} does not exist')
        before = context.launch_configurations.get('global_params', [])
        context.launch_configurations['global_params'] = [*before, str(path)]
