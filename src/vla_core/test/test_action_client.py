"""The action client: what the executor's thread receives meets what another thread sends."""
import threading
import time

import pytest
import rclpy
from control_msgs.action import GripperCommand
from rclpy.action import ActionClient, ActionServer
from rclpy.executors import SingleThreadedExecutor

from vla_core.action_client import for_threads

pytestmark = pytest.mark.usefixtures('ros')


class SlowToReturn:
    """A client handle whose answers arrive before the call that asked for them returns."""

    def __init__(self, handle):
        self._handle = handle

    def __getattr__(self, name):
        called = getattr(self._handle, name)
        if not (name.startswith('send_') and name.endswith('_request')):
            return called

        def send(request):
            number = called(request)
            time.sleep(0.3)
            return number
        return send


@pytest.fixture()
def ros():
    rclpy.init()
    yield
    rclpy.try_shutdown()


def test_an_answer_that_comes_at_once_is_not_lost():
    def execute(goal):
        goal.succeed()
        return GripperCommand.Result(position=0.04)

    node = rclpy.create_node('hand')
    server = ActionServer(node, GripperCommand, 'grip', execute)
    client = for_threads(ActionClient(node, GripperCommand, 'grip'))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    spinning = threading.Thread(target=executor.spin, daemon=True)
    spinning.start()
    assert client.wait_for_server(10.0)
    client._client_handle = SlowToReturn(client._client_handle)

    def answer(future):
        end = time.monotonic() + 10.0
        while not future.done():
            assert time.monotonic() < end, 'the answer was lost'
            time.sleep(0.01)
        return future.result()

    handle = answer(client.send_goal_async(GripperCommand.Goal()))
    assert handle.accepted
    assert answer(handle.get_result_async()).result.position == 0.04
    answer(handle.cancel_goal_async())
    executor.shutdown()
    spinning.join(10.0)
    client.destroy()
    server.destroy()
    node.destroy_node()
