"""Hands on a gamepad and a policy beside them; prints, as JSON, what the robot made of it."""
import json
import math
import os
import struct
import sys
import threading
import time
from itertools import pairwise

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from vla_core.action_chunk import ActionChunk
from vla_core.conversion import chunk_to_message, pose_from_message, time_from_message
from vla_core.policy_contract import PolicyContract
from vla_core.rotation import matrix_to_rotation_6d, quaternion_to_matrix
from vla_interfaces.msg import (
    ActionChunk as ChunkMessage,
    EpisodeStatus,
    SafetyState,
    TeleopStatus,
)

NOBODY, POLICY, PERSON, SHARED = range(4)
LEFT_BUMPER, A, B, Y, LEFT_STICK, START = 4, 0, 1, 3, 9, 7
SPACE = PolicyContract.load('mini_franka').action.space
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
rclpy.init()
node = rclpy.create_node('teleop_probe')
poses, targets, statuses, safety, grippers, openings, episodes = [], [], [], [], [], [], []
node.create_subscription(PoseStamped, 'current_pose', poses.append, qos_profile_sensor_data)
node.create_subscription(PoseStamped, 'target_pose', targets.append, 50)
node.create_subscription(TeleopStatus, 'teleop_status', statuses.append, LATCHED)
node.create_subscription(SafetyState, 'safety_state', safety.append, LATCHED)
node.create_subscription(EpisodeStatus, 'episode_status', episodes.append, LATCHED)
node.create_subscription(
    Float64MultiArray, 'gripper_position_controller/commands', grippers.append, 50)
node.create_subscription(
    JointState, 'joint_states',
    lambda message: openings.append(message.position[message.name.index('fr3_finger_joint1')]),
    qos_profile_sensor_data)
chunks = node.create_publisher(ChunkMessage, 'action_chunk', 10)
executor = SingleThreadedExecutor()
executor.add_node(node)
threading.Thread(target=executor.spin, daemon=True).start()
pad = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)
sequence = iter(range(1, 10_000))
policy_runs = threading.Event()
policy_opening = [1.0]


def until(condition, what, timeout=30.0):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f'{what}; {statuses[-1:]}')
        time.sleep(0.01)


def call(name):
    client = node.create_client(Trigger, name)
    client.wait_for_service(20.0)
    future = client.call_async(Trigger.Request())
    until(future.done, name)
    return future.result().success


def button(number, down=None):
    """Hold or let go; without ``down`` press once."""
    for value in (1, 0) if down is None else (int(down),):
        os.write(pad, struct.pack('=IhBB', 0, value, 1, number))
        time.sleep(0.05)


def stick(axis, share):
    os.write(pad, struct.pack('=IhBB', 0, round(32767 * share), 2, axis))


def place():
    return pose_from_message(poses[-1].pose)[0]


def in_charge(code, timeout=10.0):
    until(lambda: statuses and statuses[-1].in_charge == code and not statuses[-1].changing,
          f'in charge {code}', timeout)


def policy():
    """Chunks of a small circle from where the arm is, each late by its latency."""
    while True:
        policy_runs.wait()
        position, quaternion = pose_from_message(poses[-1].pose)
        stamp = node.get_clock().now().nanoseconds
        phase = 1.2 * (0.1 * np.arange(1, 17))
        turn = matrix_to_rotation_6d(quaternion_to_matrix(quaternion))
        rows = np.tile(np.concatenate([position, turn, [policy_opening[0]]]), (16, 1))
        rows[:, 1] += 0.04 * np.sin(phase)
        time.sleep(0.1)
        chunks.publish(chunk_to_message(ActionChunk(
            stamp, SPACE, 0.1 * np.arange(1, 17), rows.astype(np.float32), frame_id='base',
            sequence=next(sequence), policy='probe'), ChunkMessage()))
        time.sleep(0.1)


def smoothness():
    """Largest step in mm between targets beyond what 0.25 m/s explains; measured speed in m/s."""
    steps = [math.dist(pose_from_message(a.pose)[0], pose_from_message(b.pose)[0])
             - 0.25e-9 * (time_from_message(b.header.stamp) - time_from_message(a.header.stamp))
             for a, b in pairwise(list(targets))]
    measured = list(poses)  # it grows meanwhile
    times = np.array([time_from_message(message.header.stamp) for message in measured]) * 1e-9
    places = np.array([pose_from_message(message.pose)[0] for message in measured])
    apart = np.diff(times) > 1e-4
    speeds = np.linalg.norm(np.diff(places, axis=0)[apart], axis=1) / np.diff(times)[apart]
    return {'step_mm': 1e3 * max(steps, default=0.0), 'speed': float(np.max(speeds))}


def forget():
    for one in (targets, safety, grippers):
        one.clear()
    del poses[:-1]  # the policy begins its chunks where the arm was last
    until(lambda: len(poses) > 1, 'a pose')


def guards():
    return sorted({guard for message in safety for guard in message.guards})


def drive_alone():
    """The dead-man and a stick move the arm; letting go of either stops it."""
    forget()
    start = place()
    stick(1, -1.0)
    time.sleep(0.5)
    without = math.dist(place(), start)
    button(LEFT_BUMPER, True)
    in_charge(PERSON)
    time.sleep(1.0)
    moving = place()
    button(LEFT_BUMPER, False)
    time.sleep(1.0)
    stopped = place()
    time.sleep(0.8)
    rest = math.dist(place(), stopped)
    stick(1, 0.0)
    count = len(targets)
    time.sleep(0.5)
    return {'without_dead_man_mm': 1e3 * without, 'moved_mm': 1e3 * (moving - start)[0],
            'after_release_mm': 1e3 * math.dist(stopped, moving), 'rest_mm': 1e3 * rest,
            'in_charge': statuses[-1].in_charge, 'silent': len(targets) == count,
            'guards': guards(), **smoothness()}


def toggle_gripper():
    before = openings[-1]
    for reached in (lambda: openings[-1] < 0.01, lambda: openings[-1] > 0.03):
        button(LEFT_BUMPER, True)
        button(A)
        button(LEFT_BUMPER, False)
        until(reached, 'the gripper', 10.0)
    return before


def take_over():
    """A policy runs; the person takes over, moves the arm, and hands back."""
    button(B)
    in_charge(NOBODY)
    policy_runs.set()
    in_charge(POLICY)
    time.sleep(1.0)
    forget()
    begun = time.monotonic()
    button(Y)
    in_charge(PERSON)
    taken = time.monotonic() - begun
    start = place()
    stick(4, -1.0)
    button(LEFT_BUMPER, True)
    time.sleep(1.0)
    button(LEFT_BUMPER, False)
    stick(4, 0.0)
    moved = (place() - start)[2]
    button(B)
    in_charge(POLICY)
    time.sleep(1.0)
    return {'taken_s': taken, 'moved_mm': 1e3 * moved, 'guards': guards(), **smoothness()}


def share():
    """The person moves the arm while the policy closes the gripper."""
    forget()
    button(LEFT_STICK)
    in_charge(SHARED)
    policy_opening[0] = 0.0
    start = place()
    stick(4, 1.0)
    button(LEFT_BUMPER, True)
    time.sleep(1.2)
    button(LEFT_BUMPER, False)
    stick(4, 0.0)
    until(lambda: openings[-1] < 0.005, 'the gripper to close', 5.0)
    moved = (start - place())[2]
    return {'moved_mm': 1e3 * moved, 'guards': guards(), **smoothness()}


def unplug():
    """The device dies while the arm moves."""
    global pad
    button(Y)
    in_charge(PERSON)
    stick(4, 1.0)
    button(LEFT_BUMPER, True)
    time.sleep(0.7)
    os.close(pad)
    until(lambda: statuses[-1].lost_devices == ['gamepad'], 'the loss', 5.0)
    time.sleep(0.6)
    stopped = place()
    time.sleep(0.4)
    rest = math.dist(place(), stopped)
    pad = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)
    until(lambda: not statuses[-1].lost_devices, 'the device', 5.0)
    time.sleep(0.3)
    return {'rest_mm': 1e3 * rest, 'after_mm': 1e3 * math.dist(place(), stopped)}


def stop_by_safety():
    """A latched stop takes charge from the person, and does not give it back by itself."""
    button(LEFT_BUMPER, True)
    call('stop')
    in_charge(NOBODY)
    call('release')
    time.sleep(0.5)
    still = statuses[-1].in_charge
    policy_runs.clear()
    button(LEFT_BUMPER, False)
    return still


def record(wanted):
    button(START)
    until(lambda: episodes and episodes[-1].state == wanted, f'recording {wanted}', 20.0)
    return episodes[-1].episode_id


until(lambda: poses and statuses and openings, 'the robot and teleoperation', 60.0)
threading.Thread(target=policy, daemon=True).start()
for line in sys.stdin:
    print('answer ' + json.dumps(eval(line)), flush=True)
