"""A session of CRISP's own client: ready, home, switch, parameters, figure eight, stiffness.

Run by the interpreter of the client's environment; the last line of its output is one JSON object.
The tracking error is the tip's distance from the way between the targets of the last tenth of a
second, by the stamps of what the client sent and what the arm did: when the client pauses the tip
has to wait where it was sent last, and a client that is late does not count as an arm that is.
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
LATELY = 0.1  # s


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


def distances(targets, poses):
    """Distance in m of each pose from the polyline of the targets that were the newest lately."""
    stamps = targets[:, 0]
    first = np.searchsorted(stamps, poses[:, 0] - LATELY, side='right') - 1
    last = np.searchsorted(stamps, poses[:, 0] + 1.0 / RATE, side='right')
    return np.array([_from_polyline(targets[max(a, 0):max(b, 1), 1:], place)
                     for a, b, place in zip(first, last, poses[:, 1:])])


def _from_polyline(corners, place):
    starts, ways = corners[:-1], np.diff(corners, axis=0)
    lengths = np.maximum(np.sum(ways ** 2, axis=1), 1e-12)
    shares = np.clip(np.sum((place - starts) * ways, axis=1) / lengths, 0.0, 1.0)
    nearest = np.vstack([corners[-1:], starts + shares[:, None] * ways])
    return np.linalg.norm(nearest - place, axis=1).min()


namespace = sys.argv[1] if len(sys.argv) > 1 else ''
report = {}
robot = Robot(namespace=namespace, robot_config=FrankaConfig(
    time_to_home=2.0, use_admittance_controller=True))
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
targets = observer.path('target_pose', first - 1.0, last)
poses = observer.path('current_pose', first + RAMP, last - 0.1)
errors = 1e3 * distances(targets, poses)
report['figure_eight_median_mm'] = float(np.median(errors))
report['figure_eight_rms_mm'] = float(np.sqrt(np.mean(errors ** 2)))
report['figure_eight_max_mm'] = float(errors.max())
report['figure_eight_size_m'] = np.ptp(poses[:, 2:], axis=0).tolist()
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

admittance = robot.admittance_controller_parameters_client
admittance.wait_until_ready()
admittance.load_param_config(str(files('crisp_py').joinpath(
    'config/control/default_admittance.yaml')))
report['admittance'] = admittance.get_parameters([
    'admittance.mass_x', 'admittance.stiffness_x', 'admittance.damping_rz', 'ft_sensor.topic'])
print(json.dumps(report))
sys.stdout.flush()
os._exit(0)  # the client's own threads do not end by themselves
