"""The node as a user runs it, in a process of its own."""
import itertools
import os
import signal
import subprocess
import sys
import time

import pytest
import rclpy
import yaml
from rcl_interfaces.srv import SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

URDF = """<robot name='test'>
  <link name='base'/><link name='arm'/><link name='left'/><link name='right'/><link name='camera'/>
  <joint name='shoulder' type='revolute'>
    <parent link='base'/><child link='arm'/><origin xyz='0 0 0.5'/><axis xyz='0 0 1'/></joint>
  <joint name='left_finger' type='prismatic'>
    <parent link='arm'/><child link='left'/><axis xyz='0 1 0'/></joint>
  <joint name='right_finger' type='prismatic'>
    <parent link='arm'/><child link='right'/><axis xyz='0 1 0'/>
    <mimic joint='left_finger' multiplier='-1'/></joint>
  <joint name='mount' type='fixed'>
    <parent link='arm'/><child link='camera'/><origin xyz='0.1 0 0' rpy='0 1.5707963 0'/></joint>
</robot>"""
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
PROGRAM = 'import sys; from robot_state_publisher.node import main; sys.exit(main())'


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, '-c', PROGRAM, *arguments], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})


def parameters(tmp_path, **values):
    file = tmp_path / 'parameters.yaml'
    file.write_text(yaml.safe_dump({'/**': {'ros__parameters': values}}))
    return '--ros-args', '--params-file', str(file)


class Peer:
    """A node that drives the publisher and listens to it."""

    def __init__(self):
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node('peer', context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.moving, self.still, self.descriptions = [], [], []
        self.joints = self.node.create_publisher(JointState, 'joint_states', 10)
        self.node.create_subscription(TFMessage, '/tf', self.moving.append, 100)
        self.node.create_subscription(TFMessage, '/tf_static', self.still.append, LATCHED)
        self.node.create_subscription(
            String, 'robot_description', lambda message: self.descriptions.append(message.data),
            LATCHED)

    def wait(self, condition, act=lambda: None):
        end = time.monotonic() + 20.0
        while not condition():
            assert time.monotonic() < end, 'nothing came'
            act()
            self.executor.spin_once(timeout_sec=0.02)

    def send(self, seconds=None, **positions):
        message = JointState(name=list(positions), position=list(positions.values()))
        message.header.stamp = (self.node.get_clock().now() if seconds is None
                                else rclpy.time.Time(seconds=seconds)).to_msg()
        self.joints.publish(message)

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.shutdown()


@pytest.fixture
def peer():
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture
def run():
    processes = []

    def run(*arguments):
        processes.append(start(*arguments))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def by_child(message):
    return {one.child_frame_id: one for one in message.transforms}


def test_description_fixed_and_moving_joints_are_published(peer, run, tmp_path):
    run(*parameters(tmp_path, robot_description=URDF, frame_prefix='r1/'))
    peer.wait(lambda: peer.still and peer.descriptions)
    assert "<robot name='test'>" in peer.descriptions[0]
    camera = by_child(peer.still[-1])['r1/camera']
    assert camera.header.frame_id == 'r1/arm'
    assert camera.transform.translation.x == 0.1
    assert camera.transform.rotation.y == pytest.approx(2**-0.5)
    peer.wait(lambda: peer.moving,
              lambda: peer.send(shoulder=0.5, left_finger=0.02, stranger=9.0))
    found = by_child(peer.moving[-1])
    assert set(found) == {'r1/arm', 'r1/left', 'r1/right'}
    rotation = found['r1/arm'].transform.rotation
    assert [rotation.x, rotation.y, rotation.z, rotation.w] == pytest.approx(
        Rotation.from_rotvec([0, 0, 0.5]).as_quat())
    assert found['r1/arm'].transform.translation.z == 0.5
    assert found['r1/left'].transform.translation.y == 0.02
    assert found['r1/right'].transform.translation.y == -0.02
    peer.wait(lambda: by_child(peer.moving[-1])['r1/right'].transform.translation.y == 0.01,
              lambda: peer.send(left_finger=0.02, right_finger=0.01))


def test_old_states_are_dropped_and_the_rate_is_bounded(peer, run, tmp_path):
    run(*parameters(tmp_path, robot_description=URDF, publish_frequency=10.0))
    early = itertools.count(1.0, 0.05)  # each once, so new ones until we are heard
    peer.wait(lambda: peer.moving, lambda: peer.send(seconds=next(early), shoulder=0.0))

    def deal_with(seconds):
        """Send a state and wait until another joint's, sent after it, has come through."""
        peer.send(seconds=seconds, shoulder=seconds)
        after = next(later)
        peer.wait(lambda: max(stamps_of('left'), default=0.0) > after,
                  lambda: peer.send(seconds=next(later), left_finger=0.01))

    def stamps_of(link):
        return [one.header.stamp.sec + one.header.stamp.nanosec / 1e9
                for message in peer.moving for one in message.transforms
                if one.child_frame_id == link]

    later = itertools.count(200.0)
    for seconds in (100.0, 99.0, 100.05, 100.1, 100.15, 100.25):
        deal_with(seconds)
    stamps = [stamp for stamp in stamps_of('arm') if stamp > 98.0]
    assert stamps == pytest.approx([100.0, 100.1, 100.25])


def test_ignore_timestamp_publishes_everything(peer, run, tmp_path):
    run(*parameters(tmp_path, robot_description=URDF, ignore_timestamp=True))
    peer.wait(lambda: peer.moving, lambda: peer.send(seconds=100.0, shoulder=0.0))
    peer.wait(lambda: peer.moving[-1].transforms[0].header.stamp.sec == 50,
              lambda: peer.send(seconds=50.0, shoulder=0.0))


def test_description_changes_at_run_time_and_a_bad_one_is_refused(peer, run, tmp_path):
    run(*parameters(tmp_path, robot_description=URDF))
    client = peer.node.create_client(SetParameters, 'robot_state_publisher/set_parameters')
    assert client.wait_for_service(20.0)

    def set_description(text):
        value = Parameter('robot_description', value=text).to_parameter_msg()
        future = client.call_async(SetParameters.Request(parameters=[value]))
        peer.executor.spin_until_future_complete(future, timeout_sec=20.0)
        return future.result().results[0]

    refused = set_description(URDF.replace("<link name='arm'/>", ''))
    assert not refused.successful and "'arm'" in refused.reason
    renamed = URDF.replace('mount', 'bracket').replace("'camera'", "'lens'")
    assert set_description(renamed).successful
    peer.wait(lambda: peer.still and 'lens' in by_child(peer.still[-1])
              and 'lens' in peer.descriptions[-1])
    assert 'camera' not in by_child(peer.still[-1])


def test_a_file_may_be_given(peer, run, tmp_path):
    file = tmp_path / 'test.urdf'
    file.write_text(URDF)
    run(str(file))
    peer.wait(lambda: peer.descriptions)
    assert peer.descriptions[0] == URDF


@pytest.mark.parametrize('signal_number', [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_quickly_and_quietly(peer, run, tmp_path, signal_number):
    process = run(*parameters(tmp_path, robot_description=URDF))
    peer.wait(lambda: peer.still)
    process.send_signal(signal_number)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 0, errors
    assert 'Traceback' not in errors


@pytest.mark.parametrize('values, reason', [
    ({'robot_description': '<robot'}, 'not XML'),
    ({'robot_description': 5}, 'robot_description'),
    ({}, 'the description is empty'),
    ({'robot_description': URDF, 'publish_frequency': -1.0}, 'publish_frequency'),
    ({'robot_description': URDF, 'nonsense': 1}, "no parameter 'nonsense'"),
])
def test_bad_parameters_are_one_line_and_a_status(run, tmp_path, values, reason):
    process = run(*(parameters(tmp_path, **values) if values else ()))
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert len(errors.strip().splitlines()) == 1
    assert reason in errors


def test_malformed_ros_argument_is_one_line_and_a_status(run):
    process = run('--ros-args', '-p', 'nonsense')
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    # rcl has logged a line of its own before it gives the reason.
    assert "'-p nonsense'" in errors.splitlines()[-1] and 'Traceback' not in errors


def test_missing_file_is_named(run):
    process = run('nowhere.urdf')
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert 'nowhere.urdf' in errors and len(errors.strip().splitlines()) == 1
