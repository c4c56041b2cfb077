"""
Tell the robot what to do, and say how it ended.

    ros2 run vla_inference tell "pick up the red cube"
    ros2 run vla_inference tell --task tabletop/place_in --seed 7    # a scene and its words
    ros2 run vla_inference tell                                      # asks for line after line

The exit status is 0 when the last task succeeded, 2 when it did not, 1 when it could not be begun.
Ctrl-C cancels the task, and the arm comes to rest.
"""
import argparse
import signal
import sys
import time

import rclpy
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from rclpy.utilities import remove_ros_args

from vla_core.validation import ConfigurationError
from vla_interfaces.action import ExecuteTask
from vla_interfaces.msg import PolicyStatus
from vla_interfaces.srv import ResetWorld

__all__ = ['Teller', 'main']

READY_S = 180.0
ANSWER_S = 10.0
SUCCEEDED, REFUSED, FAILED = 0, 1, 2
PHASES = {value: name.lower() for name, value in vars(ExecuteTask.Feedback).items()
          if name.isupper() and isinstance(value, int)}


class TellError(ConfigurationError):
    """The robot cannot be told; one line."""


class Teller(Node):
    """A client of ``execute_task``, and of ``reset_world`` where there is a simulation."""

    def __init__(self) -> None:
        super().__init__('tell')
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self)
        self._task = ActionClient(self, ExecuteTask, 'execute_task')
        self._world = self.create_client(ResetWorld, 'reset_world')
        self._status: PolicyStatus | None = None
        self.create_subscription(PolicyStatus, 'policy_status', self._take_status, 5)
        self._phase = -1

    def wait_until_ready(self) -> None:
        """Wait until a policy is loaded and warm; TellError says what is missing."""
        end, told = time.monotonic() + READY_S, ''
        while not self._is_ready():
            if time.monotonic() > end:
                raise TellError(f'the robot is not ready: {self._lacks()}')
            if told != self._lacks() and time.monotonic() > end - READY_S + 2.0:
                told = self._lacks()
                say(f'waiting: {told}')
            self._spin(0.1)

    def reset_world(self, task: str, seed: int) -> str:
        """Put the simulated world into a scene; its instruction."""
        if not self._world.wait_for_service(ANSWER_S):
            raise TellError('no simulated world here (service reset_world is not there)')
        answer = self._result(self._world.call_async(ResetWorld.Request(task=task, seed=seed)))
        if not answer.success:
            raise TellError(answer.message)
        return answer.instruction

    def tell(self, instruction: str, time_limit: float) -> bool:
        """Have it done; prints phases and the outcome, and returns whether it succeeded."""
        say(f'> {instruction}')
        self._phase = -1
        handle = self._result(self._task.send_goal_async(
            ExecuteTask.Goal(instruction=instruction, time_limit=time_limit), self._take_feedback))
        if not handle.accepted:
            raise TellError('another task is running; cancel it or wait')
        result = handle.get_result_async()
        try:
            self._until(result)
        except KeyboardInterrupt:
            self._result(handle.cancel_goal_async())
            self._until(result)
            say(outcome(result.result().result))
            raise
        answer = result.result()
        say(outcome(answer.result))
        return answer.status == GoalStatus.STATUS_SUCCEEDED and answer.result.success

    def _take_status(self, message: PolicyStatus) -> None:
        self._status = message

    def _take_feedback(self, message: ExecuteTask.Impl.FeedbackMessage) -> None:
        feedback = message.feedback
        if feedback.phase != self._phase:
            self._phase = feedback.phase
            say(f'  {PHASES.get(feedback.phase, "?")}'
                + (f': {feedback.sub_goal}' if feedback.sub_goal else ''))

    def _is_ready(self) -> bool:
        return (self._task.server_is_ready() and self._status is not None
                and self._status.state in (PolicyStatus.READY, PolicyStatus.RUNNING))

    def _lacks(self) -> str:
        if not self._task.server_is_ready():
            return 'the action execute_task is not served'
        if self._status is None:
            return 'no policy_status yet'
        return self._status.message or f'policy {self._status.policy or "none"} is not loaded yet'

    def _result(self, future: Future):
        end = time.monotonic() + ANSWER_S
        while not future.done() and time.monotonic() < end:
            self._spin(0.2, future)
        if not future.done():
            raise TellError(f'no answer within {ANSWER_S:g} s')
        return future.result()

    def _until(self, future: Future) -> None:
        while not future.done():
            self._spin(0.2, future)

    def _spin(self, seconds: float, future: Future | None = None) -> None:
        self._executor.spin_until_future_complete(future or Future(), seconds)


def outcome(result: ExecuteTask.Result) -> str:
    """How a task ended, in one line."""
    names = {value: name for name, value in vars(ExecuteTask.Result).items()
             if name.isupper() and isinstance(value, int)}
    word = names.get(result.outcome, '?').lower().replace('_', ' ')
    return f'{word} after {result.duration:.1f} s: {result.message}'


def say(line: str) -> None:
    """A line at once, whether or not somebody reads it as a terminal."""
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='tell', description=__doc__.splitlines()[1])
    parser.add_argument('instruction', nargs='*', help='what to do; nothing: asked for')
    parser.add_argument('--task', help='scene of the simulation to begin in, as tabletop/pick; '
                                       "'' for the task that the world has")
    parser.add_argument('--seed', type=int, help='of that scene')
    parser.add_argument('--time-limit', type=float, default=0.0, help="s; 0: the robot's own")
    return parser


def _run(teller: Teller, options: argparse.Namespace) -> int:
    teller.wait_until_ready()
    instruction = ' '.join(options.instruction).strip()
    if options.task is not None or options.seed is not None:
        scene = teller.reset_world(options.task or '', max(options.seed or 0, 0))
        instruction = instruction or scene
    if instruction:
        return SUCCEEDED if teller.tell(instruction, options.time_limit) else FAILED
    status = SUCCEEDED
    while True:
        try:
            line = input('what shall be done? ').strip()
        except EOFError:
            return status
        if line:
            try:
                status = SUCCEEDED if teller.tell(line, options.time_limit) else FAILED
            except TellError as error:
                say(f'error: {error}')
                status = REFUSED


def main() -> int:
    """Run the command."""
    options = _parser().parse_args(remove_ros_args(sys.argv)[1:])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    rclpy.init(args=sys.argv, signal_handler_options=SignalHandlerOptions.NO)
    teller = Teller()
    try:
        return _run(teller, options)
    except TellError as error:
        print(f'error: {error}', file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return FAILED
    finally:
        teller.destroy_node()
        rclpy.try_shutdown()


if __name__ == '__main__':
    sys.exit(main())
