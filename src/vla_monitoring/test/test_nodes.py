"""The nodes as processes, between stand-ins of the rooms around them."""
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import rclpy
from action_msgs.srv import CancelGoal
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped, WrenchStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from synthetic_rollouts import make_rollouts
from visualization_msgs.msg import MarkerArray

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace
from vla_core.conversion import chunk_to_message, features_to_message
from vla_core.profile import RobotProfile
from vla_interfaces.msg import (
    ActionChunk as ChunkMessage,
    PolicyFeatures,
    SafetyState,
)
from vla_monitoring.train_detector import Study

pytestmark = pytest.mark.alone
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
PROFILE = RobotProfile.load('franka')


class Robot:
    """A stand-in for controller, execution and policy, which notes what it is asked."""

    def __init__(self):
        rclpy.init()
        self.namespace = f'/monitored_{os.getpid()}'
        self.node = rclpy.create_node('stand_in', namespace=self.namespace)
        self.asked, self.heard, self.publishers = [], {}, {}
        for name in ('stop', 'release', 'execution/stop', 'execution/start'):
            self.node.create_service(Trigger, name, lambda request, response, name=name:
                                     self._answer(name, response))
        self.node.create_service(CancelGoal, 'execute_task/_action/cancel_goal', self._cancel)
        self.safety = self.node.create_publisher(SafetyState, 'safety_state', LATCHED)
        self.force = 0.0
        self.node.create_timer(0.02, self._stream)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._ended = threading.Event()
        self._thread.start()
        self._processes = []

    def _spin(self):
        while not self._ended.is_set():
            self._executor.spin_once(timeout_sec=0.1)

    def _answer(self, name, response):
        self.asked.append(name)
        if name in ('stop', 'release'):
            self.safety.publish(SafetyState(
                level=SafetyState.STOPPED if name == 'stop' else SafetyState.NORMAL))
        response.success, response.message = True, f'{name} done'
        return response

    def _cancel(self, request, response):
        self.asked.append('cancel')
        return response

    def never_answer(self, request, response):
        self._ended.wait()
        return response

    def _stream(self):
        stamp = self.node.get_clock().now().to_msg()
        joints = JointState(name=list(PROFILE.joints), position=PROFILE.home.tolist())
        pose = PoseStamped()
        pose.header.frame_id, pose.pose.orientation.w = 'base', 1.0
        wrench = WrenchStamped()
        wrench.wrench.force.x = self.force
        for topic, message in (('joint_states', joints), ('current_pose', pose),
                               ('external_wrench', wrench)):
            message.header.stamp = stamp
            self.say(topic, message)

    def say(self, topic, message):
        if topic not in self.publishers:
            self.publishers[topic] = self.node.create_publisher(type(message), topic, 10)
        self.publishers[topic].publish(message)

    def listen(self, kind, topic, quality=10):
        self.heard[topic] = []
        self.node.create_subscription(kind, topic, self.heard[topic].append, quality)

    def start(self, module, *parameters):
        process = subprocess.Popen(
            [sys.executable, '-m', f'vla_monitoring.{module}', '--ros-args', '-r',
             f'__ns:={self.namespace}', *(part for p in parameters for part in ('-p', p))],
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._processes.append(process)
        return process

    def call(self, name):
        client = self.node.create_client(Trigger, name)
        assert client.wait_for_service(40.0), name
        done, future = threading.Event(), client.call_async(Trigger.Request())
        future.add_done_callback(lambda _: done.set())
        assert done.wait(20.0), name
        return future.result()

    def wait(self, condition, what, seconds=40.0):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f'{what}; asked: {self.asked}'
            time.sleep(0.02)

    def running(self):
        return all(process.poll() is None for process in self._processes)

    def close(self):
        outputs = []
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
            outputs.append(process.communicate(timeout=20)[0])
        self._ended.set()
        self._thread.join()
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown()
        return outputs


@pytest.fixture
def robot():
    robot = Robot()
    yield robot
    for output in robot.close():
        assert 'Traceback' not in output, output


def test_a_push_stops_and_is_released_on_purpose_only(robot):
    robot.listen(DiagnosticStatus, 'supervision', LATCHED)
    robot.start('supervision.node', 'cameras:=false')
    assert robot.call('supervisor/release').success
    time.sleep(0.5)
    robot.force = 90.0
    robot.wait(lambda: 'stop' in robot.asked, 'stop')
    answer = robot.call('supervisor/release')
    assert not answer.success and 'pushed with 90 N' in answer.message
    robot.force = 0.0
    time.sleep(1.0)
    assert 'release' not in robot.asked
    assert 'cancel' not in robot.asked, 'the task is to end as stopped, not as cancelled'
    assert robot.call('supervisor/release').success
    robot.wait(lambda: 'release' in robot.asked, 'release')
    assert any('pushed' in status.message for status in robot.heard['supervision'])


def test_an_operator_is_heard_and_nonsense_is_never_well(robot):
    robot.listen(DiagnosticStatus, 'health', LATCHED)
    robot.start('supervision.node', 'cameras:=false')
    robot.call('supervisor/release')
    robot.say('/diagnostics', DiagnosticArray(status=[
        DiagnosticStatus(name=f'{robot.namespace}/x: \x00{index}', level=b'\x09',
                         message='all is well' * 1000) for index in range(1500)]))
    robot.say('operator_stop', String(data='a person'))
    robot.wait(lambda: (robot.say('operator_stop', String(data='a person')) or
                        'stop' in robot.asked), 'stop')
    robot.wait(lambda: robot.heard['health'], 'health')
    assert all(status.level != DiagnosticStatus.OK for status in robot.heard['health'])


def chunk(sequence=1, **more):
    space = ActionSpace(kind='pose', names=('arm',), frame='base', rotation='rotation_6d',
                        gripper='normalised_open')
    data = np.zeros((16, 10), np.float32)
    data[:, 0] = np.linspace(0.4, 0.5, 16)
    data[:, 9] = np.linspace(0, 1, 16)
    return ActionChunk(stamp_ns=time.time_ns(), space=space, times_s=0.1 * np.arange(1, 17),
                       data=data, frame_id='base', sequence=sequence, policy='made_up', **more)


def test_markers_show_what_is_meant_and_a_flood_of_chunks_does_no_harm(robot):
    robot.listen(MarkerArray, 'visualisation/markers')
    robot.start('visualisation.node')

    def flood():
        for sequence in range(100):
            robot.say('action_chunk', chunk_to_message(chunk(sequence), ChunkMessage()))
        robot.say('action_chunk', ChunkMessage(steps=3, dimension=7))
        seen = {marker.ns for array in robot.heard['visualisation/markers'][-3:]
                for marker in array.markers}
        time.sleep(0.05)
        return {'predicted', 'executed', 'workspace', 'text'} <= seen
    robot.wait(flood, 'markers')
    newest = robot.heard['visualisation/markers'][-1].markers
    assert len(newest) < 100
    predicted = next(marker for marker in newest if marker.ns == 'predicted')
    assert len(predicted.points) == 16 and predicted.points[0].x == pytest.approx(0.4)


def test_a_failing_mind_raises_an_alarm_that_says_why(robot, tmp_path):
    detectors, _ = Study(
        make_rollouts(seeds=96, tasks=('pick',)), 'made_up', error_rate=0.2).run()
    for detector in detectors.values():
        detector.save(tmp_path)
    robot.listen(DiagnosticArray, 'policy_alarms')
    robot.start('detection.node', f'detectors:={tmp_path}')
    robot.wait(lambda: robot.heard['policy_alarms'], 'alarms')
    failing = next(r for r in make_rollouts(seeds=4, tasks=('pick',), seed=7) if not r.success)
    start = time.time_ns()
    for embedding, time_s in zip(failing.embeddings, failing.times_s):
        made = chunk(features={'embedding': embedding})
        message = features_to_message(made, PolicyFeatures())
        stamp = start + int(1e9 * time_s)
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 10 ** 9)
        robot.say('policy_features', message)
        time.sleep(0.06)
    robot.wait(lambda: any(
        status.name == 'failure' and status.level == DiagnosticStatus.ERROR
        and 'going to fail' in status.message
        for array in robot.heard['policy_alarms'] for status in array.status), 'an alarm')
    robot.say('policy_features', features_to_message(
        chunk(instruction='another', features={'embedding': np.zeros(3)}), PolicyFeatures()))
    robot.wait(lambda: all('cannot judge' in status.message
                           for status in robot.heard['policy_alarms'][-1].status), 'blindness')
