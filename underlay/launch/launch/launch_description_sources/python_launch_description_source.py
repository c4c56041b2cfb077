"""Launch descriptions from Python files."""
from __future__ import annotations

import traceback
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

from ..invalid_launch_file_error import InvalidLaunchFileError
from ..launch_description import LaunchDescription
from ..launch_description_source import LaunchDescriptionSource
from ..some_substitutions_type import SomeSubstitutionsType
from ..unsupported import UnsupportedError

__all__ = [
    'InvalidPythonLaunchFileError',
    'PythonLaunchDescriptionSource',
    'get_launch_description_from_python_launch_file',
    'load_python_launch_file_as_module',
]

_ENTRY = 'generate_launch_description'


class InvalidPythonLaunchFileError(InvalidLaunchFileError):
    """A Python launch file is missing or broken."""


class PythonLaunchDescriptionSource(LaunchDescriptionSource):
    """A Python file with a function `generate_launch_description()`."""

    def __init__(self, launch_file_path: SomeSubstitutionsType) -> None:
        super().__init__(None, launch_file_path, 'interpreted python launch file')

    def _get_launch_description(self, location: str) -> LaunchDescription:
        return get_launch_description_from_python_launch_file(location)


def load_python_launch_file_as_module(python_launch_file_path: str) -> ModuleType:
    """Import the file as a module of its own; raise whatever its code raises."""
    loader = SourceFileLoader('python_launch_file', str(python_launch_file_path))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def get_launch_description_from_python_launch_file(
    python_launch_file_path: str,
) -> LaunchDescription:
    """Return what the file describes; raise InvalidPythonLaunchFileError naming what is wrong."""
    path = str(python_launch_file_path)
    if not Path(path).is_file():
        raise InvalidPythonLaunchFileError(f'launch file {path!r} does not exist')
    try:
        description = _entry_point(load_python_launch_file_as_module(path), path)()
    except (InvalidLaunchFileError, UnsupportedError):
        raise
    except Exception as error:
        raise InvalidPythonLaunchFileError(_explain(path, error)) from error
    if not isinstance(description, LaunchDescription):
        raise InvalidPythonLaunchFileError(
            f'launch file {path!r}: {_ENTRY}() returns {type(description).__name__}, '
            'not a LaunchDescription')
    return description


def _entry_point(module: ModuleType, path: str):
    if not hasattr(module, _ENTRY):
        raise InvalidPythonLaunchFileError(f'launch file {path!r} defines no {_ENTRY}()')
    return getattr(module, _ENTRY)


def _explain(path: str, error: Exception) -> str:
    """Return one line with the last place in the launch file that the error came through."""
    line = error.lineno if isinstance(error, SyntaxError) else next(
        (frame.lineno for frame in reversed(traceback.extract_tb(error.__traceback__))
         if frame.filename == path), None)
    place = f', line {line}' if line is not None else ''
    said = error.msg if isinstance(error, SyntaxError) else ' '.join(str(error).split())
    return f'launch file {path!r}{place}: {type(error).__name__}: {said}'
