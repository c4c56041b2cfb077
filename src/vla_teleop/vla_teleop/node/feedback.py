"""
What the followers feel, for leaders whose force_feedback controller is elsewhere.

Leaders of the same controller manager need none of this: their controller reads the follower.
"""
from functools import partial

import numpy as np
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from vla_core.conversion import time_to_message
from vla_teleop.devices.leader_arm import LeaderArm
from vla_teleop.node.robot import arm_prefix

__all__ = ['Feedback']


class Feedback:
    """Hands `external_effort` of each follower to its leader while ``active``."""

    def __init__(self, node: Node, device: LeaderArm) -> None:
        self.active = False
        self._node, self._device = node, device
        for leader in device.leaders:
            if leader.effort_topic:
                publisher = node.create_publisher(JointState, leader.effort_topic, 5)
                node.create_subscription(
                    Float64MultiArray,
                    arm_prefix(device.profile, leader.arm) + 'external_effort',
                    partial(self._hand_on, leader.arm, publisher), qos_profile_sensor_data)

    def _hand_on(self, arm: str, publisher: object, message: Float64MultiArray) -> None:
        torques = np.asarray(message.data, np.float64)
        if not self.active or len(torques) != len(self._device.profile.arm(arm).joints) or (
                not np.all(np.isfinite(torques))):
            return
        names, efforts = self._device.feedback(arm, torques)
        effort = JointState(name=names, effort=efforts)
        time_to_message(self._node.get_clock().now().nanoseconds, effort.header.stamp)
        publisher.publish(effort)
