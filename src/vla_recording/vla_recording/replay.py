"""
``ros2 run vla_recording replay BAG``: do again on a robot what was done in an episode.

The recorded targets go to the controllers, through the same safety chain as any other: first slowly
to where they begin, then each at its time, re-stamped. It is refused when another robot is meant,
nobody listens, or the robot is stopped, and it ends when the stop latches.
"""
import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import rclpy
from geometry_msgs.msg import PoseStamped, TwistStamped
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from vla_core.profile import RobotProfile
from vla_core.validation import ConfigurationError
from vla_interfaces.msg import SafetyState
from vla_recording import topics
from vla_recording.bag_reader import Bag, RawMessage
from vla_recording.errors import EpisodeError
from vla_recording.replay_plan import JointApproach, PoseApproach, times

__all__ = ['Replay', 'main']

RATE_HZ = 50.0
WAIT_S = 5.0
_TYPES = {'target_pose': PoseStamped, 'target_joint': JointState, 'target_twist': TwistStamped,
          'target_joint_velocity': JointState}


@dataclass(frozen=True)
class _Told:
    """One thing that a controller was told, ``after_s`` from the first."""

    after_s: float
    topic: str
    message: object


class Replay(Node):
    """Streams the targets of a bag to the topics of this namespace."""

    def __init__(self, bag: Bag, profile: RobotProfile) -> None:
        super().__init__('replay')
        self._profile = profile
        self._safety: SafetyState | None = None
        self._joints: JointState | None = None
        self._poses: dict[str, PoseStamped] = {}
        self._told = self._read(bag)
        kinds = {entry.topic: type(entry.message) for entry in self._told}
        self._targets = {
            topic: self.create_publisher(kind, topic, 5) for topic, kind in kinds.items()}
        self.create_subscription(
            SafetyState, 'safety_state', self._take_safety,
            QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self.create_subscription(JointState, topics.JOINT_STATES, self._take_joints, 5)
        for topic in kinds:
            if topic.endswith('target_pose'):
                measured = topic.replace('target_pose', 'current_pose')
                self.create_subscription(
                    PoseStamped, measured,
                    lambda message, topic=topic: self._poses.__setitem__(topic, message), 5)

    @property
    def duration_s(self) -> float:
        """From the first target to the last."""
        return self._told[-1].after_s

    def run(self, speed: float = 1.0) -> None:
        """Go to the start, then replay; EpisodeError says why it ended early."""
        self._wait_until_ready()
        self._approach()
        self.get_logger().info(f'replaying {self.duration_s / speed:.1f} s')
        begin = time.monotonic()
        for entry in self._told:
            self._wait(begin + entry.after_s / speed)
            self._send(entry.topic, entry.message)
        self.get_logger().info('done')

    def _read(self, bag: Bag) -> list[_Told]:
        wanted: dict[str, tuple[str, type]] = {}
        episode = bag.episode
        for arm in self._profile.arms:
            prefix = topics.target(self._profile, arm.name, 'pose').removesuffix('target_pose')
            for name, kind in _TYPES.items():
                wanted[topics.absolute(prefix + name, episode.namespace, episode.topics)] = (
                    prefix + name, kind)
            if arm.gripper:
                name = topics.gripper_commands(self._profile, arm.name)
                wanted[topics.absolute(name, episode.namespace, episode.topics)] = (
                    name, Float64MultiArray)
        messages = list(bag.messages(wanted))
        if not any('/target_' in message.topic for message in messages):
            raise EpisodeError(f'{bag.path}: holds no targets of {self._profile.name}; recorded '
                               f'are {", ".join(sorted(bag.counts))}')
        begin_ns = next(message.log_ns for message in messages if '/target_' in message.topic)
        return [_Told((max(begin_ns, message.log_ns) - begin_ns) / 1e9, wanted[message.topic][0],
                      self._decoded(message, wanted[message.topic][1])) for message in messages]

    @staticmethod
    def _decoded(message: RawMessage, kind: type) -> object:
        return deserialize_message(message.data, kind)

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + WAIT_S
        while (missing := self._not_ready()) and time.monotonic() < end:
            rclpy.spin_once(self, timeout_sec=0.05)
        if missing:
            raise EpisodeError(missing)
        self._check_safety()

    def _not_ready(self) -> str:
        for publisher in self._targets.values():
            if not publisher.get_subscription_count():
                return f'nobody listens to {publisher.topic_name}; is the robot running?'
        if self._joints is None:
            return f'no {topics.JOINT_STATES}; is the robot running?'
        for topic in self._targets:
            if topic.endswith('target_pose') and topic not in self._poses:
                return f'no {topic.replace("target_pose", "current_pose")}; is it broadcast?'
        return ''

    def _approach(self) -> None:
        """Move every arm to its first target."""
        first: dict[str, object] = {}
        for entry in self._told:
            first.setdefault(entry.topic, entry.message)
        ways = {}
        for topic, goal in first.items():
            if topic.endswith('target_pose'):
                measured = self._poses[topic]
                if measured.header.frame_id != goal.header.frame_id:
                    raise EpisodeError(
                        f'{topic}: was recorded in frame {goal.header.frame_id!r}, the robot '
                        f'reports {measured.header.frame_id!r}')
                ways[topic] = PoseApproach.between(measured.pose, goal.pose)
            elif topic.endswith('target_joint'):
                ways[topic] = JointApproach.between(self._joints, goal)
        duration_s = max((way.duration_s for way in ways.values()), default=0.0)
        self.get_logger().info(f'going to the start in {duration_s:.1f} s')
        begin = time.monotonic()
        for now_s in times(RATE_HZ, duration_s):
            self._wait(begin + now_s)
            for topic, way in ways.items():
                message = type(first[topic])()
                message.header.frame_id = first[topic].header.frame_id
                share = now_s / duration_s * way.duration_s
                if isinstance(way, PoseApproach):
                    way.fill(share, message.pose)
                else:
                    message.name, message.position = list(way.names), way.at(share).tolist()
                self._send(topic, message)

    def _send(self, topic: str, message: object) -> None:
        if hasattr(message, 'header'):
            message.header.stamp = self.get_clock().now().to_msg()
        self._targets[topic].publish(message)

    def _wait(self, until: float) -> None:
        """Listen until a monotonic time; EpisodeError when the stop latches meanwhile."""
        while True:
            left = until - time.monotonic()
            rclpy.spin_once(self, timeout_sec=max(0.0, left))
            self._check_safety()
            if left <= 0:
                return

    def _check_safety(self) -> None:
        state = self._safety
        if state is not None and state.level >= SafetyState.STOPPED:
            raise EpisodeError(f'the robot is stopped ({state.message or state.stopped_by}); '
                               'release it first')

    def _take_safety(self, message: SafetyState) -> None:
        self._safety = message

    def _take_joints(self, message: JointState) -> None:
        self._joints = message


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of ``ros2 run vla_recording replay``; 1 when it was refused or ended early."""
    words = sys.argv if arguments is None else ['replay', *arguments]
    parser = argparse.ArgumentParser(
        prog='replay', description='Do again on a robot what was done in an episode.')
    parser.add_argument('bag', type=Path)
    parser.add_argument('--robot', default='', help='profile (default: the one in the bag)')
    parser.add_argument('--speed', type=float, default=1.0,
                        help='share of the recorded speed, up to 1 (default: %(default)s)')
    options = parser.parse_args(remove_ros_args(words)[1:])
    node = None
    rclpy.init(args=words)
    try:
        if not 0.05 <= options.speed <= 1.0:
            raise EpisodeError(f'--speed: must lie in 0.05 to 1 (got {options.speed:g})')
        with Bag(options.bag) as bag:
            named = bag.episode.robot
            profile = (RobotProfile.load(options.robot) if options.robot
                       else bag.episode.load_profile())
            if named and profile.name != named:
                raise EpisodeError(f'{options.bag}: was recorded on {named}, not {profile.name}')
            node = Replay(bag, profile)
        node.run(options.speed)
    except ConfigurationError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        return 130
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
