"""
The node of the check: the suite's success check, live, on `task_check`.

It reads the state that the simulation shares and never asks the physics for anything.
"""
import sys

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from std_srvs.srv import Trigger

from vla_core.node import run_node
from vla_core.parameters import declare, parameter
from vla_core.profile import RobotProfile
from vla_core.shared_memory import SharedBlock, SharedMemoryError, block_name
from vla_core.validation import StrictModel
from vla_inference.task_check.checker import TaskChecker, TaskState
from vla_inference.task_check.live_world import LiveWorld
from vla_interfaces.msg import TaskCheck
from vla_simulation import suites
from vla_simulation.tasks import CHECK_PERIOD_S

__all__ = ['TaskCheckNode', 'TaskCheckParameters', 'main']

ATTACH_S = 1.0
EVERY = 5


class TaskCheckParameters(StrictModel):
    """What the check is told."""

    robot: str = parameter(
        'franka', read_only=True, description='Robot profile, by name or path.')
    world: str = parameter(
        '', read_only=True,
        description='World of the simulated robot: a suite, or none; empty: the one made for it.')


class TaskCheckNode(Node):
    """Looks 50 times a second, says 10 times a second and at once when the task is decided."""

    def __init__(self) -> None:
        super().__init__('task_check')
        parameters = declare(self, TaskCheckParameters)
        self._profile = RobotProfile.load(parameters.robot)
        self._suite = parameters.world or suites.made_for(self._profile.name)
        world = suites.load_world(self._suite, self._profile)
        self._checker: TaskChecker | None = None
        self._publisher = self.create_publisher(TaskCheck, 'task_check', 10)
        self._said: tuple[int, bool, str] = (0, False, '')
        self._looks = 0
        self._followed = 0
        self.create_service(Trigger, 'task_check/restart', self._restart)
        if not isinstance(world, suites.Suite):
            self.get_logger().info(f'world {self._suite!r} has no tasks: nothing to check')
            return
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._attaching = self.create_timer(ATTACH_S, self._attach, clock=steady)
        self._looking = self.create_timer(CHECK_PERIOD_S, self._look, clock=steady)
        self._attach()

    def _attach(self) -> None:
        """Follow the simulation, or the one that was started in its place."""
        snapshot = block_name('world', self.get_namespace(), self._profile.name)
        try:
            block = SharedBlock.path(snapshot).stat().st_ino
            if block == self._followed and self._checker is not None:
                return
            self._checker = TaskChecker(LiveWorld(self._suite, self._profile, snapshot))
            self._followed = block
        except FileNotFoundError:
            self._checker = None
        except SharedMemoryError as error:
            self._checker = None
            self.get_logger().warning(str(error), throttle_duration_sec=10.0)

    def _look(self) -> None:
        if self._checker is None:
            return
        try:
            state = self._checker.look()
        except SharedMemoryError:
            self._checker = None
            return
        if state is None:
            return
        self._looks += 1
        decided = (state.attempt, state.verdict.success, state.verdict.failure)
        if self._looks % EVERY == 0 or decided != self._said:
            self._said = decided
            self._publisher.publish(self._message(state))

    def _message(self, state: TaskState) -> TaskCheck:
        message = TaskCheck(
            task=state.task, seed=state.seed, instruction=state.instruction, resets=state.resets,
            attempt=state.attempt, success=state.verdict.success,
            success_if_ended=state.success_if_ended, progress=float(state.verdict.progress),
            wrong_object=state.verdict.wrong_object, failure=state.verdict.failure)
        message.header.stamp = self.get_clock().now().to_msg()
        return message

    def _restart(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._checker is not None
        response.message = ('begins anew' if response.success
                            else 'there is no simulated world to check')
        if self._checker is not None:
            self._checker.restart()
        return response


def main() -> int:
    """Entry point."""
    return run_node(TaskCheckNode)


if __name__ == '__main__':
    sys.exit(main())
