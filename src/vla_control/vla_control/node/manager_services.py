"""The services of ros2_control's controller manager, and its latched activity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller_manager_msgs.msg import (
    ControllerManagerActivity,
    ControllerState,
    HardwareComponentState,
    HardwareInterface,
    NamedLifecycleState,
)
from controller_manager_msgs.srv import (
    CleanupController,
    ConfigureController,
    ListControllers,
    ListControllerTypes,
    ListHardwareComponents,
    ListHardwareInterfaces,
    LoadController,
    ReloadControllerLibraries,
    SetHardwareComponentState,
    SwitchController,
    UnloadController,
)
from lifecycle_msgs.msg import State
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

from vla_control.controllers import CONTROLLERS
from vla_control.node.broadcasting import BROADCASTERS
from vla_control.node.lifecycle import Lifecycle
from vla_control.node.messages import duration_seconds
from vla_control.node.roster import ControllerState as Stage
from vla_core.validation import ConfigurationError, near_matches

__all__ = ['ManagerServices']

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class ManagerServices:
    """Answers for a `Lifecycle`; every service always answers."""

    def __init__(self, node: Node, lifecycle: Lifecycle) -> None:
        self._node = node
        self._lifecycle = lifecycle
        self._activity = node.create_publisher(ControllerManagerActivity, '~/activity', LATCHED)
        for kind, name, answer in (
            (ListControllers, 'list_controllers', self._list_controllers),
            (ListControllerTypes, 'list_controller_types', self._list_types),
            (ListHardwareComponents, 'list_hardware_components', self._list_components),
            (ListHardwareInterfaces, 'list_hardware_interfaces', self._list_interfaces),
            (LoadController, 'load_controller', self._step(lifecycle.load)),
            (ConfigureController, 'configure_controller', self._step(lifecycle.configure)),
            (UnloadController, 'unload_controller', self._step(lifecycle.unload)),
            (CleanupController, 'cleanup_controller', self._step(lifecycle.clean_up)),
            (SwitchController, 'switch_controller', self._switch),
            (ReloadControllerLibraries, 'reload_controller_libraries', self._reload),
            (SetHardwareComponentState, 'set_hardware_component_state', self._set_component),
        ):
            node.create_service(kind, f'~/{name}', answer)
        self.announce()

    def announce(self) -> None:
        """Publish the state of everything."""
        message = ControllerManagerActivity(
            controllers=[
                NamedLifecycleState(name=name, state=State(id=stage.id, label=stage.value))
                for name, stage in self._lifecycle.roster.states.items()],
            hardware_components=[NamedLifecycleState(
                name=self._lifecycle.component, state=self._component_state())])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._activity.publish(message)

    def _component_state(self) -> State:
        stage = self._lifecycle.hardware
        return State(id=stage.id, label=stage.value)

    def _attempt(self, step: Callable[[], Any]) -> str:
        """Carry out a step; '' or why not."""
        try:
            step()
        except (ConfigurationError, RuntimeError, ValueError) as error:
            self._node.get_logger().error(str(error))
            return str(error)
        finally:
            self.announce()
        return ''

    def _step(self, take: Callable[[str], None]) -> Callable[[Any, Any], Any]:
        def answer(request: Any, response: Any) -> Any:
            response.ok = not self._attempt(lambda: take(request.name))
            return response
        return answer

    def _switch(
        self, request: SwitchController.Request, response: SwitchController.Response
    ) -> SwitchController.Response:
        strict = request.strictness != SwitchController.Request.BEST_EFFORT
        left_out: dict[str, str] = {}

        timeout = duration_seconds(request.timeout)

        def switch() -> None:
            left_out.update(self._lifecycle.switch(
                request.activate_controllers, request.deactivate_controllers, strict, timeout))

        reason = self._attempt(switch)
        response.ok = not reason
        response.message = reason or '; '.join(left_out.values())
        if left_out:
            self._node.get_logger().warning(response.message)
        return response

    def _reload(
        self, request: ReloadControllerLibraries.Request,
        response: ReloadControllerLibraries.Response,
    ) -> ReloadControllerLibraries.Response:
        response.ok = not self._attempt(lambda: self._lifecycle.reload(request.force_kill))
        return response

    def _set_component(
        self, request: SetHardwareComponentState.Request,
        response: SetHardwareComponentState.Response,
    ) -> SetHardwareComponentState.Response:
        wanted = request.target_state

        def bring() -> None:
            if request.name != self._lifecycle.component:
                raise ValueError(f'no hardware component {request.name!r}; '
                                 f'{near_matches(request.name, [self._lifecycle.component])}')
            for stage in Stage:
                if wanted.label == stage.value or (not wanted.label and wanted.id == stage.id):
                    self._lifecycle.bring_hardware(stage)
                    return
            raise ValueError(f'hardware state {wanted.label or wanted.id!r} is none of '
                             f'{", ".join(stage.value for stage in Stage)}')

        response.ok = not self._attempt(bring)
        response.state = self._component_state()
        return response

    def _list_controllers(
        self, request: ListControllers.Request, response: ListControllers.Response
    ) -> ListControllers.Response:
        lifecycle = self._lifecycle
        for name, stage in lifecycle.roster.states.items():
            claims = lifecycle.interfaces(name)
            response.controller.append(ControllerState(
                name=name, state=stage.value, type=lifecycle.roster.known[name].type,
                update_rate=lifecycle.update_rate(name),
                claimed_interfaces=claims if stage is Stage.ACTIVE else [],
                required_command_interfaces=claims,
                required_state_interfaces=lifecycle.state_interfaces(name)))
        return response

    def _list_types(
        self, request: ListControllerTypes.Request, response: ListControllerTypes.Response
    ) -> ListControllerTypes.Response:
        response.types = [*CONTROLLERS, *BROADCASTERS]
        response.base_classes = (
            ['vla_control.controllers.Controller'] * len(CONTROLLERS)
            + ['vla_control.node.broadcasters.Broadcaster'] * len(BROADCASTERS))
        return response

    def _interfaces(self) -> tuple[list[HardwareInterface], list[HardwareInterface]]:
        lifecycle = self._lifecycle
        available = lifecycle.hardware is not Stage.UNCONFIGURED
        claimed = {interface for name in lifecycle.roster.active()
                   for interface in lifecycle.interfaces(name)}
        commands, states = lifecycle.hardware_interfaces()
        return ([HardwareInterface(name=name, data_type='double', is_available=available,
                                   is_claimed=name in claimed) for name in commands],
                [HardwareInterface(name=name, data_type='double', is_available=available)
                 for name in states])

    def _list_components(
        self, request: ListHardwareComponents.Request, response: ListHardwareComponents.Response
    ) -> ListHardwareComponents.Response:
        commands, states = self._interfaces()
        lifecycle = self._lifecycle
        response.component = [HardwareComponentState(
            name=lifecycle.component, type='system', is_async=True,
            rw_rate=round(lifecycle.profile.rate_hz), class_type=lifecycle.plugin,
            plugin_name=lifecycle.plugin, state=self._component_state(),
            command_interfaces=commands, state_interfaces=states)]
        return response

    def _list_interfaces(
        self, request: ListHardwareInterfaces.Request, response: ListHardwareInterfaces.Response
    ) -> ListHardwareInterfaces.Response:
        response.command_interfaces, response.state_interfaces = self._interfaces()
        return response
