"""The node by itself: a gamepad through a FIFO, and stand-ins of robot, execution and recorder."""
import os
import struct
from pathlib import Path

import numpy as np
import pytest

rclpy = pytest.importorskip('rclpy')

from geometry_msgs.msg import PoseStamped  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from std_msgs.msg import Float64MultiArray  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from vla_core.conversion import pose_from_message, time_from_message  # noqa: E402
from vla_core.parameters import markdown_table  # noqa: E402
from vla_core.validation import ConfigurationError  # noqa: E402
from vla_interfaces.msg import (  # noqa: E402
    EpisodeStatus,
    ExecutionStatus,
    SafetyState,
    TeleopStatus,
)
from vla_interfaces.srv import FinishEpisode, StartEpisode  # noqa: E402
from vla_teleop.node.parameters import TeleopParameters  # noqa: E402
from vla_teleop.node.teleop import TeleopNode  # noqa: E402

pytestmark = pytest.mark.alone  # targets are streamed in real time
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Bench:
    """The node, a robot that is where it is told to be, and one executor for both."""

    def __init__(self, folder, **parameters):
        self.path = folder / 'js0'
        os.mkfifo(self.path)
        self.pad = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        options = f'"{{gamepad: {{path: {self.path}}}}}"'  # quoted: text, not YAML of ROS
        parameters = {'devices': '[gamepad]', 'device_options': options, **parameters}
        rclpy.init(args=['--ros-args', *(
            word for name, value in parameters.items() for word in ('-p', f'{name}:={value}'))])
        self.node = TeleopNode()
        self.robot = rclpy.create_node('robot')
        self.executor = SingleThreadedExecutor()
        for node in (self.node, self.robot):
            self.executor.add_node(node)
        self.pose = PoseStamped()
        self.pose.header.frame_id = 'base'
        self.pose.pose.position.x, self.pose.pose.position.z = 0.45, 0.3
        self.pose.pose.orientation.x, self.pose.pose.orientation.w = 1.0, 0.0
        self.opening = 0.04
        self.targets, self.grippers, self.statuses, self.asked = [], [], [], []
        self.executing = None
        robot = self.robot
        self._poses = robot.create_publisher(
            PoseStamped, 'current_pose', qos_profile_sensor_data)
        self._joints = robot.create_publisher(
            JointState, 'joint_states', qos_profile_sensor_data)
        self._execution = robot.create_publisher(ExecutionStatus, 'execution_status', 10)
        self.rival = robot.create_publisher(PoseStamped, 'target_pose', 5)
        self.safety = robot.create_publisher(SafetyState, 'safety_state', LATCHED)
        self.episode = robot.create_publisher(EpisodeStatus, 'episode_status', LATCHED)
        robot.create_subscription(PoseStamped, 'target_pose', self._obey, 50)
        robot.create_subscription(JointState, 'target_joint', lambda message: None, 5)
        robot.create_subscription(
            Float64MultiArray, 'gripper_position_controller/commands', self.grippers.append, 50)
        robot.create_subscription(TeleopStatus, 'teleop_status', self.statuses.append, LATCHED)
        for kind, name in ((StartEpisode, 'start_episode'), (FinishEpisode, 'finish_episode'),
                           (Trigger, 'mark_episode'), (Trigger, 'stop')):
            robot.create_service(kind, name, lambda request, response, name=name:
                                 self._answer(name, request, response))
        robot.create_timer(0.02, self._say)

    def _answer(self, name, request, response):
        self.asked.append((name, request))
        response.success = True
        return response

    def add_execution(self, running=True):
        self.executing = running

        def answer(running):
            def serve(request, response):
                self.executing, response.success = running, True
                return response
            return serve
        self.robot.create_service(Trigger, 'execution/start', answer(True))
        self.robot.create_service(Trigger, 'execution/stop', answer(False))

    def _obey(self, message):
        self.targets.append(message)
        self.pose.pose = message.pose

    def _say(self):
        now = self.robot.get_clock().now().to_msg()
        self.pose.header.stamp = now
        self._poses.publish(self.pose)
        joints = JointState(name=['fr3_finger_joint1', *(f'fr3_joint{i}' for i in range(1, 8))],
                            position=[self.opening, *[0.0] * 7])
        joints.header.stamp = now
        self._joints.publish(joints)
        if self.executing is not None:
            self._execution.publish(ExecutionStatus(
                state=ExecutionStatus.EXECUTING if self.executing else ExecutionStatus.IDLE))
        if self.executing:
            self.rival.publish(self.pose)

    def spin(self, seconds):
        end = self.robot.get_clock().now().nanoseconds + seconds * 1e9
        while self.robot.get_clock().now().nanoseconds < end:
            self.executor.spin_once(0.01)

    def until(self, condition, timeout=15.0):
        end = self.robot.get_clock().now().nanoseconds + timeout * 1e9
        while not condition():
            assert self.robot.get_clock().now().nanoseconds < end, self.statuses[-1:]
            self.executor.spin_once(0.01)

    def button(self, number, down):
        os.write(self.pad, struct.pack('=IhBB', 0, int(down), 1, number))

    def press(self, number):
        self.button(number, True)
        self.spin(0.1)
        self.button(number, False)

    def stick(self, axis, share):
        os.write(self.pad, struct.pack('=IhBB', 0, round(32767 * share), 2, axis))

    @property
    def status(self):
        return self.statuses[-1] if self.statuses else TeleopStatus()

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        self.robot.destroy_node()
        rclpy.shutdown()
        os.close(self.pad)


@pytest.fixture
def bench(tmp_path):
    benches = []

    def make(**parameters):
        benches.append(Bench(tmp_path, **parameters))
        benches[-1].until(lambda: benches[-1].status.devices == ['gamepad']
                          and benches[-1].node._robot.states['arm'].pose is not None)
        return benches[-1]
    yield make
    for one in benches:
        one.close()


def test_a_stick_moves_the_arm_and_buttons_do_the_rest(bench):
    room = bench(instruction='lift it')
    assert room.status.in_charge == TeleopStatus.NOBODY and room.status.frame == 'base'
    room.stick(1, -1.0)
    room.spin(0.3)
    assert not room.targets
    room.button(4, True)
    room.until(lambda: len(room.targets) > 60)
    room.button(4, False)
    assert room.status.in_charge == TeleopStatus.PERSON and room.status.dead_man
    room.until(lambda: not room.status.dead_man)
    room.until(lambda: len(room.targets) > 3 and all(
        message.pose == room.targets[-1].pose for message in room.targets[-4:]))
    places = np.array([pose_from_message(message.pose)[0] for message in room.targets])
    times = np.array([time_from_message(message.header.stamp) for message in room.targets]) * 1e-9
    assert places[-1][0] > 0.46 and np.allclose(places[:, 1:], places[0, 1:])
    speeds = np.diff(places[:, 0]) / np.diff(times)
    assert speeds.max() < 0.25 and speeds[-3:].max() == 0.0
    room.spin(1.5)
    count = len(room.targets)
    room.spin(0.3)
    assert len(room.targets) == count and not room.grippers

    room.stick(1, 0.0)
    room.button(4, True)
    room.until(lambda: room.status.dead_man)
    room.press(0)
    room.spin(0.2)
    room.button(4, False)
    room.until(lambda: room.grippers and room.grippers[-1].data[0] == 0.0)
    room.press(7)
    room.until(lambda: room.asked)
    assert room.asked[0][0] == 'start_episode' and room.asked[0][1].instruction == 'lift it'
    room.episode.publish(EpisodeStatus(state=EpisodeStatus.RECORDING))
    room.spin(0.2)
    for button in (2, 7, 6, 8):
        room.press(button)
        room.spin(0.1)
    assert [name for name, _ in room.asked] == [
        'start_episode', 'mark_episode', 'finish_episode', 'finish_episode', 'stop']
    assert [request.disposition for name, request in room.asked[2:4]] == [
        FinishEpisode.Request.KEEP, FinishEpisode.Request.DISCARD]
    room.press(10)
    room.until(lambda: room.status.frame == 'tool')
    room.safety.publish(SafetyState(level=SafetyState.STOPPED))
    room.until(lambda: room.status.in_charge == TeleopStatus.NOBODY)


def test_charge_passes_between_a_policy_and_a_person_and_rivals_are_let_pass(bench):
    room = bench()
    room.add_execution()
    room.until(lambda: room.status.in_charge == TeleopStatus.POLICY)
    room.button(4, True)
    room.spin(0.3)
    assert room.status.in_charge == TeleopStatus.POLICY
    room.press(3)
    room.until(lambda: room.status.in_charge == TeleopStatus.PERSON)
    assert room.executing is False
    begun = room.pose.pose.position.z
    room.stick(4, -1.0)
    room.until(lambda: room.pose.pose.position.z > begun + 0.02)
    for _ in range(20):  # somebody else streams: the person's targets give way
        room.rival.publish(PoseStamped(header=room.pose.header, pose=room.pose.pose))
        room.spin(0.02)
    room.spin(0.1)
    room.targets.clear()
    room.rival.publish(room.pose)
    room.spin(0.3)
    assert len(room.targets) == 1 and 'somebody else' in room.status.message
    room.until(lambda: len(room.targets) > 10)
    room.stick(4, 0.0)
    client = room.robot.create_client(Trigger, 'teleop/hand_back')
    room.until(client.service_is_ready)
    client.call_async(Trigger.Request())
    room.until(lambda: room.executing)
    room.until(lambda: room.status.in_charge == TeleopStatus.POLICY)


@pytest.mark.parametrize('parameters, reason', [
    ({'devices': '[mouse]'}, "did you mean 'spacemouse'"),
    ({'device_options': '"{web: {port: 1}}"'}, 'is not one of devices'),
    ({'device_options': '"[1"'}, 'not valid YAML'),
    ({'device_options': 'hello'}, 'must map devices'),
    ({'devices': '[gamepad, gamepad]'}, 'twice'),
    ({'arm': 'left'}, "no arm 'left'"),
    ({'linear_speed': '9.0'}, 'linear_speed')])
def test_what_is_wrong_is_said_in_one_line(tmp_path, parameters, reason):
    words = {'devices': '[gamepad]', **parameters}
    rclpy.init(args=['--ros-args', *(
        word for name, value in words.items() for word in ('-p', f'{name}:={value}'))])
    try:
        with pytest.raises(ConfigurationError, match=reason) as caught:
            TeleopNode()
        assert '\n' not in str(caught.value)
    finally:
        rclpy.shutdown()


def test_the_readme_says_every_parameter():
    readme = (Path(__file__).parents[1] / 'README.md').read_text()
    assert markdown_table(TeleopParameters) in readme
