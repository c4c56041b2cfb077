"""What the buttons of the web view do to the robot: services, an action and a parameter."""
import threading
from typing import Any

from action_msgs.srv import CancelGoal
from rcl_interfaces.srv import SetParameters
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_msgs.msg import String
from std_srvs.srv import Trigger

from vla_core.action_client import for_threads
from vla_interfaces.action import ExecuteTask
from vla_interfaces.srv import LoadPolicy, ResetWorld, SetInstruction

__all__ = ['Commands']

WAIT_S, LOAD_S = 5.0, 300.0


class Commands:
    """
    Each method asks and returns what came of it in one line; they may be called from any thread
    but the executor's.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._stop = node.create_client(Trigger, 'stop')
        self._release = node.create_client(Trigger, 'supervisor/release')
        self._tell = node.create_publisher(String, 'operator_stop', 10)
        self._task = for_threads(ActionClient(node, ExecuteTask, 'execute_task'))
        self._cancel = node.create_client(CancelGoal, 'execute_task/_action/cancel_goal')
        self._instruction = node.create_client(SetInstruction, 'set_instruction')
        self._load = node.create_client(LoadPolicy, 'load_policy')
        self._reset = node.create_client(ResetWorld, 'reset_world')
        self._parameters = node.create_client(SetParameters, 'execution/set_parameters')
        self._waiting: set[threading.Event] = set()

    def close(self) -> None:
        """Wait no longer for what was asked: whoever waits hears that there was no answer."""
        for waiting in tuple(self._waiting):
            waiting.set()

    def start(self, instruction: str) -> str:
        """Give the task, or another instruction to the one that runs."""
        if not instruction.strip():
            return 'write an instruction first'
        if not self._task.server_is_ready():
            return 'not started: there is no inference node'
        goal = self._result(self._task.send_goal_async(
            ExecuteTask.Goal(instruction=instruction)), WAIT_S)
        if goal is not None and goal.accepted:
            return f'started: {instruction}'
        request = SetInstruction.Request(instruction=instruction)
        return self._say(self._instruction, request, 'set_instruction')

    def finish(self) -> str:
        """End the running task; the arm comes to rest."""
        if not self._cancel.service_is_ready():
            return 'not ended: there is no inference node'
        answer = self._result(self._cancel.call_async(CancelGoal.Request()), WAIT_S)
        count = len(answer.goals_canceling) if answer is not None else 0
        return 'the task ends' if count else 'no task is running'

    def stop(self) -> str:
        """Latch the stop, by the controller itself."""
        self._tell.publish(String(data='the web view'))
        return self._say(self._stop, Trigger.Request(), 'stop')

    def release(self) -> str:
        """Let go of the stop."""
        return self._say(self._release, Trigger.Request(), 'supervisor/release')

    def reset(self, task: str, seed: int) -> str:
        """Put the simulated world into a scene; its instruction is part of the answer."""
        if not self._reset.service_is_ready():
            return 'not reset: only a simulated world can be'
        answer = self._result(self._reset.call_async(
            ResetWorld.Request(task=task, seed=max(0, seed))), WAIT_S)
        if answer is None:
            return f'reset_world did not answer in {WAIT_S:g} s'
        return answer.instruction if answer.success and answer.instruction else answer.message

    def load_policy(self, policy: str) -> str:
        """Load another policy beside the running one."""
        return self._say(self._load, LoadPolicy.Request(policy=policy), 'load_policy', LOAD_S)

    def use_strategy(self, strategy: str) -> str:
        """Change how chunks are merged."""
        if not self._parameters.service_is_ready():
            return 'not changed: there is no execution node'
        answer = self._result(self._parameters.call_async(SetParameters.Request(
            parameters=[Parameter('strategy', value=strategy).to_parameter_msg()])), WAIT_S)
        if answer is None:
            return f'execution did not answer in {WAIT_S:g} s'
        result = answer.results[0]
        return f'strategy {strategy}' if result.successful else result.reason

    def _say(self, client: Any, request: Any, name: str, wait_s: float = WAIT_S) -> str:
        if not client.service_is_ready():
            return f'NOT DONE: there is no service {name}'
        answer = self._result(client.call_async(request), wait_s)
        if answer is None:
            return f'NOT DONE: {name} did not answer in {wait_s:g} s'
        return answer.message or ('done' if answer.success else f'NOT DONE: {name} refused')

    def _result(self, future: Any, wait_s: float) -> Any:
        """The result of a future, or None when it takes longer."""
        done = threading.Event()
        self._waiting.add(done)
        future.add_done_callback(lambda _: done.set())
        done.wait(wait_s)
        self._waiting.discard(done)
        return future.result() if future.done() else None
