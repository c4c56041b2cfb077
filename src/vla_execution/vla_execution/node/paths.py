"""What will be executed and what has been, for people who watch, while one does."""
from collections import deque

import numpy as np
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from rclpy.node import Node

from vla_core.conversion import pose_to_message, time_from_message, time_to_message
from vla_execution.layout import Layout
from vla_execution.node.robot_state import arm_prefix

__all__ = ['Paths']

SPACING_NS = 50_000_000
LENGTH = 200  # poses, 10 s


class Paths:
    """`executed_path` of every arm, and `committed_path` where the actions are tip poses."""

    def __init__(self, node: Node, layout: Layout) -> None:
        self._layout = layout
        self._executed = {arm.name: deque(maxlen=LENGTH) for arm in layout.arms}
        self._executed_publishers = {arm.name: node.create_publisher(
            Path, arm_prefix(layout, arm.name) + 'executed_path', 1) for arm in layout.arms}
        self._committed_publishers = [node.create_publisher(
            Path, arm_prefix(layout, arm.name) + 'committed_path', 1)
            for arm in layout.arms if layout.turned]

    def executed(self, arm: str, message: PoseStamped) -> None:
        """Remember where an arm is."""
        poses = self._executed[arm]
        if poses and 0 <= time_from_message(message.header.stamp) - time_from_message(
                poses[-1].header.stamp) < SPACING_NS:
            return
        poses.append(message)

    def publish(self, times_s: np.ndarray, rows: np.ndarray, now_ns: int) -> None:
        """Publish all of it: ``rows`` [n, D] are committed for ``times_s`` [n] from now."""
        for arm, publisher in self._executed_publishers.items():
            if not publisher.get_subscription_count():
                continue
            path = Path(poses=list(self._executed[arm]))
            path.header.frame_id = self._layout.profile.arm(arm).base_frame
            time_to_message(now_ns, path.header.stamp)
            publisher.publish(path)
        if not any(each.get_subscription_count() for each in self._committed_publishers):
            return
        knots = self._layout.split(rows)
        for index, publisher in enumerate(self._committed_publishers):
            path = Path()
            path.header.frame_id = self._layout.space.frame
            time_to_message(now_ns, path.header.stamp)
            for time, place, turn in zip(times_s, knots.linear[:, index], knots.turns[:, index]):
                pose = PoseStamped()
                pose.header.frame_id = path.header.frame_id
                time_to_message(now_ns + round(time * 1e9), pose.header.stamp)
                pose_to_message(place, turn, pose.pose)
                path.poses.append(pose)
            publisher.publish(path)
