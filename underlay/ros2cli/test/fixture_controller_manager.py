"""A controller manager with three controllers and one arm; says 'ready' when it is up."""
import rclpy
from controller_manager_msgs import srv
from controller_manager_msgs.msg import ControllerState, HardwareComponentState, HardwareInterface
from lifecycle_msgs.msg import State
from rclpy.node import Node

KNOWN = {'joint': 'vla/Joint', 'pose': 'vla/Pose', 'broken': 'vla/Broken'}


class ControllerManager(Node):
    """Keeps the states of controllers as ros2_control does."""

    def __init__(self) -> None:
        super().__init__('controller_manager')
        self.states = {'joint': 'active', 'pose': 'inactive'}
        self.component = State(id=State.PRIMARY_STATE_ACTIVE, label='active')
        for name in (
                'ListControllers', 'ListControllerTypes', 'ListHardwareComponents',
                'ListHardwareInterfaces', 'LoadController', 'ConfigureController',
                'CleanupController', 'UnloadController', 'SwitchController',
                'SetHardwareComponentState', 'ReloadControllerLibraries'):
            snake = ''.join(f'_{c.lower()}' if c.isupper() else c for c in name).lstrip('_')
            self.create_service(getattr(srv, name), f'~/{snake}', getattr(self, snake))

    def list_controllers(self, request, response):
        for name, state in self.states.items():
            claimed = ['arm/position'] if state == 'active' else []
            response.controller.append(ControllerState(
                name=name, type=KNOWN[name], state=state, claimed_interfaces=claimed,
                required_command_interfaces=['arm/position']))
        return response

    def list_controller_types(self, request, response):
        response.types = list(KNOWN.values())
        response.base_classes = ['controller_interface::ControllerInterface'] * len(KNOWN)
        return response

    def list_hardware_components(self, request, response):
        response.component = [HardwareComponentState(
            name='arm', type='system', plugin_name='vla/Sim', state=self.component,
            command_interfaces=self.commands(), state_interfaces=self.commands())]
        return response

    def list_hardware_interfaces(self, request, response):
        response.command_interfaces = self.commands()
        response.state_interfaces = [HardwareInterface(name='arm/velocity', is_available=True)]
        return response

    def load_controller(self, request, response):
        response.ok = request.name in KNOWN and request.name not in self.states
        if response.ok:
            self.states[request.name] = 'unconfigured'
        return response

    def configure_controller(self, request, response):
        return self.move(request.name, 'unconfigured', 'inactive', response)

    def cleanup_controller(self, request, response):
        return self.move(request.name, 'inactive', 'unconfigured', response)

    def unload_controller(self, request, response):
        response.ok = self.states.get(request.name) in ('unconfigured', 'inactive')
        if response.ok:
            del self.states[request.name]
        return response

    def switch_controller(self, request, response):
        ready = all(self.states.get(name) == 'inactive' for name in request.activate_controllers)
        if request.strictness == request.STRICT and not ready:
            response.message = 'not all of them are inactive'
            return response
        for name in request.deactivate_controllers:
            self.states[name] = 'inactive'
        for name in request.activate_controllers:
            if self.states.get(name) == 'inactive':
                self.states[name] = 'active'
        response.ok = True
        return response

    def set_hardware_component_state(self, request, response):
        response.ok = request.name == 'arm'
        if response.ok:
            self.component = request.target_state
        response.state = self.component
        return response

    def reload_controller_libraries(self, request, response):
        response.ok = request.force_kill
        return response

    def commands(self):
        claimed = 'active' in self.states.values()
        return [HardwareInterface(name='arm/position', is_available=True, is_claimed=claimed)]

    def move(self, name, source, target, response):
        response.ok = self.states.get(name) == source and name != 'broken'
        if response.ok:
            self.states[name] = target
        return response


def main() -> None:
    rclpy.init()
    node = ControllerManager()
    print('ready', flush=True)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        rclpy.try_shutdown()


if __name__ == '__main__':
    main()
