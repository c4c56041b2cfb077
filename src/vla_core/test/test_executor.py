"""The executor that keeps its wait set: everything rclpy's own runs, and what changes meanwhile."""
import threading
import time

import pytest
import rclpy
from control_msgs.action import FollowJointTrajectory
from rcl_interfaces.srv import GetParameters
from rclpy.action import ActionClient, ActionServer
from rclpy.callback_groups import CallbackGroup, ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException
from rclpy.task import Future
from std_msgs.msg import Int32
from std_srvs.srv import Trigger

from vla_core.executor import KeepingExecutor


@pytest.fixture
def spun():
    """Two nodes of a context of their own: one to be tested and one beside it, both spun."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node, peer = (rclpy.create_node(name, context=context) for name in ('tested', 'peer'))
    executor = KeepingExecutor(context=context)
    executor.add_node(node)
    executor.add_node(peer)
    yield node, peer, executor
    executor.shutdown()
    node.destroy_node()
    peer.destroy_node()
    rclpy.try_shutdown(context=context)


def spin(executor, condition, timeout_s=5.0):
    """Spin until ``condition``; whether it came."""
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.05)
    return condition()


def test_messages_come_in_order_and_none_twice(spun):
    node, peer, executor = spun
    seen = []
    node.create_subscription(Int32, 'numbers', lambda message: seen.append(message.data), 50)
    publisher = peer.create_publisher(Int32, 'numbers', 50)
    assert spin(executor, lambda: publisher.get_subscription_count())
    for number in range(40):
        publisher.publish(Int32(data=number))
    assert spin(executor, lambda: len(seen) >= 40)
    assert not spin(executor, lambda: len(seen) > 40, 0.2)
    assert seen == list(range(40))


def test_what_is_added_while_it_waits_is_waited_for(spun):
    node, peer, executor = spun
    seen, done = [], threading.Event()

    def add():
        time.sleep(0.2)
        node.create_subscription(Int32, 'late', lambda message: seen.append(message.data), 5)
        publisher = peer.create_publisher(Int32, 'late', 5)
        while not seen and not done.wait(0.05):
            publisher.publish(Int32(data=1))

    thread = threading.Thread(target=add)
    thread.start()
    begin = time.monotonic()
    executor.spin_until(lambda: bool(seen) or time.monotonic() > begin + 5)
    done.set()
    thread.join()
    assert seen


def test_one_that_a_callback_destroyed_is_not_called_again(spun):
    node, _, executor = spun
    calls = []

    def once():
        calls.append(1)
        node.destroy_timer(timer)

    timer = node.create_timer(0.01, once)
    other = node.create_timer(0.01, lambda: calls.append(2))
    assert spin(executor, lambda: calls.count(2) > 5)
    assert calls.count(1) == 1
    other.cancel()
    count = len(calls)
    assert not spin(executor, lambda: len(calls) > count, 0.2)
    other.reset()
    assert spin(executor, lambda: len(calls) > count)


def test_streams_come_and_go_amid_callbacks(spun):
    node, peer, executor = spun
    publisher = peer.create_publisher(Int32, 'changing', 5)
    seen, streams = [], []

    def change():
        if streams:
            node.destroy_subscription(streams.pop())
        else:
            streams.append(node.create_subscription(Int32, 'changing', seen.append, 5))
        publisher.publish(Int32(data=1))

    timer = node.create_timer(0.02, change)
    node.create_timer(0.02, lambda: None)
    spin(executor, lambda: False, 1.5)
    timer.cancel()
    if not streams:
        change()
    assert spin(executor, publisher.get_subscription_count)
    publisher.publish(Int32(data=2))
    assert spin(executor, lambda: seen and seen[-1].data == 2)


def test_services_answer_and_futures_complete(spun):
    node, peer, executor = spun

    async def answer(request, response):
        await pause
        response.success = True
        return response

    node.create_service(Trigger, 'ask', answer, callback_group=ReentrantCallbackGroup())
    client = peer.create_client(Trigger, 'ask')
    assert spin(executor, client.service_is_ready)
    pause = Future(executor=executor)
    future = client.call_async(Trigger.Request())
    assert not spin(executor, future.done, 0.3)
    threading.Timer(0.1, lambda: pause.set_result(None)).start()
    assert spin(executor, future.done) and future.result().success
    parameters = peer.create_client(GetParameters, 'tested/get_parameters')
    assert spin(executor, parameters.service_is_ready)
    answered = parameters.call_async(GetParameters.Request(names=['use_sim_time']))
    executor.spin_until_future_complete(answered, timeout_sec=5)
    assert answered.done()


def test_actions_run_to_their_end(spun):
    node, peer, executor = spun
    turns = []

    async def execute(handle):
        feedback = FollowJointTrajectory.Feedback()
        while len(turns) < 20:
            handle.publish_feedback(feedback)
            await pause
        handle.succeed()
        return FollowJointTrajectory.Result(error_code=7)

    pause = Future(executor=executor)
    server = ActionServer(node, FollowJointTrajectory, 'follow', execute)
    client = ActionClient(peer, FollowJointTrajectory, 'follow')
    node.create_timer(0.01, lambda: turns.append(1))
    assert spin(executor, client.server_is_ready)
    told = []
    sent = client.send_goal_async(FollowJointTrajectory.Goal(), feedback_callback=told.append)
    assert spin(executor, sent.done) and sent.result().accepted
    result = sent.result().get_result_async()
    assert spin(executor, lambda: len(turns) >= 20)
    pause.set_result(None)
    assert spin(executor, result.done)
    assert result.result().result.error_code == 7 and told
    server.destroy()
    client.destroy()
    count = len(turns)
    assert spin(executor, lambda: len(turns) > count + 3)


def test_while_one_awaits_others_of_its_group_wait_and_the_rest_run(spun):
    node, _, executor = spun
    pause, calls = Future(executor=executor), []

    async def held():
        calls.append('held')
        await pause

    timer = node.create_timer(0.02, held)
    node.create_timer(0.02, lambda: calls.append('same'))
    node.create_timer(0.02, lambda: calls.append('other'),
                      callback_group=ReentrantCallbackGroup())
    assert spin(executor, lambda: 'held' in calls)
    count = calls.count('same')
    assert spin(executor, lambda: calls.count('other') > 10)
    assert calls.count('same') == count and calls.count('held') == 1
    timer.cancel()
    pause.set_result(None)
    assert spin(executor, lambda: calls.count('same') > count)


def test_what_its_group_never_lets_run_does_not_keep_it_awake(spun):
    node, peer, executor = spun

    class Never(CallbackGroup):
        def can_execute(self, entity):
            return False

        def beginning_execution(self, entity):
            return False

        def ending_execution(self, entity):
            pass

    seen = []
    node.create_subscription(Int32, 'kept', seen.append, 5, callback_group=Never())
    publisher = peer.create_publisher(Int32, 'kept', 5)
    assert spin(executor, publisher.get_subscription_count)
    publisher.publish(Int32(data=1))
    spin(executor, lambda: False, 0.3)
    begin = time.process_time()
    executor.spin_once(timeout_sec=0.5)
    assert time.process_time() - begin < 0.2 and not seen


def test_events_of_streams_are_told(spun):
    from rclpy.event_handler import SubscriptionEventCallbacks
    node, peer, executor = spun
    matched = []
    node.create_subscription(
        Int32, 'watched', lambda _: None, 5,
        event_callbacks=SubscriptionEventCallbacks(matched=matched.append))
    peer.create_publisher(Int32, 'watched', 5)
    assert spin(executor, lambda: matched)


def test_a_guard_condition_is_served(spun):
    node, _, executor = spun
    calls = []
    guard = node.create_guard_condition(lambda: calls.append(1))
    threading.Timer(0.1, guard.trigger).start()
    assert spin(executor, lambda: calls)


def test_a_failing_callback_is_raised(spun):
    node, _, executor = spun

    def fail():
        raise RuntimeError('as it happens')

    node.create_timer(0.01, fail)
    with pytest.raises(RuntimeError, match='as it happens'):
        spin(executor, lambda: False, 1.0)


def test_a_node_that_is_removed_is_left_alone(spun):
    node, _, executor = spun
    calls = []
    node.create_timer(0.01, lambda: calls.append(1))
    assert spin(executor, lambda: calls)
    executor.remove_node(node)
    count = len(calls)
    assert not spin(executor, lambda: len(calls) > count + 1, 0.2)


def test_time_that_is_given_is_kept(spun):
    _, _, executor = spun
    spin(executor, lambda: False, 0.5)  # what nodes do at their beginning
    begin = time.monotonic()
    executor.spin_once(timeout_sec=0.2)
    assert 0.15 < time.monotonic() - begin < 1.0
    begin = time.monotonic()
    executor.spin_once(timeout_sec=0.0)
    assert time.monotonic() - begin < 0.1


def test_it_ends_from_another_thread(spun):
    _, _, executor = spun
    spinning = threading.Thread(target=executor.spin)
    spinning.start()
    time.sleep(0.2)
    executor.shutdown()
    spinning.join(2.0)
    assert not spinning.is_alive()


def test_a_context_that_goes_away_ends_it(spun):
    node, _, executor = spun
    threading.Timer(0.2, lambda: rclpy.try_shutdown(context=node.context)).start()
    with pytest.raises(ExternalShutdownException):
        executor.spin_until(lambda: False)
        raise ExternalShutdownException  # it may also have been seen between two waits


def test_memory_does_not_grow_with_what_was_run(spun):
    import gc
    node, _, executor = spun
    calls = []
    node.create_timer(0.001, lambda: calls.append(None) or calls.clear())
    executor.spin_until(_after(200))
    gc.collect()
    before = len(gc.get_objects())
    executor.spin_until(_after(1000))
    gc.collect()
    assert len(gc.get_objects()) - before < 100


def _after(looks):
    left = [looks]

    def condition():
        left[0] -= 1
        return left[0] < 0
    return condition
