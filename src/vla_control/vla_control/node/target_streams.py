"""The topics that give targets: read, converted, guarded, and handed to the loop.

A topic is followed only while an active controller listens to it, so a client may stream poses and
joints at once. What is refused is named once a second. The topics have a node and a thread of their
own, so that nothing else delays them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from geometry_msgs.msg import PoseStamped, TwistStamped, WrenchStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from vla_control.node.configuration import topic_prefix
from vla_control.node.executor_thread import ExecutorThread
from vla_control.node.frames import Frames
from vla_control.node.loop_link import LoopLink
from vla_control.node.messages import (
    joint_values,
    nanoseconds,
    pose_values,
    twist_values,
    wrench_values,
)
from vla_control.node.publishers import PublisherWatch
from vla_control.safety.targets import TargetRefused
from vla_core.profile import ArmProfile, RobotProfile

__all__ = ['Refusal', 'TargetStreams']

Listens = Callable[[str, str], bool]
Convert = Callable[[Any], list[float]]
COMMANDS = QoSProfile(depth=5)


@dataclass
class Refusal:
    """The newest refusal of one guard on one topic."""

    code: str
    subject: str
    text: str
    time: float = field(default_factory=time.monotonic)
    said: float = float('-inf')


class TargetStreams:
    """All target topics of a robot. `listens(arm, kind)` tells whether anybody wants a target."""

    def __init__(
        self, node: Node, profile: RobotProfile, link: LoopLink, listens: Listens
    ) -> None:
        self._manager = node
        self._node = Node(
            'target_streams', namespace=node.get_namespace(), use_global_arguments=False,
            enable_rosout=False, start_parameter_services=False,
            parameter_overrides=[node.get_parameter('use_sim_time')])
        self._link = link
        self._frames = Frames(self._node)
        self._listens = listens
        self.refusals: dict[tuple[str, str], Refusal] = {}
        self._robot_joints = [
            joint for arm in (*profile.arms, *profile.leaders)
            for joint in (*arm.joints, *(arm.gripper.joints if arm.gripper else ()))]
        for arm in (*profile.arms, *profile.leaders):
            self._subscribe_arm(arm, topic_prefix(profile, arm.name))
        self._thread = ExecutorThread(self._node)

    def close(self) -> None:
        """End the thread."""
        self._thread.close()
        self._node.destroy_node()

    def _subscribe_arm(self, arm: ArmProfile, prefix: str) -> None:
        base = arm.base_frame

        def pose(message: PoseStamped) -> list[float]:
            return self._frames.pose(base, message.header.frame_id, pose_values(message.pose))

        def wrench(message: WrenchStamped) -> list[float]:
            return self._frames.vectors(
                base, message.header.frame_id, wrench_values(message.wrench))

        def twist(message: TwistStamped) -> list[float]:
            return self._frames.vectors(base, message.header.frame_id, twist_values(message.twist))

        def joints(values: str) -> Convert:
            return partial(self._joints, arm, values)

        for topic, kind, message_type, convert in (
            ('target_pose', 'pose', PoseStamped, pose),
            ('target_twist', 'twist', TwistStamped, twist),
            ('target_wrench', 'wrench', WrenchStamped, wrench),
            ('target_stiffness', 'stiffness', Float64MultiArray, _numbers),
            ('target_joint', 'joint', JointState, joints('position')),
            ('target_joint_velocity', 'joint_velocity', JointState, joints('velocity')),
            ('target_joint_effort', 'joint_effort', JointState, joints('effort')),
        ):
            self.subscribe(prefix + topic, arm.name, kind, message_type, convert)

    def subscribe(
        self, topic: str, arm: str, kind: str, message_type: type, convert: Convert,
        wanted: Callable[[], bool] | None = None,
    ) -> Subscription:
        """Follow a topic; `wanted` replaces the question whether any controller listens."""
        full_name = self._manager.resolve_topic_name(topic)
        watch = PublisherWatch()

        def take(message: Any, info: dict[str, Any]) -> None:
            now = time.monotonic()
            count = info['publication_sequence_number']
            if count is not None:  # a middleware that does not count cannot tell publishers apart
                watch.saw(count, now)
            if not (self._listens(arm, kind) if wanted is None else wanted()):
                return
            try:
                self._refuse_rivals(full_name, watch, now)
                self._link.write_target(arm, kind, convert(message), self._steady_stamp(message))
            except TargetRefused as refusal:
                self.note(topic, refusal.code, str(refusal))

        return self._node.create_subscription(message_type, full_name, take, COMMANDS)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Follow it no more."""
        self._node.destroy_subscription(subscription)

    def _joints(self, arm: ArmProfile, values: str, message: JointState) -> list[float]:
        return joint_values(message, values, arm.joints, self._robot_joints)

    def _refuse_rivals(self, topic: str, watch: PublisherWatch, now: float) -> None:
        count = watch.streaming(now)
        if count < 2:
            return
        known = self._node.get_publishers_info_by_topic(topic)
        names = sorted(f'{info.node_namespace.rstrip("/")}/{info.node_name}' for info in known)
        if len(names) < 2:
            return
        raise TargetRefused('publishers', f'{count} publishers stream at once '
                            f'({", ".join(names)}); stop all but one')

    def _steady_stamp(self, message: Any) -> int:
        """The stamp on the loop's clock; a message without a stamp is meant for now."""
        header = getattr(message, 'header', None)
        stamp = 0 if header is None else nanoseconds(header.stamp)
        if stamp == 0:
            return self._link.steady_ns()
        return self._link.steady_at(stamp, self._node.get_clock().now().nanoseconds)

    def note(self, topic: str, code: str, text: str) -> None:
        """Keep a refusal for the diagnostics, and log it once a second."""
        refusal = self.refusals.get((topic, code))
        said = refusal.said if refusal else float('-inf')
        refusal = Refusal(code, topic, text, said=said)
        if refusal.time - said >= 1.0:
            refusal.said = refusal.time
            self._manager.get_logger().warning(f'{topic} refused: {text}')
        self.refusals[topic, code] = refusal

    def recent(self, within: float = 1.0) -> list[Refusal]:
        """Refusals of the last seconds."""
        now = time.monotonic()
        return [r for r in list(self.refusals.values()) if now - r.time <= within]


def _numbers(message: Float64MultiArray) -> list[float]:
    return list(message.data)
