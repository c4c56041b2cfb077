"""Launch descriptions from files of any supported kind."""
from ..invalid_launch_file_error import InvalidLaunchFileError
from ..launch_description import LaunchDescription
from ..launch_description_source import LaunchDescriptionSource
from ..some_substitutions_type import SomeSubstitutionsType
from ..unsupported import refuse
from .python_launch_description_source import get_launch_description_from_python_launch_file

__all__ = ['AnyLaunchDescriptionSource', 'get_launch_description_from_any_launch_file']


class AnyLaunchDescriptionSource(LaunchDescriptionSource):
    """A launch file whose kind its extension tells."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        super().__init__(None, launch_file_path, 'any launch file')

    def _get_launch_description(self, location: str) -> LaunchDescription:
        return get_launch_description_from_any_launch_file(location)


def get_launch_description_from_any_launch_file(
    launch_file_path: str, *, parser: None = None,
) -> LaunchDescription:
    """Return what a Python launch file describes; refuse XML and YAML files by name."""
    path = str(launch_file_path)
    if parser is not None:
        refuse('a parser for get_launch_description_from_any_launch_file')
    if path.endswith(('.xml', '.yaml', '.yml')):
        refuse(f'the XML or YAML launch file {path!r}')
    if not path.endswith('.py'):
        raise InvalidLaunchFileError(
            f'launch file {path!r} is of an unknown kind: its name must end in .launch.py')
    return get_launch_description_from_python_launch_file(path)
