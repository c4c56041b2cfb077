"""The node by itself: a robot that obeys at once, chunks, refusals, services and a safety stop."""
import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from vla_core.conversion import chunk_to_message, time_to_message
from vla_execution.node.execution import ExecutionNode
from vla_interfaces.msg import (
    ActionChunk as ChunkMessage,
    ExecutionStatus,
    SafetyState,
)

pytestmark = pytest.mark.alone  # targets are streamed in real time


class Bench:
    """The node, a robot that is where it is told to be, and one executor for both."""

    def __init__(self, *parameters):
        rclpy.init(args=['--ros-args', *(
            word for name, value in parameters for word in ('-p', f'{name}:={value}'))])
        self.node = ExecutionNode()
        self.robot = rclpy.create_node('robot')
        self.executor = SingleThreadedExecutor()
        for node in (self.node, self.robot):
            self.executor.add_node(node)
        self.pose = PoseStamped()
        self.pose.header.frame_id = 'base'
        self.pose.pose.position.x, self.pose.pose.position.z = 0.45, 0.3
        self.pose.pose.orientation.x, self.pose.pose.orientation.w = 1.0, 0.0
        self.opening = 0.04
        self.targets, self.grippers, self.statuses, self.committed = [], [], [], []
        robot = self.robot
        self._poses = robot.create_publisher(
            PoseStamped, 'current_pose', qos_profile_sensor_data)
        self._joints = robot.create_publisher(
            JointState, 'joint_states', qos_profile_sensor_data)
        self.safety = robot.create_publisher(SafetyState, 'safety_state', QoSProfile(
            depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self.chunks = robot.create_publisher(ChunkMessage, 'action_chunk', 10)
        robot.create_subscription(PoseStamped, 'target_pose', self._obey, 50)
        robot.create_subscription(
            Float64MultiArray, 'gripper_position_controller/commands', self.grippers.append, 50)
        robot.create_subscription(
            ExecutionStatus, 'execution_status', self.statuses.append, 10)
        robot.create_subscription(ChunkMessage, 'committed_chunk', self.committed.append, 10)
        robot.create_timer(0.02, self._say)

    def _obey(self, message):
        self.targets.append(message)
        self.pose.pose = message.pose

    def _say(self):
        self.pose.header.stamp = self.now.to_msg()
        self._poses.publish(self.pose)
        joints = JointState(name=['fr3_finger_joint1'], position=[self.opening])
        joints.header.stamp = self.now.to_msg()
        self._joints.publish(joints)

    @property
    def now(self):
        return self.robot.get_clock().now()

    def until(self, condition, timeout=15.0):
        end = self.now.nanoseconds + timeout * 1e9
        while not condition():
            assert self.now.nanoseconds < end, [status.refusal for status in self.statuses[-1:]]
            self.executor.spin_once(0.05)

    def spin(self, seconds):
        end = self.now.nanoseconds + seconds * 1e9
        while self.now.nanoseconds < end:
            self.executor.spin_once(0.02)

    def send(self, chunk, rows, age_s=0.0):
        space = self.node._executor.space
        message = chunk_to_message(chunk(space, 0, rows), ChunkMessage())
        time_to_message(self.now.nanoseconds - round(age_s * 1e9), message.header.stamp)
        self.chunks.publish(message)

    def call(self, name):
        client = self.robot.create_client(Trigger, name)
        self.until(client.service_is_ready)
        future = client.call_async(Trigger.Request())
        self.until(future.done)
        return future.result()

    def state(self):
        self.statuses.clear()
        self.until(lambda: len(self.statuses) > 1)
        return self.statuses[-1]

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        self.robot.destroy_node()
        rclpy.shutdown()


@pytest.fixture
def bench():
    benches = []

    def make(*parameters):
        benches.append(Bench(*parameters))
        return benches[-1]
    yield make
    for one in benches:
        one.close()


def test_chunks_become_targets_and_what_is_wrong_is_named(bench, chunk, home):
    room = bench(('strategy', 'replace'), ('hold_timeout', 0.2))
    room.until(lambda: room.node._begun and room.chunks.get_subscription_count())
    assert room.state().state == ExecutionStatus.IDLE and not room.targets
    rows = np.tile(home, (5, 1))
    rows[:, 1] += 0.01 * np.arange(1, 6)
    rows[:, 9] = 0.0
    room.send(chunk, rows)
    room.until(lambda: room.targets)
    moving = room.state()
    assert moving.state == ExecutionStatus.EXECUTING and moving.chunks_accepted == 1
    assert room.committed and room.committed[0].times[0] == 0.0
    room.until(lambda: room.statuses[-1].state == ExecutionStatus.HOLDING)
    assert room.targets[-1].pose.position.y == pytest.approx(0.05, abs=1e-3)
    assert room.grippers[-1].data[0] < 0.04
    room.spin(0.5)
    count = len(room.targets)
    room.spin(0.3)
    assert len(room.targets) == count  # the hold is over, others may move the arm

    room.send(chunk, np.full((2, 10), np.nan))
    room.until(lambda: 'is nan' in room.state().refusal)
    far = rows.copy()
    far[:, 1] += 1.0
    room.send(chunk, far)
    room.until(lambda: 'from where the robot is' in room.state().refusal)

    # somebody moved the arm meanwhile: the next chunk begins where it is
    room.pose.pose.position.y = 0.15
    room.spin(0.2)
    room.targets.clear()
    rows[:, 1] = 0.2
    room.send(chunk, rows)
    room.until(lambda: room.targets)
    assert 0.15 - 1e-6 <= room.targets[0].pose.position.y < 0.18


def test_a_safety_stop_drops_everything_until_it_is_started_again(bench, chunk, home):
    room = bench(('strategy', 'blend'))
    room.until(lambda: room.node._begun and room.chunks.get_subscription_count())
    rows = np.tile(home, (30, 1))
    rows[:, 1] += 0.01 * np.arange(1, 31)
    room.send(chunk, rows)
    room.until(lambda: room.targets)
    room.safety.publish(SafetyState(level=SafetyState.STOPPED, stopped_by='test'))
    room.until(lambda: room.state().state == ExecutionStatus.STOPPED)
    assert not room.call('execution/start').success
    room.safety.publish(SafetyState(level=SafetyState.NORMAL))
    room.spin(0.3)
    room.targets.clear()
    room.send(chunk, rows)
    room.until(lambda: 'execution/start' in room.state().refusal)
    assert not room.targets and room.statuses[-1].state == ExecutionStatus.STOPPED
    assert room.call('execution/start').success
    room.send(chunk, rows)
    room.until(lambda: room.targets)
    assert room.call('execution/stop').success
    room.until(lambda: room.state().state == ExecutionStatus.IDLE)
    count = len(room.targets)
    room.spin(0.3)
    assert len(room.targets) == count


def test_a_chunk_that_was_under_way_at_a_stop_is_counted_and_not_complained_about(
        bench, chunk, home, monkeypatch):
    room = bench()
    room.until(lambda: room.node._begun and room.chunks.get_subscription_count())
    said = []
    monkeypatch.setattr(room.node, '_say', said.append)
    assert room.call('execution/stop').success
    room.until(lambda: not room.node._begun)
    room.send(chunk, np.tile(home, (5, 1)), age_s=5.0)
    room.until(lambda: 'under way' in room.state().refusal)
    assert not said
    room.send(chunk, np.tile(home, (5, 1)))
    room.until(lambda: 'execution/start' in room.state().refusal)
    assert len(said) == 1


def test_a_stop_moves_no_arm_that_it_did_not_lead(bench, chunk, home):
    room = bench(('strategy', 'replace'), ('hold_timeout', 0.2))
    room.until(lambda: room.node._begun and room.chunks.get_subscription_count())
    room.pose.pose.position.y = 0.1  # by somebody else, since the execution has begun
    room.spin(0.2)
    assert room.call('execution/stop').success
    room.until(lambda: not room.node._begun)
    assert room.call('execution/start').success
    rows = np.tile(home, (3, 1))
    rows[:, 1] = 0.1
    room.send(chunk, rows)
    room.until(lambda: room.state().state == ExecutionStatus.HOLDING)
    room.spin(0.5)  # longer than it holds
    room.pose.pose.position.y = 0.2
    room.targets.clear()
    assert room.call('execution/stop').success
    room.until(lambda: not room.node._begun)
    room.spin(0.2)
    assert not room.targets and room.pose.pose.position.y == 0.2


def test_strategies_change_live_and_faults_are_injected(bench, chunk, home):
    room = bench(('faults.loss', 1.0))
    room.until(lambda: room.node._begun and room.chunks.get_subscription_count())
    answer = room.node.set_parameters([Parameter('strategy', value='blender')])[0]
    assert not answer.successful and "did you mean 'blend'" in answer.reason
    assert room.node.set_parameters([Parameter('strategy', value='blend')])[0].successful
    assert room.state().strategy == 'blend'
    room.send(chunk, np.tile(home, (5, 1)))
    room.spin(0.5)
    assert room.statuses[-1].chunks_accepted == 0 and room.statuses[-1].chunks_refused == 0
    room.node.set_parameters([Parameter('faults.loss', value=0.0)])
    room.send(chunk, np.tile(home, (5, 1)))
    room.until(lambda: room.state().chunks_accepted == 1)
