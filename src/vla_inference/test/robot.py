"""What is around the inference node in its tests: a robot that streams, an execution that obeys."""
import threading
import time

import numpy as np
import rclpy
from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from vla_core.action_client import for_threads
from vla_core.conversion import chunk_from_message, image_to_message
from vla_interfaces.action import ExecuteTask
from vla_interfaces.msg import (
    ActionChunk,
    ExecutionStatus,
    PolicyFeatures,
    PolicyStatus,
    SafetyState,
    TaskCheck,
)
from vla_interfaces.srv import LoadPolicy, SetInstruction

JOINTS = [*(f'fr3_joint{index}' for index in range(1, 8)), 'fr3_finger_joint1']
RATE_HZ = 30.0
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Execution(Node):
    """Accepts chunks between start and stop, and says so."""

    def __init__(self):
        super().__init__('execution')
        self.declare_parameter('contract', '')
        self.log, self.chunks = [], []
        self.started = False
        self.refuse_start = ''
        self.create_service(Trigger, 'execution/start', self._start)
        self.create_service(Trigger, 'execution/stop', self._stop)
        self.status = self.create_publisher(ExecutionStatus, 'execution_status', 10)
        self.committed = self.create_publisher(ActionChunk, 'committed_chunk', 1)
        self.create_subscription(ActionChunk, 'action_chunk', self._take, 10)
        self.create_timer(0.05, self._tell)
        self._last = -1e9

    def _start(self, _, response):
        self.log.append('start')
        self.started = response.success = not self.refuse_start
        response.message = self.refuse_start
        return response

    def _stop(self, _, response):
        self.log.append('stop')
        self.started, response.success = False, True
        return response

    def _take(self, message):
        self.chunks.append(chunk_from_message(message))
        if self.started:
            self._last = time.monotonic()
            self.committed.publish(message)

    def _tell(self):
        follows = self.started and time.monotonic() - self._last < 1.0
        self.status.publish(ExecutionStatus(
            state=ExecutionStatus.EXECUTING if follows else ExecutionStatus.HOLDING))


class Robot(Node):
    """Publishes two cameras, joints and tip pose; the test makes it misbehave by name."""

    def __init__(self):
        super().__init__('robot')
        self.images = {name: self.create_publisher(Image, f'{name}/image_raw', 1)
                       for name in ('front', 'wrist')}
        self.pose = self.create_publisher(PoseStamped, 'current_pose', 5)
        self.joints = self.create_publisher(JointState, 'joint_states', 5)
        self.safety = self.create_publisher(SafetyState, 'safety_state', LATCHED)
        self.supervision = self.create_publisher(DiagnosticStatus, 'supervision', LATCHED)
        self.success = self.create_publisher(Bool, 'task_success', 10)
        self.abstain = self.create_publisher(String, 'task_abstained', 10)
        self.check = self.create_publisher(TaskCheck, 'task_check', 10)
        self.policy_status, self.diagnostics, self.features = [], {}, []
        self.create_subscription(PolicyFeatures, 'policy_features', self.features.append, 10)
        self.create_subscription(PolicyStatus, 'policy_status', self.policy_status.append, 10)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._diagnose, 10)
        self.silent, self.frozen, self.moving = set(), set(), False
        self.size, self.backwards_s, self.reverse_joints = (64, 48), 0.0, False
        self._random = np.random.default_rng(0)
        self._last = {}
        self._x = 0.4
        self.create_timer(1 / RATE_HZ, self._stream)

    def _diagnose(self, message):
        for status in message.status:
            self.diagnostics[status.name] = status

    def _stream(self):
        stamp = self.get_clock().now()
        self._x += 0.005 * self.moving
        for name, publisher in self.images.items():
            if name in self.silent:
                continue
            if name not in self.frozen or name not in self._last:
                width, height = self.size if name == 'front' else (64, 48)
                self._last[name] = image_to_message(self._random.integers(
                    0, 256, (height, width, 3), dtype=np.uint8), 'rgb8', Image())
            message = self._last[name]
            shift = self.backwards_s if name == 'front' else 0.0
            message.header.stamp = (stamp - rclpy.duration.Duration(seconds=shift)).to_msg()
            publisher.publish(message)
        if 'joints' in self.silent:
            return
        pose = PoseStamped()
        pose.header.stamp = stamp.to_msg()
        pose.pose.position.x, pose.pose.position.z = self._x, 0.5
        pose.pose.orientation.x, pose.pose.orientation.w = 1.0, 0.0
        self.pose.publish(pose)
        names = JOINTS[::-1] if self.reverse_joints else JOINTS
        state = JointState(name=names, position=[
            0.02 if name == 'fr3_finger_joint1' else 0.1 for name in names])
        state.header.stamp = stamp.to_msg()
        self.joints.publish(state)


class Person(Node):
    """Sends goals and calls services."""

    def __init__(self):
        super().__init__('person')
        self.action = for_threads(ActionClient(self, ExecuteTask, 'execute_task'))
        self.load = self.create_client(LoadPolicy, 'load_policy')
        self.instruct = self.create_client(SetInstruction, 'set_instruction')
        self.succeeded = self.create_client(Trigger, 'task_succeeded')
        self.failed = self.create_client(Trigger, 'task_failed')
        self.feedback = []
        self.goals = []


class Surroundings:
    """All three, spun in a thread."""

    def __init__(self):
        rclpy.init()
        self.execution, self.robot, self.person = Execution(), Robot(), Person()
        self._executor = SingleThreadedExecutor()
        for node in (self.execution, self.robot, self.person):
            self._executor.add_node(node)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self):
        while not self._stopping.is_set():
            self._executor.spin_once(timeout_sec=0.1)

    def close(self):
        self._stopping.set()
        self._thread.join(5.0)
        self._executor.shutdown()
        for node in (self.execution, self.robot, self.person):
            node.destroy_node()
        rclpy.try_shutdown()

    def wait(self, condition, what, timeout=15.0):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if value := condition():
                return value
            time.sleep(0.02)
        raise AssertionError(f'waited {timeout:.0f} s in vain for {what}')

    def call(self, client, request, timeout=30.0):
        assert client.wait_for_service(10.0), client.srv_name
        future = client.call_async(request)
        self.wait(future.done, f'an answer of {client.srv_name}', timeout)
        return future.result()

    def send(self, instruction, time_limit=20.0):
        """The accepted goal's handle, or None when it was rejected."""
        assert self.person.action.wait_for_server(10.0)
        self.person.feedback.clear()
        future = self.person.action.send_goal_async(
            ExecuteTask.Goal(instruction=instruction, time_limit=time_limit),
            lambda message: self.person.feedback.append(message.feedback))
        self.wait(future.done, 'an answer to the goal')
        if not future.result().accepted:
            return None
        self.person.goals.append(future.result())
        return future.result()

    def tidy(self):
        """Leave no task and no stop behind."""
        self.robot.safety.publish(SafetyState(level=SafetyState.NORMAL))
        for handle in self.person.goals:
            if handle.status not in (SUCCEEDED, CANCELED, ABORTED):
                self.cancel(handle)
                self.result(handle)
        self.person.goals.clear()

    @property
    def feedback(self):
        """The newest feedback of the goal."""
        return self.person.feedback[-1] if self.person.feedback else ExecuteTask.Feedback()

    def result(self, handle, timeout=30.0):
        """Status and result of a goal."""
        future = handle.get_result_async()
        self.wait(future.done, 'a result', timeout)
        return future.result().status, future.result().result

    def cancel(self, handle):
        future = handle.cancel_goal_async()
        self.wait(future.done, 'an answer to the cancel')

    def status(self):
        """The newest PolicyStatus."""
        return self.robot.policy_status[-1] if self.robot.policy_status else PolicyStatus()

    def wait_for_state(self, state, timeout=20.0):
        self.wait(lambda: self.status().state == state, f'policy state {state}', timeout)
        return self.status()

    def wait_for_chunks(self, count=2, timeout=15.0):
        """Wait for more chunks, and return the newest."""
        before = len(self.execution.chunks)
        self.wait(lambda: len(self.execution.chunks) >= before + count, 'chunks', timeout)
        return self.execution.chunks[-1]

    def no_chunks_for(self, seconds):
        before = len(self.execution.chunks)
        time.sleep(seconds)
        return len(self.execution.chunks) <= before + 1


SUCCEEDED, CANCELED, ABORTED = (
    GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_CANCELED, GoalStatus.STATUS_ABORTED)
