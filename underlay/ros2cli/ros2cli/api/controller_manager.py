"""Services of a controller manager (ros2_control)."""
from __future__ import annotations

import importlib
from typing import Any

from rclpy.duration import Duration

from ros2cli import node
from ros2cli.errors import CommandError
from ros2cli.node import DirectNode
from ros2cli.parser import CommandParser, positive_float

from . import service
from .graph import absolute_name

DEFAULT_NAME = '/controller_manager'
DEFAULT_TIMEOUT_S = 10.0
STATE_IDS = {'unconfigured': 1, 'inactive': 2, 'active': 3}  # lifecycle_msgs/msg/State


def add_arguments(parser: CommandParser) -> None:
    """Add which controller manager is meant."""
    node.add_arguments(parser)
    parser.add_argument(
        '-c', '--controller-manager', default=DEFAULT_NAME, metavar='NAME',
        help='name of the controller manager (default: %(default)s)')
    parser.add_argument(
        '--timeout', type=positive_float, default=DEFAULT_TIMEOUT_S, metavar='SECONDS',
        help='how long to wait for its services (default: %(default)s)')


class ControllerManager:
    """A remote controller manager; what it refuses ends the command."""

    def __init__(self, direct: DirectNode, name: str, timeout_s: float) -> None:
        self.name = absolute_name(name)
        self._node = direct
        self._timeout_s = timeout_s

    def controllers(self) -> list[Any]:
        """Return controller_manager_msgs/msg/ControllerState of every loaded controller."""
        return list(self._call('ListControllers', 'list_controllers').controller)

    def controller_types(self) -> list[tuple[str, str]]:
        """Return the types that can be loaded, each with its base class."""
        response = self._call('ListControllerTypes', 'list_controller_types')
        return list(zip(response.types, response.base_classes))

    def hardware_components(self) -> list[Any]:
        """Return controller_manager_msgs/msg/HardwareComponentState of every component."""
        return list(self._call('ListHardwareComponents', 'list_hardware_components').component)

    def hardware_interfaces(self) -> Any:
        """Return the command and state interfaces."""
        return self._call('ListHardwareInterfaces', 'list_hardware_interfaces')

    def load(self, controller: str) -> None:
        """Load a controller."""
        self._demand('LoadController', 'load_controller', f"load '{controller}'", name=controller)

    def configure(self, controller: str) -> None:
        """Configure a controller."""
        self._demand(
            'ConfigureController', 'configure_controller', f"configure '{controller}'",
            name=controller)

    def cleanup(self, controller: str) -> None:
        """Bring an inactive controller back to unconfigured."""
        self._demand(
            'CleanupController', 'cleanup_controller', f"clean up '{controller}'", name=controller)

    def unload(self, controller: str) -> None:
        """Unload a controller."""
        self._demand(
            'UnloadController', 'unload_controller', f"unload '{controller}'", name=controller)

    def reload_libraries(self, *, force_kill: bool) -> None:
        """Load the libraries of the controllers anew."""
        self._demand(
            'ReloadControllerLibraries', 'reload_controller_libraries', 'reload its libraries',
            force_kill=force_kill)

    def switch(
        self, activate: list[str], deactivate: list[str], *, strict: bool, asap: bool,
        timeout_s: float,
    ) -> None:
        """Activate and deactivate controllers in one step."""
        service_type = self._service('SwitchController')
        request = service_type.Request
        self._demand(
            'SwitchController', 'switch_controller', 'switch controllers',
            activate_controllers=activate, deactivate_controllers=deactivate,
            strictness=request.STRICT if strict else request.BEST_EFFORT,
            activate_asap=asap, timeout=Duration(seconds=timeout_s).to_msg())

    def set_hardware_state(self, component: str, label: str) -> str:
        """Bring a hardware component to a state; return the label of the state it reached."""
        from lifecycle_msgs.msg import State

        response = self._demand(
            'SetHardwareComponentState', 'set_hardware_component_state',
            f"bring '{component}' to {label}", name=component,
            target_state=State(id=STATE_IDS[label], label=label))
        return response.state.label

    def _demand(self, type_name: str, service_name: str, what: str, **fields: Any) -> Any:
        response = self._call(type_name, service_name, **fields)
        if not response.ok:
            reason = getattr(response, 'message', '')
            raise CommandError(
                f"'{self.name}' did not {what}" + (f': {reason}' if reason else ''))
        return response

    def _call(self, type_name: str, service_name: str, **fields: Any) -> Any:
        service_type = self._service(type_name)
        return service.call(
            self._node, service_type, f'{self.name}/{service_name}',
            service_type.Request(**fields), self._timeout_s)

    @staticmethod
    def _service(type_name: str) -> Any:
        try:
            return getattr(importlib.import_module('controller_manager_msgs.srv'), type_name)
        except ImportError as error:
            raise CommandError(
                'ros2 control needs the package controller_manager_msgs: is it built, and its '
                'workspace sourced?') from error


def availability(interface: Any) -> str:
    """Tell whether an interface is available."""
    return '[available]' if interface.is_available else '[unavailable]'


def describe(interface: Any) -> str:
    """Tell whether a command interface is available and claimed."""
    claimed = '[claimed]' if interface.is_claimed else '[unclaimed]'
    return f'{interface.name} {availability(interface)} {claimed}'
