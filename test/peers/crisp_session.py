"""A session of CRISP's own client: ready, home, switch, parameters, figure eight, stiffness.

Run by the interpreter of the client's environment; the last line of its output is one JSON object.
The tracking error is taken from the stamps of what the client sent and what the arm did, so that
the client's own delays do not count.
usage: crisp_session.py NAMESPACE
"""
import json
import math
import os
import sys
import threading
import time
from importlib.resources import files

import numpy as np
import rclpy
from crisp_py.robot import Robot
from crisp_py.robot.robot_config import FrankaConfig
from geometry_msgs.msg import PoseStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data

RAMP = 1.5  # s
LAP = 4.2  # s a lap, 0.235 m/s on average
WIDTH, HEIGHT = 0.16, 0.08  # m
RATE = 50.0  # Hz


class Observer:
    """Remembers the stamp and position of every pose on two topics."""

    def __init__(self, namespace):
        self.node = rclpy.create_node('observer', namespace=namespace)
        self.paths = {}
        for topic in ('target_pose', 'current_pose'):
            path = self.paths[topic] = []
            self.node.create_subscription(
                PoseStamped, topic, lambda message, path=path: path.append(_row(message)),
                qos_profile_sensor_data)
        executor = SingleThreadedExecutor()
        executor.add_node(self.node)
        threading.Thread(target=executor.spin, daemon=True).start()

    def path(self, topic, begin, end):
        """Rows [t, x, y, z] between two moments of ROS time, s."""
        rows = np.array(self.paths[topic])
        return rows[(rows[:, 0] > begin) & (rows[:, 0] < end)]

    def now(self):
        return 1e-9 * self.node.get_clock().now().nanoseconds


def _row(message):
    stamp, place = message.header.stamp, message.pose.position
    return stamp.sec + 1e-9 * stamp.nanosec, place.x, place.y, place.z


def distances(targets, poses, lag):
    """Distance in m of each pose from where the target was `lag` seconds before."""
    wanted = [np.interp(poses[:, 0] - lag, targets[:, 0], targets[:, axis]) for axis in (1, 2, 3)]
    return np.linalg.norm(np.stack(wanted, axis=1) - poses[:, 1:], axis=1)


def in_stream(targets, poses):
    """Which poses [k] the client streamed for without a pause in the half second before."""
    stamps = targets[:, 0]
    pauses = stamps[1:][np.diff(stamps) > 0.05]
    return np.array([not np.any((pauses > t - 0.5) & (pauses < t + 0.05)) for t in poses[:, 0]])


def rms_mm(errors):
    return 1e3 * float(np.sqrt(np.mean(errors ** 2)))


namespace = sys.argv[1] if len(sys.argv) > 1 else ''
report = {}
robot = Robot(namespace=namespace, robot_config=FrankaConfig(time_to_home=2.0))
begun = time.monotonic()
robot.wait_until_ready()
report['ready_s'] = time.monotonic() - begun

robot.home()
report['homed_rad'] = float(np.abs(robot.joint_values - np.array(robot.config.home_config)).max())

robot.controller_switcher_client.switch_controller('cartesian_impedance_controller')
controllers = robot.controller_switcher_client.get_controller_list()
report['active'] = sorted(c.name for c in controllers if c.state == 'active'
                          and not c.name.endswith('broadcaster'))

parameters = robot.cartesian_controller_parameters_client
parameters.wait_until_ready()
default = files('crisp_py').joinpath('config/control/default_cartesian_impedance.yaml')
parameters.load_param_config(str(default))
report['k_pos_x'] = parameters.get_parameters(['task.k_pos_x'])[0]

centre = robot.end_effector_pose.position.copy()
start = robot.end_effector_pose
observer = Observer(namespace)
rate = robot.node.create_rate(RATE)
begun, first = time.monotonic(), observer.now()
while (now := time.monotonic() - begun) < RAMP + LAP:
    phase = 2.0 * math.pi * now / LAP
    robot.set_target(position=centre + min(1.0, now / RAMP) * np.array(
        [0.0, WIDTH * math.sin(phase), HEIGHT * math.sin(2.0 * phase)]))
    rate.sleep()
last = observer.now()
targets = observer.path('target_pose', first, last)
poses = observer.path('current_pose', first + RAMP, last - 0.1)
lags = np.arange(0.0, 0.2, 0.002)
best = min(lags, key=lambda lag: rms_mm(distances(targets, poses, lag)))
report['figure_eight_rms_mm'] = rms_mm(distances(targets, poses, 0.0))
report['figure_eight_max_mm'] = 1e3 * float(distances(targets, poses, 0.0).max())
whole = in_stream(targets, poses)
report['streamed_share'] = float(whole.mean())
report['figure_eight_median_mm'] = 1e3 * float(np.median(
    distances(targets, poses[whole] if whole.any() else poses, 0.0)))
report['figure_eight_size_m'] = np.ptp(poses[:, 2:], axis=0).tolist()
report['figure_eight_lag_ms'] = 1e3 * float(best)
report['longest_pause_ms'] = 1e3 * float(np.diff(targets[:, 0]).max())
steps = np.linalg.norm(np.diff(targets[targets[:, 0] > first + RAMP][:, 1:], axis=0), axis=1)
report['mean_speed_m_s'] = float(steps.sum() / (last - first - RAMP))

parameters.set_parameters([('task.k_pos_z', 200.0), ('task.k_pos_x', 300.0)])
robot.set_stiffness(translational=[400.0, 400.0, 400.0], rotational=[20.0, 20.0, 20.0])
time.sleep(0.5)
report['k_pos_z'] = parameters.get_parameters(['task.k_pos_z'])[0]
report['drift_mm'] = 1e3 * float(np.linalg.norm(
    robot.end_effector_pose.position - robot.target_pose.position))
report['turned_rad'] = float(
    (robot.end_effector_pose.orientation * start.orientation.inv()).magnitude())
print(json.dumps(report))
sys.stdout.flush()
os._exit(0)  # the client's own threads do not end by themselves
