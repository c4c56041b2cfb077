"""Parameters of a remote node."""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from rcl_interfaces.msg import (
    Parameter,
    ParameterDescriptor,
    ParameterType,
    ParameterValue,
    SetParametersResult,
)
from rclpy.parameter import parameter_dict_from_yaml_file, parameter_value_to_python
from rclpy.parameter_client import AsyncParameterClient

from ros2cli.errors import CommandError
from ros2cli.node import DirectNode
from ros2cli.parser import CommandParser, positive_float

from .graph import find_node

DEFAULT_TIMEOUT_S = 5.0
TYPE_NAMES = {
    ParameterType.PARAMETER_NOT_SET: 'not set',
    ParameterType.PARAMETER_BOOL: 'boolean',
    ParameterType.PARAMETER_INTEGER: 'integer',
    ParameterType.PARAMETER_DOUBLE: 'double',
    ParameterType.PARAMETER_STRING: 'string',
    ParameterType.PARAMETER_BYTE_ARRAY: 'byte array',
    ParameterType.PARAMETER_BOOL_ARRAY: 'boolean array',
    ParameterType.PARAMETER_INTEGER_ARRAY: 'integer array',
    ParameterType.PARAMETER_DOUBLE_ARRAY: 'double array',
    ParameterType.PARAMETER_STRING_ARRAY: 'string array',
}


def add_arguments(parser: CommandParser, *, node_optional: bool = False) -> None:
    """Add the node whose parameters are meant."""
    parser.add_argument(
        'node_name', nargs='?' if node_optional else None, help='such as /controller_manager')
    parser.add_argument(
        '--include-hidden-nodes', action='store_true', help='look at hidden nodes too')
    parser.add_argument(
        '--timeout', type=positive_float, default=DEFAULT_TIMEOUT_S, metavar='SECONDS',
        help='how long to wait for the answer of the node (default: %(default)s)')


class RemoteParameters:
    """The parameters of one node; every method ends the command when the node does not answer."""

    def __init__(self, node: DirectNode, full_name: str, timeout_s: float) -> None:
        self.full_name = full_name
        self._node = node
        self._timeout_s = timeout_s
        self._client = AsyncParameterClient(node.node, full_name)
        if not node.wait_for(self._client.services_are_ready, timeout_s):
            raise CommandError(
                f"Node '{full_name}' offers no parameter services within {timeout_s:g} s")

    @classmethod
    def of(cls, node: DirectNode, args: argparse.Namespace) -> RemoteParameters:
        """Find the node that the arguments name."""
        found = find_node(node, args.node_name, include_hidden=args.include_hidden_nodes)
        return cls(node, found.full_name, args.timeout)

    def names(self, prefixes: Sequence[str] = ()) -> list[str]:
        """Return the names of all parameters, or of those under one of the prefixes."""
        future = self._client.list_parameters(prefixes=list(prefixes))
        return sorted(self._result(future).result.names)

    def values(self, names: Sequence[str]) -> list[ParameterValue]:
        """Return values, in the order of the names; one that is not declared ends the command."""
        values = self._result(self._client.get_parameters(list(names))).values
        if len(values) != len(names):
            self._refuse_unknown(names)
        return list(values)

    def descriptors(self, names: Sequence[str]) -> list[ParameterDescriptor]:
        """Return descriptors, in the order of the names."""
        self._refuse_unknown(names)
        return list(self._result(self._client.describe_parameters(list(names))).descriptors)

    def set(self, values: dict[str, ParameterValue]) -> dict[str, SetParametersResult]:
        """Set parameters, each for itself; return what the node says to each."""
        parameters = [Parameter(name=name, value=value) for name, value in values.items()]
        results = self._result(self._client.set_parameters(parameters)).results
        return dict(zip(values, results))

    def _refuse_unknown(self, names: Sequence[str]) -> None:
        known = set(self.names())
        for name in names:
            if name not in known:
                raise CommandError(f"Parameter '{name}' is not declared by '{self.full_name}'")

    def _result(self, future: Any) -> Any:
        return self._node.spin_until_done(future, f"node '{self.full_name}'", self._timeout_s)


def nested(values: dict[str, ParameterValue]) -> dict[str, Any]:
    """Turn dotted names into nested dictionaries of plain values, as in a parameter file."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        *groups, leaf = name.split('.')
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[leaf] = parameter_value_to_python(value)
    return tree


def read_file(path: str, node_name: str, *, wildcard: bool) -> dict[str, ParameterValue]:
    """Read the parameters that a file has for a node, under its name and (wildcard) '/**'."""
    try:
        content = yaml.safe_load(Path(path).read_text(encoding='utf-8'))
    except OSError as error:
        raise CommandError(f"Cannot read '{path}': {error.strerror}") from error
    except yaml.YAMLError as error:
        raise CommandError(
            f"'{path}' is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise CommandError(f"'{path}' holds no parameters: expected a node name or '/**' first")
    wanted = ('/**', node_name.lstrip('/'), node_name) if wildcard else (
        node_name.lstrip('/'), node_name)
    keys = [key for key in wanted if key in content]
    if not keys:
        raise CommandError(
            f"'{path}' holds no parameters for '{node_name}', only for: {', '.join(content)}")
    return {
        name: found.value for key in keys
        for name, found in parameter_dict_from_yaml_file(path, target_nodes=[key]).items()}
