"""The node `controller_manager`: puts the parts together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from std_srvs.srv import Trigger

from vla_control.loop import LoopConfiguration, LoopError
from vla_control.node.configuration import load_configuration
from vla_control.node.lifecycle import Lifecycle
from vla_control.node.loop_link import LoopLink
from vla_control.node.manager_services import ManagerServices
from vla_control.node.reporter import Reporter
from vla_control.node.roster import ControllerState
from vla_control.node.supervision import Supervision
from vla_core.node import go_before_others, run_node
from vla_core.parameters import declare, mapping_of, parameter
from vla_core.profile import RobotProfile
from vla_core.shared_memory import block_name
from vla_core.validation import ConfigurationError, Real, StrictModel
from vla_hardware import HardwareError, plugin_name

__all__ = ['ControllerManager', 'ManagerParameters', 'main']

WATCH = 0.05  # s
SIMULATION = 'sim'  # the plug-in


class ManagerParameters(StrictModel):
    """Parameters of the controller manager."""

    robot: str = parameter('franka', read_only=True, description='robot profile, by name or path')
    hardware: str = parameter(
        'sim', read_only=True, description='hardware plug-in; real: the one named as the robot')
    hardware_options: str = parameter(
        '{}', read_only=True, description='options of the plug-in, as YAML')
    robot_ip: str = parameter(
        '', read_only=True, description='address of a real robot: the option ip of its plug-in')
    controllers: str = parameter(
        '', read_only=True, description='controller configuration, by name or path; empty takes '
        'that of the robot')
    world: str = parameter(
        '', read_only=True, description='what stands around a simulated robot: a suite, '
        'module:name, or none; empty takes the suite made for the robot')
    real_time_factor: Real = parameter(
        1.0, ge=0.05, le=10.0, read_only=True, description="how fast a simulated robot's time "
        'passes; below 1 for machines that cannot keep up')


class ControllerManager(Node):
    """Runs controllers on a robot; speaks like the controller manager of ros2_control."""

    def __init__(self) -> None:
        super().__init__('controller_manager')
        parameters = declare(self, ManagerParameters)
        profile = RobotProfile.load(parameters.robot)
        configuration = load_configuration(parameters.controllers or profile.name)
        configuration.check(profile)
        try:
            plugin = plugin_name(parameters.hardware, profile)
        except HardwareError as error:
            raise ConfigurationError(f'parameter hardware: {error}') from error
        options = self._hardware_options(parameters, profile)
        simulated_time = self.get_parameter('use_sim_time').value
        self._link = LoopLink(LoopConfiguration(
            name=block_name('control', self.get_namespace(), profile.name),
            robot=_findable(parameters.robot), plugin=plugin, options=options,
            safety=configuration.safety, real_time=configuration.real_time,
            real_time_factor=parameters.real_time_factor), simulated_time)
        self._ended = False
        self._reporter = Reporter(self, self._link)
        self._lifecycle = Lifecycle(
            self, profile, configuration, plugin, self._link, self._reporter)
        try:
            self._set_up(profile)
            if parameters.hardware == SIMULATION:
                self._serve_simulation(profile, options['world'], simulated_time)
            self.get_logger().info(
                f'{profile.name} is ready: {", ".join(self._lifecycle.roster.active())} active')
        except LoopError as error:
            self.destroy_node()
            raise ConfigurationError(str(error)) from error
        except BaseException:
            self.destroy_node()
            raise

    def _set_up(self, profile: RobotProfile) -> None:
        lifecycle = self._lifecycle
        self._supervision = Supervision(self, self._link, lifecycle.streams)
        lifecycle.bring_hardware(ControllerState.ACTIVE)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(WATCH, self._watch, clock=steady)
        lifecycle.start_all()
        self._manager_services = ManagerServices(self, lifecycle)
        self._supervision.look()
        self.create_timer(1.0, self._supervision.diagnose, clock=steady)
        for name, answer in (
                ('stop', self._stop), ('release', self._release), ('recover', self._recover)):
            self.create_service(Trigger, name, answer)

    def _hardware_options(
        self, parameters: ManagerParameters, profile: RobotProfile
    ) -> dict[str, Any]:
        options = mapping_of('hardware_options', parameters.hardware_options)
        if parameters.hardware == SIMULATION:
            if parameters.robot_ip:
                raise ConfigurationError(f'parameter robot_ip: hardware {SIMULATION} has no '
                                         'address; say hardware real')
            from vla_control.node.simulation import simulation_options
            return simulation_options(
                options, parameters.world, self.get_namespace(), profile)
        if parameters.world:
            raise ConfigurationError(f'parameter world: only hardware {SIMULATION} has one')
        if self.get_parameter('use_sim_time').value:
            raise ConfigurationError(
                f'parameter use_sim_time: only hardware {SIMULATION} has a time of its own')
        return {**options, 'ip': parameters.robot_ip} if parameters.robot_ip else options

    def _serve_simulation(self, profile: RobotProfile, world: str, simulated_time: bool) -> None:
        from vla_control.node.simulation import CLOCK_RATE, ClockReport, WorldReset
        self._world_reset = WorldReset(self, profile, world, self._link)
        if simulated_time:
            self._reporter.add('clock', CLOCK_RATE, ClockReport(self))

    def _watch(self) -> None:
        """Give a sign of life, and look what the loop does."""
        self._link.sign()
        if self._link.died and self._lifecycle.hardware is not ControllerState.UNCONFIGURED:
            self.get_logger().error(self._link.reason)
            self._lifecycle.lose_hardware()
            self._manager_services.announce()
        self._supervision.look()

    def _answer(self, response: Trigger.Response, act: Any, done: str) -> Trigger.Response:
        try:
            act()
        except LoopError as error:
            response.message = str(error)
        else:
            response.success, response.message = True, done
        return response

    def _stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._supervision.stopped_by('service stop')
        self.get_logger().warning('stop requested')
        return self._answer(response, lambda: self._link.client.stop(),
                            'stopped; it moves again after release')

    def _release(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        answer = self._answer(response, lambda: self._link.client.release(), 'released')
        if answer.success:
            self._supervision.stopped_by('')
        return answer

    def _recover(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Bring back hardware with a fault, or a loop that died, on purpose."""
        def recover() -> None:
            if self._link.up:
                self._link.client.recover()
                return
            self._link.close()
            self._lifecycle.hardware = ControllerState.UNCONFIGURED
            self._lifecycle.bring_hardware(ControllerState.ACTIVE)
            self._lifecycle.start_all()
            self._manager_services.announce()
        return self._answer(response, recover, 'recovered')

    def destroy_node(self) -> None:
        """End everything, the loop last."""
        if not self._ended:
            self._ended = True
            self._reporter.close()
            self._link.close()
            self._lifecycle.close()
        super().destroy_node()


def _findable(robot: str) -> str:
    """A path that the loop finds too, wherever it runs."""
    is_path = '/' in robot or robot.endswith(('.yaml', '.yml'))
    return str(Path(robot).resolve()) if is_path else robot


def main(args: list[str] | None = None) -> int:
    """Run the node, before others where the operating system allows it."""
    go_before_others()
    return run_node(ControllerManager, args)
