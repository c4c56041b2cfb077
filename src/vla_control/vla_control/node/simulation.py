"""What the manager does for a simulated robot: its world, put back by `reset_world`, its clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.node import Node
from rosgraph_msgs.msg import Clock

from vla_control.loop import LoopError, LoopState
from vla_control.node.loop_link import LoopLink
from vla_core.profile import RobotProfile
from vla_core.shared_memory import block_name
from vla_core.validation import ConfigurationError
from vla_interfaces.srv import ResetWorld
from vla_simulation import suites

__all__ = ['CLOCK_RATE', 'ClockReport', 'WorldReset', 'simulation_options']

CLOCK_RATE = 100.0  # Hz


def simulation_options(
    options: Mapping[str, Any], world: str, namespace: str, profile: RobotProfile,
) -> dict[str, Any]:
    """Options of the plug-in, with the world (that of the robot where `world` is empty) and the
    name under which cameras find its state."""
    chosen = options.get('world', world) or suites.made_for(profile.name)
    if not isinstance(chosen, str):
        raise ConfigurationError(
            f'parameter hardware_options: world: must be a name (got {chosen})')
    suites.load_world(chosen, profile)
    return {'snapshot': block_name('world', namespace, profile.name), **options, 'world': chosen}


class WorldReset:
    """The service `reset_world`: robot at home, world in the scene of a task and seed."""

    def __init__(self, node: Node, profile: RobotProfile, world: str, link: LoopLink) -> None:
        self._profile = profile
        self._world = suites.load_world(world)
        self._link = link
        self._task = ''
        self._service = node.create_service(ResetWorld, 'reset_world', self._reset)

    def _reset(
        self, request: ResetWorld.Request, response: ResetWorld.Response
    ) -> ResetWorld.Response:
        task, instruction = request.task or self._task, ''
        try:
            if isinstance(self._world, suites.Suite):
                scene = suites.draw_task(self._world, task, request.seed, (), self._profile)
                task, instruction = f'{scene.suite}/{scene.family}', scene.instruction
            self._link.client.reset(task=task, seed=request.seed)
            stopped = self._link.client.read_state().stopped
        except (ConfigurationError, LoopError) as error:
            response.message = str(error)
            return response
        self._task = task
        response.success, response.instruction = True, instruction
        response.message = f'{task or "robot at home"}, seed {request.seed}'
        if stopped:
            response.message += '; the stop is latched still: release it'
        return response


class ClockReport:
    """Publishes `/clock`: the robot's own time, which starts with its loop and never goes back."""

    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(Clock, '/clock', 10)

    def publish(self, state: LoopState, stamp: Time) -> None:
        """Send the time of the state."""
        self._publisher.publish(Clock(clock=stamp))
