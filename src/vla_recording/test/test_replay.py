"""The way to the start is gentle, and what was told is told again at its time."""
import os
import threading
import time

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import Pose, PoseStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from synthetic_bag import position_at

from vla_interfaces.msg import SafetyState
from vla_recording.replay_plan import JointApproach, PoseApproach, ease, times

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def pose(x, y, z, quaternion=(0.0, 0.0, 0.0, 1.0)):
    made = Pose()
    made.position.x, made.position.y, made.position.z = x, y, z
    made.orientation.x, made.orientation.y, made.orientation.z, made.orientation.w = quaternion
    return made


def test_the_way_of_a_pose_is_straight_and_slow():
    turned = (0.0, 0.0, -np.sin(0.5), -np.cos(0.5))
    way = PoseApproach.between(pose(0.4, 0.0, 0.3), pose(0.5, 0.2, 0.3, turned))
    at = [Pose() for _ in times(50, way.duration_s)]
    for made, now in zip(at, times(50, way.duration_s)):
        way.fill(now, made)
    places = np.array([[made.position.x, made.position.y, made.position.z] for made in at])
    np.testing.assert_allclose(places[0], [0.4, 0.0, 0.3], atol=1e-12)
    np.testing.assert_allclose(places[-1], [0.5, 0.2, 0.3], atol=1e-12)
    assert np.linalg.norm(np.diff(places, axis=0), axis=1).max() * 50 < 0.17
    assert abs(at[-1].orientation.w) == pytest.approx(np.cos(0.5))


def test_the_way_of_joints_is_by_name():
    way = JointApproach.between(
        JointState(name=['b', 'a'], position=[1.0, 0.0]), JointState(name=['a'], position=[0.5]))
    assert way.at(0.0) == [0.0] and way.at(way.duration_s) == [0.5] and way.duration_s > 3
    assert [ease(share) for share in (-1, 0, 0.5, 1, 2)] == [0, 0, 0.5, 1, 1]


class FakeRobot:
    """Follows every target at once, and can be stopped."""

    def __init__(self, namespace, stopped_after=None):
        rclpy.init()
        self.node = rclpy.create_node('fake_robot', namespace=namespace)
        self.told = []
        self._after = stopped_after
        self._pose = PoseStamped(pose=pose(0.45, 0.0, 0.3))
        self._pose.header.frame_id = 'base'
        self._poses = self.node.create_publisher(PoseStamped, 'current_pose', 5)
        self._joints = self.node.create_publisher(JointState, 'joint_states', 5)
        self._safety = self.node.create_publisher(SafetyState, 'safety_state', LATCHED)
        self.node.create_subscription(PoseStamped, 'target_pose', self._take, 50)
        self.node.create_subscription(
            Float64MultiArray, 'gripper_position_controller/commands', lambda message: None, 5)
        self.node.create_timer(0.02, self._tick)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()

    def _take(self, message):
        self.told.append((time.monotonic(), message))
        self._pose.pose = message.pose
        if self._after is not None and len(self.told) > self._after:
            self._safety.publish(SafetyState(level=SafetyState.STOPPED, message='the button'))

    def _tick(self):
        self._poses.publish(self._pose)
        self._joints.publish(JointState(name=['fr3_joint1'], position=[0.0]))

    def close(self):
        self._executor.shutdown()
        self._thread.join(5)
        self.node.destroy_node()
        rclpy.try_shutdown()


@pytest.fixture
def fake_robot():
    made = []

    def start(**options):
        made.append(FakeRobot(f'/replay_{os.getpid()}', **options))
        return made[-1]

    yield start
    for robot in made:
        robot.close()


def replay(python, bag, *words, namespace=''):
    return python('-m', 'vla_recording.replay', str(bag), *words, '--ros-args', '-r',
                  f'__ns:={namespace or f"/replay_{os.getpid()}"}')


def test_a_robot_goes_to_the_start_and_does_it_again(fake_robot, python, make_bag):
    robot = fake_robot()
    process = replay(python, make_bag(seconds=1.0))
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
    places = np.array([[message.pose.position.x, message.pose.position.y]
                       for _, message in robot.told])
    again = places[-25:]
    np.testing.assert_allclose(again, [position_at(index / 25)[:2] for index in range(25)])
    assert np.linalg.norm(np.diff(places[:-25], axis=0), axis=1).max() < 0.02, 'slowly'
    assert robot.told[-1][0] - robot.told[-25][0] > 0.8


def test_the_stop_ends_a_replay(fake_robot, python, make_bag):
    fake_robot(stopped_after=5)
    process = replay(python, make_bag(seconds=1.0))
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 1 and 'error: the robot is stopped (the button)' in said


@pytest.mark.parametrize(('options', 'words', 'reason'), [
    ({}, [], 'nobody listens to'),
    ({'without': ('/target_pose',)}, [], 'holds no targets of franka'),
    ({}, ['--robot', 'ur'], 'was recorded on franka, not ur'),
    ({}, ['--speed', '3'], '--speed: must lie in 0.05 to 1'),
])
def test_a_replay_that_cannot_be_is_refused(python, make_bag, options, words, reason):
    process = replay(python, make_bag(seconds=0.2, **options), *words, namespace='/nobody')
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 1 and reason in said and 'Traceback' not in said
