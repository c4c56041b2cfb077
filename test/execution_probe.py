"""Streams chunks as a slow policy does and prints, as JSON, what the execution made of them."""
import json
import math
import sys
import threading
import time

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.srv import SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from std_srvs.srv import Trigger

from vla_core.action_chunk import ActionChunk
from vla_core.conversion import chunk_to_message, pose_from_message, time_from_message
from vla_core.policy_contract import PolicyContract
from vla_core.rotation import matrix_to_rotation_6d, quaternion_to_matrix
from vla_interfaces.msg import ActionChunk as ChunkMessage, ExecutionStatus

LATENCY = 0.2  # s
SPACE = PolicyContract.load('mini_franka').action.space
rclpy.init()
node = rclpy.create_node('execution_probe')
poses, targets, statuses, committed = [], [], [], []
node.create_subscription(PoseStamped, 'current_pose', poses.append, qos_profile_sensor_data)
node.create_subscription(PoseStamped, 'target_pose', targets.append, 50)
node.create_subscription(ExecutionStatus, 'execution_status', statuses.append, 10)
node.create_subscription(ChunkMessage, 'committed_chunk', committed.append, 10)
chunks = node.create_publisher(ChunkMessage, 'action_chunk', 10)
executor = SingleThreadedExecutor()
executor.add_node(node)
threading.Thread(target=executor.spin, daemon=True).start()
sequence = iter(range(1, 10_000))


def until(condition, what, timeout=30.0):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def call(service_type, name, **fields):
    client = node.create_client(service_type, name)
    if not client.wait_for_service(20.0):
        raise TimeoutError(name)
    done = threading.Event()
    future = client.call_async(service_type.Request(**fields))
    future.add_done_callback(lambda _: done.set())
    if not done.wait(15.0):
        raise TimeoutError(name)
    return future.result()


def now():
    return node.get_clock().now().nanoseconds


def place(message):
    return pose_from_message(message.pose)[0]


def send(stamp, rows):
    times = 0.1 * np.arange(1, len(rows) + 1)
    chunks.publish(chunk_to_message(ActionChunk(
        stamp, SPACE, times, np.asarray(rows, np.float32), frame_id='base',
        sequence=next(sequence), policy='probe'), ChunkMessage()))


def stream(seconds, radius=0.06, rate=1.5):
    """Chunks of an arc from here, each late by the latency of its policy."""
    position, quaternion = pose_from_message(poses[-1].pose)
    turn = matrix_to_rotation_6d(quaternion_to_matrix(quaternion))
    begun = now()
    while (stamp := now()) - begun < seconds * 1e9:
        phase = rate * ((stamp - begun) * 1e-9 + 0.1 * np.arange(1, 17))
        rows = np.tile(np.concatenate([position, turn, [1.0]]), (16, 1))
        rows[:, 1] += radius * np.sin(phase)
        rows[:, 2] += radius * (1 - np.cos(phase))
        time.sleep(LATENCY)
        send(stamp, rows)
        time.sleep(0.1)


def motion(messages):
    """Largest acceleration in m/s² and speed in m/s of a stream, and its rate in Hz."""
    stamps = np.array([time_from_message(message.header.stamp) for message in messages]) * 1e-9
    places = np.array([place(message) for message in messages])
    speeds = np.diff(places, axis=0) / np.diff(stamps)[:, None]
    middle = 0.5 * (np.diff(stamps)[1:] + np.diff(stamps)[:-1])
    changes = np.linalg.norm(np.diff(speeds, axis=0), axis=1) / middle
    return (float(changes.max()), float(np.linalg.norm(speeds, axis=1).max()),
            (len(stamps) - 1) / (stamps[-1] - stamps[0]))


def state():
    count = len(statuses)
    until(lambda: len(statuses) > count + 1, 'a status')
    return statuses[-1]


def follow():
    """The arm goes where chunks lead, smoothly; the stream ends, and it holds."""
    targets.clear()
    stream(4.0)
    if len(targets) < 10:
        raise RuntimeError(f'no targets: {state()}')
    acceleration, speed, rate = motion(targets[2:])
    moving = state()
    time.sleep(3.0)
    held = state()
    reached = place(poses[-1])
    return {'acceleration': acceleration, 'speed': speed, 'rate_hz': rate,
            'moving': moving.state, 'age_s': moving.chunk_age,
            'held': held.state, 'starvation': held.starvation_ratio,
            'accepted': held.chunks_accepted, 'refused': held.chunks_refused,
            'error_mm': 1e3 * math.dist(reached, place(targets[-1])),
            'committed_rows': int(committed[0].steps), 'committed_first_s': committed[0].times[0]}


def refuse():
    """Chunks of nonsense are named; how far in mm the arm has moved meanwhile."""
    start = place(poses[-1])
    send(now(), np.full((4, 10), np.nan))
    until(lambda: 'is nan' in state().refusal, 'the refusal of a chunk that is not finite', 5.0)
    send(now() - 3_600_000_000_000, np.tile([*start, 1, 0, 0, 0, -1, 0, 1], (4, 1)))
    until(lambda: 's old' in state().refusal, 'the refusal of an old chunk', 5.0)
    return 1e3 * math.dist(start, place(poses[-1]))


def stop_by_safety():
    """The stop wins over chunks; nothing resumes by itself after the release."""
    thread = threading.Thread(target=stream, args=(3.0,))
    thread.start()
    time.sleep(1.5)
    call(Trigger, 'stop')
    until(lambda: state().state == ExecutionStatus.STOPPED, 'the end of the execution', 5.0)
    time.sleep(0.5)
    call(Trigger, 'release')
    thread.join()
    time.sleep(0.3)
    count, after = len(targets), state()
    time.sleep(0.5)
    silent = len(targets) == count
    begun = call(Trigger, 'execution/start')
    time.sleep(0.3)
    stream(1.0)
    return after.state, after.refusal, silent, begun.success, state().state


def stop_smoothly():
    thread = threading.Thread(target=stream, args=(2.0,))
    thread.start()
    time.sleep(1.2)
    targets.clear()
    answer = call(Trigger, 'execution/stop')
    time.sleep(1.0)
    thread.join()
    return answer.success, state().state, motion(targets)[:2]


def set_strategy(name):
    answer = call(SetParameters, 'execution/set_parameters',
                  parameters=[Parameter('strategy', value=name).to_parameter_msg()])
    return answer.results[0].successful, answer.results[0].reason


until(lambda: poses and statuses, 'the robot and its execution', 60.0)
for line in sys.stdin:
    print('answer ' + json.dumps(eval(line)), flush=True)
