"""Broadcasters, listener and tools over real topics."""
import os
import signal
import subprocess
import sys
import threading
import time as clock

import pytest
import rclpy
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.time import Time
from tf2_msgs.srv import FrameGraph
from tf2_ros import (
    Buffer,
    StaticTransformBroadcaster,
    TransformBroadcaster,
    TransformListener,
)

WAIT = Duration(seconds=20)


def link(parent, child, stamp, x=0.0):
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    message.header.stamp = stamp
    message.transform.translation.x = x
    message.transform.rotation.w = 1.0
    return message


@pytest.fixture
def context():
    context = rclpy.Context()
    rclpy.init(context=context)
    yield context
    context.try_shutdown()


@pytest.fixture
def node(context):
    node = rclpy.create_node('peer', context=context)
    yield node
    node.destroy_node()


@pytest.fixture
def listener(node):
    listener = TransformListener(Buffer(), node, spin_thread=True)
    yield listener
    listener.unregister()


def start(tool, *arguments):
    program = f'import sys; from tf2_ros.{tool} import main; sys.exit(main())'
    return subprocess.Popen(
        [sys.executable, '-c', program, *arguments], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})


def stop(process, signal_number=signal.SIGINT):
    process.send_signal(signal_number)
    output, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert 'Traceback' not in errors
    return output, errors


def read_until(process, text):
    lines = ''
    for line in process.stdout:
        lines += line
        if text in line:
            return lines
    raise AssertionError(f'{text!r} is not in {lines!r}: {process.stderr.read()}')


def broadcast_until(node, action, broadcaster, done):
    """Send moving transforms until a condition holds."""
    end = clock.monotonic() + 20.0
    while not done() and clock.monotonic() < end:
        broadcaster.sendTransform(action(node.get_clock().now().to_msg()))
        clock.sleep(0.02)
    assert done()


def test_moving_transforms_arrive(node, listener):
    broadcaster = TransformBroadcaster(node)
    buffer = listener.buffer
    broadcast_until(node, lambda now: [link('world', 'base', now, 1.0), link('base', 'tool', now)],
                    broadcaster, lambda: buffer.can_transform('world', 'tool', Time()))
    assert buffer.lookup_transform('world', 'tool', Time()).transform.translation.x == 1.0


def test_static_transforms_reach_late_listeners_all_of_them(node):
    broadcaster = StaticTransformBroadcaster(node)
    now = node.get_clock().now().to_msg()
    broadcaster.sendTransform(link('world', 'base', now, 1.0))
    broadcaster.sendTransform((link('base', 'camera', now), link('world', 'base', now, 2.0)))
    buffer = Buffer()
    listener = TransformListener(buffer, node, spin_thread=True)
    found = buffer.lookup_transform('world', 'camera', Time(), WAIT)
    listener.unregister()
    assert found.transform.translation.x == 2.0


def test_a_callback_waits_for_a_transform_in_a_single_threaded_executor(context, node, listener):
    broadcaster = StaticTransformBroadcaster(node)
    found = []

    def wait_inside_the_executor():
        timer.cancel()
        # Sent from here: it can arrive only if the listener does not need this thread.
        broadcaster.sendTransform(link('world', 'base', node.get_clock().now().to_msg(), 3.0))
        found.append(listener.buffer.lookup_transform('world', 'base', Time(), WAIT))

    timer = node.create_timer(0.01, wait_inside_the_executor)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    end = clock.monotonic() + 25.0
    while not found and clock.monotonic() < end:
        executor.spin_once(timeout_sec=1.0)
    executor.shutdown()
    assert found[0].transform.translation.x == 3.0


def test_a_coroutine_waits_without_holding_the_executor(context, node):
    buffer = Buffer()
    listener = TransformListener(buffer, node)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    broadcaster = StaticTransformBroadcaster(node)
    task = executor.create_task(buffer.lookup_transform_async, 'world', 'base', Time())
    executor.spin_once(timeout_sec=0.1)
    assert not task.done()
    broadcaster.sendTransform(link('world', 'base', node.get_clock().now().to_msg(), 4.0))
    executor.spin_until_future_complete(task, timeout_sec=20.0)
    listener.unregister()
    executor.shutdown()
    assert task.result().transform.translation.x == 4.0


def test_frames_are_served_as_yaml(context, node):
    buffer = Buffer(node=node)
    buffer.set_transform_static(link('world', 'base', Time().to_msg()), 'test')
    client = node.create_client(FrameGraph, 'tf2_frames')
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    assert client.wait_for_service(20.0)
    future = client.call_async(FrameGraph.Request())
    executor.spin_until_future_complete(future, timeout_sec=20.0)
    executor.shutdown()
    assert future.result().frame_yaml == buffer.all_frames_as_yaml()


def test_unregister_twice_and_after_shutdown_is_quiet(context):
    node = rclpy.create_node('peer', context=context)
    listener = TransformListener(Buffer(), node, spin_thread=True)
    context.shutdown()
    listener.unregister()
    listener.unregister()


def test_static_transform_publisher_and_echo_agree(node, listener):
    publisher = start('static_transform_publisher', '--x', '0.1', '--z', '-2', '--yaw', '1.5707963',
                      '--frame-id', 'world', '--child-frame-id', 'camera')
    found = listener.buffer.lookup_transform('world', 'camera', Time(), WAIT).transform
    assert (found.translation.x, found.translation.z) == (0.1, -2.0)
    assert found.rotation.z == pytest.approx(2**-0.5, abs=1e-6)
    echo = start('tf2_echo', 'world', 'camera', '20')
    monitor = start('tf2_monitor')
    printed = read_until(echo, 'degree')
    assert '[0.100, 0.000, -2.000]' in printed
    assert '[0.000, 0.000, 90.000]' in printed
    read_until(monitor, 'Frame: camera, parent: world, static')
    for process in (echo, monitor):
        stop(process)
    stop(publisher, signal.SIGTERM)


def test_monitor_tells_rate_and_delay(node):
    broadcaster = TransformBroadcaster(node)
    node.create_timer(0.02, lambda: broadcaster.sendTransform(
        link('world', 'base', node.get_clock().now().to_msg())))
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    monitor = start('tf2_monitor')
    read_until(monitor, 'Frame: base')
    for _ in range(5):  # what lay waiting when it began came in a bunch
        printed = read_until(monitor, 'Frame: base')
    executor.shutdown()
    thread.join()
    stop(monitor)
    line = printed.splitlines()[-1]
    assert line.startswith('Frame: base, parent: world, rate: ')
    assert 5.0 < float(line.split('rate: ')[1].split(' ')[0]) < 60.0
    assert 0.0 < float(line.split('average delay: ')[1].split(' ')[0]) < 5.0


def test_signals_amid_callbacks_end_the_tools_quietly(node):
    """Regression: rclpy took the context away under a running callback, in one of ten ends."""
    broadcaster = TransformBroadcaster(node)
    tools = [start('tf2_monitor') for _ in range(4)]
    over = threading.Event()

    def send():
        while not over.wait(0.0005):
            broadcaster.sendTransform(link('world', 'base', node.get_clock().now().to_msg()))

    thread = threading.Thread(target=send)
    thread.start()
    for tool in tools:
        read_until(tool, 'Frame: base')
    for tool, signal_number in zip(tools, (signal.SIGINT, signal.SIGTERM) * 2):
        stop(tool, signal_number)
    over.set()
    thread.join()


@pytest.mark.parametrize('arguments, reason', [
    (('--frame-id', 'a'), '--child-frame-id'),
    (('--frame-id', 'a', '--child-frame-id', 'a'), 'are the same'),
    (('--frame-id', 'a', '--child-frame-id', 'b', '--x', 'one'), "'one'"),
    (('--frame-id', 'a', '--child-frame-id', 'b', '--qw', '0'), 'all zero'),
    (('--frame-id', 'a', '--child-frame-id', 'b', '--qw', '1', '--yaw', '1'), 'not as both'),
])
def test_static_transform_publisher_refuses_by_name(arguments, reason):
    process = start('static_transform_publisher', *arguments)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert reason in errors.splitlines()[-1]


@pytest.mark.parametrize('tool', ['static_transform_publisher', 'tf2_echo', 'tf2_monitor'])
def test_malformed_ros_argument_is_one_line(tool):
    process = start(tool, '--ros-args', '-p', 'nonsense')
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "'-p nonsense'" in errors.splitlines()[-1]
    assert 'Traceback' not in errors
