"""The ROS node of one controller: its parameters under its own name, carried live to the loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from vla_control.core import nested_parameters
from vla_core.parameters import NodeParameters, declarations
from vla_core.validation import StrictModel

__all__ = ['ControllerNode']

Change = Callable[[Mapping[str, Any]], str]


class ControllerNode(Node):
    """Parameters of one controller.

    `change(parameters)` carries changed ones (dotted names) to where they count, and returns why
    they are refused, or ''.
    """

    def __init__(
        self, manager: Node, name: str, model: type[StrictModel], given: Mapping[str, Any],
        change: Change,
    ) -> None:
        names = [entry.name for entry in declarations(model)]
        tree = nested_parameters(given)
        overrides = [Parameter(key, value=value) for key, value in _leaves(tree, names).items()]
        overrides.append(manager.get_parameter('use_sim_time'))
        super().__init__(
            name, namespace=manager.get_namespace(), use_global_arguments=False,
            enable_rosout=False, parameter_overrides=overrides)
        self._change: Change | None = None
        self._names = set(names)
        self.parameters = NodeParameters(self, model)
        self._change = change
        self.add_on_set_parameters_callback(self._carry)

    @property
    def values(self) -> dict[str, Any]:
        """Every parameter by its dotted name."""
        return {name: _plain(self.get_parameter(name).value) for name in sorted(self._names)}

    def _carry(self, parameters: list[Parameter]) -> SetParametersResult:
        changed = {entry.name: _plain(entry.value) for entry in parameters
                   if entry.name in self._names
                   and _plain(entry.value) != _plain(self.get_parameter(entry.name).value)}
        reason = self._change(changed) if changed else ''
        return SetParametersResult(successful=not reason, reason=reason)


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else list(value)


def _leaves(tree: Mapping[str, Any], names: list[str], prefix: str = '') -> dict[str, Any]:
    """Dotted names; what is no group of the model stays whole, so that its name is refused."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f'{prefix}{key}'
        if isinstance(value, Mapping) and any(known.startswith(f'{name}.') for known in names):
            flat.update(_leaves(value, names, f'{name}.'))
        else:
            flat[name] = str(value) if isinstance(value, Mapping) else value
    return flat
