"""Processor time of a message: rclpy's executor against ours, as `make bench NAME=spinning`.

A process publishes joint states at 100 Hz; a node takes them, in turns spun by rclpy's
SingleThreadedExecutor and by ours. Like the nodes of the robot it also has a timer of 100 Hz, and
streams on which nothing comes.
"""
import argparse
import json
import multiprocessing
import os
import random
import sys
import time

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from rich.console import Console
from sensor_msgs.msg import JointState

from vla_core.executor import KeepingExecutor

PERIOD_S = 0.01
JOINTS = 9
TURNS = 5
CONSOLE = Console(stderr=True)


def publish(streams: int, stop: multiprocessing.Event) -> None:
    """Joint states on every stream until told to stop."""
    rclpy.init()
    node = rclpy.create_node('spinning_source')
    publishers = [
        node.create_publisher(JointState, f'spinning/joints{number}', qos_profile_sensor_data)
        for number in range(streams)]
    message = JointState(name=[f'joint{number}' for number in range(JOINTS)],
                         position=[0.0] * JOINTS, velocity=[0.0] * JOINTS)
    due = time.monotonic()
    while not stop.is_set():
        for publisher in publishers:
            publisher.publish(message)
        due += PERIOD_S
        time.sleep(max(0.0, due - time.monotonic()))


def microseconds(make_executor: type, streams: int, idle: int, seconds: float) -> float:
    """Of the spinning thread for each message taken."""
    node = rclpy.create_node('spinning_sink')
    taken = []
    for number in range(streams):
        node.create_subscription(
            JointState, f'spinning/joints{number}', taken.append, qos_profile_sensor_data)
    for number in range(idle):
        node.create_subscription(JointState, f'spinning/silent{number}', taken.append, 1)
        node.create_publisher(JointState, f'spinning/own{number}', 1)
    node.create_timer(PERIOD_S, lambda: None)
    executor = make_executor()
    executor.add_node(node)
    try:
        while len(taken) < streams:
            executor.spin_once(timeout_sec=0.5)
        taken.clear()
        begin, end = time.thread_time(), time.monotonic() + seconds
        while time.monotonic() < end:
            executor.spin_once(timeout_sec=0.1)
        return 1e6 * (time.thread_time() - begin) / max(len(taken), 1)
    finally:
        executor.shutdown()
        node.destroy_node()


def main() -> int:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seconds', type=float, default=3.0, help='of each turn')
    parser.add_argument('--streams', type=int, default=3)
    parser.add_argument('--idle', type=int, default=8, help='silent streams each way')
    options = parser.parse_args()
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randrange(1, 100)))
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    spawn = multiprocessing.get_context('spawn')
    stop = spawn.Event()
    source = spawn.Process(target=publish, args=(options.streams, stop), daemon=True)
    source.start()
    rclpy.init()
    times: dict[str, list[float]] = {'theirs': [], 'ours': []}
    try:
        for turn in range(TURNS):
            CONSOLE.print(f'turn {turn + 1} of {TURNS}')
            for name, make_executor in (
                    ('theirs', SingleThreadedExecutor), ('ours', KeepingExecutor)):
                times[name].append(microseconds(
                    make_executor, options.streams, options.idle, options.seconds))
    finally:
        stop.set()
        rclpy.shutdown()
        source.join(5.0)
    ratios = np.array(times['ours']) / np.array(times['theirs'])
    print(json.dumps({
        'name': 'spinning', 'streams': options.streams, 'idle': options.idle,
        'rclpy_us_per_message': round(float(np.median(times['theirs'])), 1),
        'ours_us_per_message': round(float(np.median(times['ours'])), 1),
        'ratio': round(float(np.median(ratios)), 3),
        'ratio_worst_turn': round(float(ratios.max()), 3)}))
    return 0


if __name__ == '__main__':
    sys.exit(main())
