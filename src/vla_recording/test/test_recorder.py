"""The recorder as a process: what services, commands and a kill do to an episode."""
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import rclpy
import yaml
from mcap.reader import make_reader
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image, JointState, Joy
from std_msgs.msg import String
from std_srvs.srv import Trigger

from vla_interfaces.msg import EpisodeStatus
from vla_interfaces.srv import FinishEpisode, StartEpisode
from vla_recording.bag_reader import Bag
from vla_recording.recovery import recover, unfinished

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Robot:
    """Publishes joints, a camera and a latched description, and asks the recorder."""

    def __init__(self, namespace):
        rclpy.init()
        self.node = rclpy.create_node('robot', namespace=namespace)
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.status = EpisodeStatus()
        self.node.create_subscription(EpisodeStatus, 'episode_status', self._take, LATCHED)
        self.joints = self.node.create_publisher(JointState, 'joint_states', 50)
        self.camera = self.node.create_publisher(
            Image, 'front/image_raw', qos_profile_sensor_data)
        self.commands = self.node.create_publisher(String, 'episode_command', 10)
        self.joystick = self.node.create_publisher(Joy, 'joy', 10)
        self._description = self.node.create_publisher(String, 'robot_description', LATCHED)
        self._description.publish(String(data='<robot/>'))
        self._count = 0
        self._image = Image(height=4, width=4, encoding='rgb8', step=12)
        self._image.data = np.zeros(48, np.uint8).tobytes()
        self.camera_on = True
        self.node.create_timer(0.02, self._tick)

    def _take(self, status):
        self.status = status

    def _tick(self):
        state = JointState(name=['fr3_joint1'], position=[float(self._count)])
        state.header.stamp = self.node.get_clock().now().to_msg()
        self.joints.publish(state)
        if self.camera_on:
            self._image.header.stamp = state.header.stamp
            self.camera.publish(self._image)
        self._count += 1

    def spin(self, condition, seconds=90.0):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.status
            self.executor.spin_once(timeout_sec=0.05)

    def run(self, seconds):
        end = time.monotonic() + seconds
        self.spin(lambda: time.monotonic() > end)

    def ask(self, kind, name, **fields):
        client = self.node.create_client(kind, name)
        self.spin(client.service_is_ready)
        future = client.call_async(kind.Request(**fields))
        self.spin(future.done)
        self.node.destroy_client(client)
        return future.result()

    def until(self, state):
        self.spin(lambda: self.status.state == state)

    def subscribed(self):
        self.spin(lambda: self.joints.get_subscription_count() > 0
                  and self.camera.get_subscription_count() > 0)
        self.run(0.5)

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown()


@pytest.fixture
def robot():
    robot = Robot(f'/recorder_{os.getpid()}')
    yield robot
    robot.close()


@pytest.fixture
def recorder(robot, python, tmp_path):
    def start(*parameters):
        return python('-m', 'vla_recording.recorder', '--ros-args', '-r',
                      f'__ns:={robot.node.get_namespace()}', '-p',
                      f'folder:={tmp_path / "episodes"}', *parameters)
    return start


def sequences(bag, topic):
    with next(bag.glob('*.mcap')).open('rb') as stream:
        return [message.sequence for _, channel, message in make_reader(stream).iter_messages()
                if channel.topic.endswith(topic)]


def test_an_episode_by_services_loses_nothing_and_explains_itself(robot, recorder, tmp_path):
    process = recorder()
    robot.subscribed()
    assert not robot.ask(FinishEpisode, 'finish_episode').success
    assert 'instruction' in robot.ask(StartEpisode, 'start_episode').message
    started = robot.ask(StartEpisode, 'start_episode', instruction='  pick the  cube ',
                        labels=['operator=ada'])
    assert started.success, started.message
    assert 'finish it first' in robot.ask(
        StartEpisode, 'start_episode', instruction='again').message
    robot.run(0.6)
    assert robot.ask(Trigger, 'mark_episode').success
    robot.run(0.6)
    robot.until(EpisodeStatus.RECORDING)
    finished = robot.ask(FinishEpisode, 'finish_episode', outcome=1, note='slow at the end')
    assert finished.success and finished.messages > 60, finished.message
    robot.until(EpisodeStatus.IDLE)
    assert robot.status.lost_messages == 0
    bag = Path(started.path)
    for topic in ('joint_states', 'image_raw'):
        found = sequences(bag, topic)
        assert found == list(range(found[0], found[0] + len(found))), topic
    assert len(sequences(bag, 'robot_description')) == 1, 'what was latched before is there'
    with Bag(bag) as opened:
        episode = opened.episode
        assert (episode.instruction, episode.outcome, episode.note, episode.marks) == (
            'pick the cube', 'succeeded', 'slow at the end', 1)
        assert episode.labels == ('operator=ada',) and episode.robot == 'franka'
        space = robot.node.get_namespace()
        first = next(opened.messages({f'{space}/joint_states'}))
        assert deserialize_message(first.data, JointState).name == ['fr3_joint1']
        assert opened.counts[f'{space}/episode_event'] == 1
        assert 'best_effort' in yaml.safe_dump(yaml.safe_load(
            (bag / 'metadata.yaml').read_text()))
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 0


def test_commands_and_buttons_keep_and_discard(robot, recorder, tmp_path):
    recorder('-p', 'instruction:=tidy up', '-p', 'buttons.start:=0', '-p', 'buttons.discard:=2')
    robot.subscribed()
    robot.spin(lambda: robot.commands.get_subscription_count() > 0
               and robot.joystick.get_subscription_count() > 0)
    robot.commands.publish(String(data='start'))
    robot.until(EpisodeStatus.RECORDING)
    robot.commands.publish(String(data='failed'))
    robot.until(EpisodeStatus.IDLE)
    kept = list((tmp_path / 'episodes').iterdir())
    with Bag(kept[0]) as bag:
        assert (bag.episode.instruction, bag.episode.outcome) == ('tidy up', 'failed')
    robot.joystick.publish(Joy(buttons=[1, 0, 0]))
    robot.until(EpisodeStatus.RECORDING)
    robot.joystick.publish(Joy(buttons=[0, 0, 1]))
    robot.until(EpisodeStatus.IDLE)
    assert list((tmp_path / 'episodes').iterdir()) == kept


def test_a_silent_topic_of_the_contract_is_named_and_refused(
        robot, recorder, contract_file):
    recorder('-p', f'contract:={contract_file}')
    robot.subscribed()
    answer = robot.ask(StartEpisode, 'start_episode', instruction='go')
    assert not answer.success and 'current_pose, which contract synthetic needs' in answer.message
    assert any(topic.endswith('/current_pose') for topic in robot.status.silent_topics)


def test_a_recorder_keeps_its_episode_when_stopped_and_leaves_one_to_mend_when_killed(
        robot, recorder, tmp_path):
    process = recorder()
    robot.subscribed()
    stopped = Path(robot.ask(StartEpisode, 'start_episode', instruction='next').path)
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    with Bag(stopped) as opened:
        assert opened.episode.note == 'the recorder was stopped'
    process = recorder()
    robot.subscribed()
    bag = Path(robot.ask(StartEpisode, 'start_episode', instruction='go').path)
    robot.run(2.0)
    process.kill()
    killed_ns = time.time_ns()
    process.wait(10)
    assert unfinished(tmp_path / 'episodes') == [bag]
    result = recover(bag)
    assert result.messages > 50
    with Bag(bag) as opened:
        last_ns = max(message.log_ns for message in opened.messages(opened.counts))
        assert killed_ns - last_ns < 1e9 and opened.episode.instruction == 'go'


def test_a_full_disk_is_a_failure_that_keeps_what_was_written(robot, recorder, tmp_path):
    recorder('-p', f'reserve_mb:={1 << 40}')
    robot.subscribed()
    bag = Path(robot.ask(StartEpisode, 'start_episode', instruction='go').path)
    robot.until(EpisodeStatus.FAILED)
    assert 'are left on the disk' in robot.status.message
    assert recover(bag).was_whole
    answer = robot.ask(FinishEpisode, 'finish_episode', outcome=1)
    assert not answer.success and 'was kept up to there' in answer.message
    robot.until(EpisodeStatus.IDLE)


@pytest.mark.parametrize(('words', 'reason'), [
    (['-p', 'robot:=frank'], "no robot profile 'frank'"),
    (['-p', 'contract:=nothing'], "no policy contract 'nothing'"),
    (['-p', 'compresion:=zstd'], "no parameter 'compresion'; did you mean 'compression'"),
])
def test_a_mistake_is_one_line_and_status_2(recorder, words, reason):
    process = recorder(*words)
    output = process.communicate(timeout=40)[0]
    assert process.returncode == 2 and reason in output and 'Traceback' not in output
