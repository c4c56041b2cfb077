"""Parameters and parameter files, described for nodes."""
from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import launch_ros.substitutions  # noqa: F401 (makes its substitutions known to parameter files)
import yaml
from launch import LaunchContext, SomeSubstitutionsType, Substitution
from launch.embedded_substitutions import parse_substitution
from launch.utilities import (
    TypedValue,
    normalize_to_list_of_substitutions,
    perform_substitutions,
)

__all__ = ['Parameter', 'ParameterFile', 'ParameterValue']


class ParameterValue:
    """
    A value whose type is said, for values from substitutions.

    `value_type` is bool, int, float, str or a typing.List of one of them; None reads as YAML.
    """

    def __init__(self, value: Any, *, value_type: Any = None) -> None:
        self.__value = value
        self.__value_type = value_type

    @property
    def value(self) -> Any:
        """The value before substitution."""
        return self.__value

    @property
    def value_type(self) -> Any:
        """The type of the value."""
        return self.__value_type

    def evaluate(self, context: LaunchContext) -> Any:
        """Return the value; raise ValueError when it is of another type."""
        return TypedValue(self.value, self.value_type, 'ParameterValue').evaluate(context)


class Parameter:
    """A single parameter, handed to a node on its command line."""

    def __init__(
        self, name: SomeSubstitutionsType, value: Any, *, value_type: Any = None,
    ) -> None:
        self.__name = normalize_to_list_of_substitutions(name)
        self.__value = ParameterValue(value, value_type=value_type)

    @property
    def name(self) -> list[Substitution]:
        """The name before substitution."""
        return self.__name

    @property
    def value(self) -> Any:
        """The value before substitution."""
        return self.__value.value

    @property
    def value_type(self) -> Any:
        """The type of the value."""
        return self.__value.value_type

    def evaluate(self, context: LaunchContext) -> tuple[str, Any]:
        """Return name and value."""
        return perform_substitutions(context, self.__name), self.__value.evaluate(context)


class ParameterFile:
    """
    A parameter file in YAML.

    With `allow_substs`, substitutions written in the file as in `$(var name)` are performed
    into a copy of it.
    """

    def __init__(
        self,
        param_file: SomeSubstitutionsType | os.PathLike,
        *,
        allow_substs: bool | SomeSubstitutionsType = False,
    ) -> None:
        self.__param_file = normalize_to_list_of_substitutions(param_file)
        self.__allow_substs = TypedValue(allow_substs, bool, 'ParameterFile: allow_substs')
        self.__copies: list[Path] = []

    @property
    def param_file(self) -> list[Substitution]:
        """The path before substitution."""
        return self.__param_file

    def evaluate(self, context: LaunchContext) -> Path:
        """Return the path of the file or of its copy; raise RuntimeError naming the file."""
        path = Path(perform_substitutions(context, self.__param_file)).absolute()
        if not path.is_file():
            raise RuntimeError(f'parameter file {str(path)!r} does not exist')
        return self.__substituted(context, path) if self.__allow_substs.evaluate(context) else path

    def cleanup(self) -> None:
        """Remove the copies."""
        for path in self.__copies:
            path.unlink(missing_ok=True)
        self.__copies.clear()

    def __substituted(self, context: LaunchContext, path: Path) -> Path:
        try:
            text = perform_substitutions(context, parse_substitution(path.read_text()))
            yaml.safe_load(text)
        except (ValueError, yaml.YAMLError) as error:
            raise RuntimeError(f'parameter file {str(path)!r}: {error}') from error
        with tempfile.NamedTemporaryFile(
            'w', prefix='launch_params_', suffix='.yaml', delete=False,
        ) as copy:
            copy.write(text)
        self.__copies.append(Path(copy.name))
        return Path(copy.name)
