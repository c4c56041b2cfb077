"""Run a node."""
from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from launch import LaunchContext, SomeSubstitutionsType
from launch.actions import ExecuteProcess
from launch.logging import get_logger
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from ..names import check_namespace, check_node_name, make_namespace_absolute, prefix_namespace
from ..parameter_descriptions import Parameter, ParameterFile
from ..parameter_values import evaluate_parameters
from ..substitutions import ExecutableInPackage

__all__ = ['Node']

SomeParameters = Iterable['str | os.PathLike | Mapping | ParameterFile | Parameter']


class Node(ExecuteProcess):
    """
    Runs an executable as a node.

    - `executable`: its name in `lib/<package>`, or a path or command where there is no `package`.
    - `name`, `namespace`: those of the node; a relative namespace goes below the pushed one.
    - `exec_name`: what the process is called in the log.
    - `parameters`: files, dictionaries, ParameterFile and Parameter; later ones win. A dictionary
      is meant for this node when name and namespace are known, else for whatever runs there.
    - `remappings`: pairs of names, from and to.
    - `ros_arguments`, `arguments`: more words for the command line, with and without --ros-args.

    Everything else is as in ExecuteProcess.
    """

    UNSPECIFIED_NODE_NAME = '<node_name_unspecified>'
    UNSPECIFIED_NODE_NAMESPACE = '<node_namespace_unspecified>'

    def __init__(
        self,
        *,
        executable: SomeSubstitutionsType,
        package: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        namespace: SomeSubstitutionsType | None = None,
        exec_name: SomeSubstitutionsType | None = None,
        parameters: SomeParameters | None = None,
        remappings: Iterable[tuple[SomeSubstitutionsType, SomeSubstitutionsType]] | None = None,
        ros_arguments: Iterable[SomeSubstitutionsType] | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
        **kwargs: Any,
    ) -> None:
        self.__package = package
        self.__executable = executable
        program = (
            executable if package is None
            else ExecutableInPackage(executable=executable, package=package))
        own = ['--ros-args', *ros_arguments] if ros_arguments is not None else []
        super().__init__(cmd=[program, *(arguments or []), *own], name=exec_name, **kwargs)
        self.__name = name
        self.__namespace = namespace
        self.__parameters = _check_parameters(parameters)
        self.__remappings = list(remappings or [])
        self.__expanded_name = self.UNSPECIFIED_NODE_NAME
        self.__expanded_namespace = self.UNSPECIFIED_NODE_NAMESPACE
        self.__expanded_remappings: list[tuple[str, str]] = []
        self.__temporary_files: list[Path] = []

    @property
    def node_package(self) -> SomeSubstitutionsType | None:
        """The package."""
        return self.__package

    @property
    def node_executable(self) -> SomeSubstitutionsType:
        """The executable."""
        return self.__executable

    @property
    def node_name(self) -> str:
        """The node's full name, with what the launch does not know in pointed brackets."""
        return prefix_namespace(self.__expanded_namespace, self.__expanded_name)

    @property
    def expanded_node_namespace(self) -> str:
        """The node's namespace."""
        return self.__expanded_namespace

    @property
    def expanded_remapping_rules(self) -> list[tuple[str, str]]:
        """The remappings, those of the scope before those of the node."""
        return self.__expanded_remappings

    def is_node_name_fully_specified(self) -> bool:
        """Return whether both name and namespace are known."""
        return '<' not in self.node_name

    def _expand_names(self, context: LaunchContext) -> None:
        if self.__name is not None:
            self.__expanded_name = perform_substitutions(context, self.__name)
            check_node_name(self.__expanded_name)
        namespace = None
        if self.__namespace is not None:
            namespace = perform_substitutions(context, self.__namespace)
        pushed = context.launch_configurations.get('ros_namespace')
        joined = make_namespace_absolute(prefix_namespace(pushed, namespace))
        if joined is not None:
            check_namespace(joined)
            self.__expanded_namespace = joined

    def _command_line(self, context: LaunchContext) -> list[str]:
        self._expand_names(context)
        return [
            *super()._command_line(context),
            '--ros-args',
            *self.__name_words(),
            *self.__scope_parameter_words(context),
            *self.__parameter_words(context),
            *self.__remapping_words(context),
        ]

    def __name_words(self) -> list[str]:
        words = []
        if self.__name is not None:
            words += ['-r', f'__node:={self.__expanded_name}']
        if self.__expanded_namespace != self.UNSPECIFIED_NODE_NAMESPACE:
            words += ['-r', f'__ns:={self.__expanded_namespace}']
        return words

    def __scope_parameter_words(self, context: LaunchContext) -> list[str]:
        words = []
        for parameter in context.launch_configurations.get('global_params', []):
            if isinstance(parameter, tuple):
                words += _assignment(*parameter)
            else:
                words += ['--params-file', parameter]
        return words

    def __parameter_words(self, context: LaunchContext) -> list[str]:
        words = []
        for parameter in self.__parameters:
            if isinstance(parameter, Parameter):
                words += _assignment(*parameter.evaluate(context))
            elif isinstance(parameter, Mapping):
                path = self.__write_file(evaluate_parameters(context, parameter))
                words += ['--params-file', path]
            else:
                words += ['--params-file', str(parameter.evaluate(context))]
        return words

    def __write_file(self, parameters: dict[str, Any]) -> str:
        key = self.node_name if self.is_node_name_fully_specified() else '/**'
        with tempfile.NamedTemporaryFile(
            'w', prefix='launch_params_', suffix='.yaml', delete=False,
        ) as file:
            yaml.safe_dump({key: {'ros__parameters': parameters}}, file)
        self.__temporary_files.append(Path(file.name))
        return file.name

    def __remapping_words(self, context: LaunchContext) -> list[str]:
        self.__expanded_remappings = [
            *context.launch_configurations.get('ros_remaps', []),
            *((perform_substitutions(context, old), perform_substitutions(context, new))
              for old, new in self.__remappings),
        ]
        return [
            word for old, new in self.__expanded_remappings for word in ('-r', f'{old}:={new}')]

    def execute(self, context: LaunchContext) -> None:
        """Start the node."""
        try:
            super().execute(context)
        except BaseException:
            self.__remove_files()
            raise
        if self.is_node_name_fully_specified():
            self.__warn_of_twins(context)

    def __warn_of_twins(self, context: LaunchContext) -> None:
        names = context.get_locals_as_dict().get('ros_node_names', [])
        if self.node_name in names:
            get_logger(self.process_name).warning(
                f'another node of this launch has the name {self.node_name!r} too')
        context.extend_globals({'ros_node_names': [*names, self.node_name]})

    async def _run(self, context: LaunchContext) -> None:
        try:
            await super()._run(context)
        finally:
            self.__remove_files()

    def __remove_files(self) -> None:
        for path in self.__temporary_files:
            path.unlink(missing_ok=True)
        for parameter in self.__parameters:
            if isinstance(parameter, ParameterFile):
                parameter.cleanup()


def _check_parameters(parameters: SomeParameters | None) -> list:
    if parameters is None:
        return []
    if isinstance(parameters, (str, Mapping)) or not isinstance(parameters, Iterable):
        raise TypeError(f'Node: parameters must be a list, not {type(parameters).__name__}')
    return [
        parameter if isinstance(parameter, (Mapping, Parameter, ParameterFile))
        else ParameterFile(normalize_to_list_of_substitutions(parameter))
        for parameter in parameters]


def _assignment(name: str, value: Any) -> list[str]:
    text = yaml.safe_dump(value, default_flow_style=True, width=float('inf'))
    return ['-p', f'{name}:={text.removesuffix(chr(10)).removesuffix("...").strip()}']
