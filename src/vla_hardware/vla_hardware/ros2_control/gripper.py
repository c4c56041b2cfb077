"""Gripper commands as goals of the driver's action, or as Interbotix' topic."""

from __future__ import annotations

import math
from typing import Any

from rclpy.action import ActionClient
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from vla_core.action_client import for_threads
from vla_core.profile import GripperProfile
from vla_hardware.ros2_control.configuration import GripperDriver
from vla_hardware.ros2_control.outputs import message_type

__all__ = ['GripperBridge']


class GripperBridge:
    """Takes `commands`: position of the first joint of the profile's gripper, and an effort.

    A new goal goes out when the opening changed, and the one before it has been answered: an action
    server is not flooded by a stream. A goal that another client preempts is not sent again.
    """

    def __init__(
        self, node: Node, driver: GripperDriver, profile: GripperProfile, commands: str, name: str,
        group: CallbackGroup,
    ) -> None:
        self._node, self._driver, self._profile = node, driver, profile
        self._asking = False
        self._sent: tuple[float, float] | None = None
        self._wanted: tuple[float, float] | None = None
        self.stopped = False
        self.problem = ''
        if driver.kind == 'interbotix_single':
            self._message = message_type('interbotix_xs_msgs/msg/JointSingleCommand')
            self._publisher = node.create_publisher(self._message, name, 1)
        else:
            action = {'gripper_command': 'GripperCommand',
                      'parallel_gripper_command': 'ParallelGripperCommand'}[driver.kind]
            self._action = message_type(f'control_msgs/action/{action}')
            self._client = for_threads(ActionClient(node, self._action, name, callback_group=group))
        self._name = name
        node.create_subscription(
            Float64MultiArray, commands, self._take, 1, callback_group=group)

    def _take(self, message: Float64MultiArray) -> None:
        data = message.data
        if not 1 <= len(data) <= 2 or not all(map(math.isfinite, data)):
            self.problem = 'gripper command needs a position and perhaps an effort, both finite'
            return
        ends = sorted((self._profile.closed, self._profile.open))
        position = min(max(data[0], ends[0]), ends[1])
        effort = min(data[1], self._profile.max_effort) if len(data) == 2 and data[1] > 0.0 \
            else self._profile.max_effort
        self._wanted = (position, effort)
        self.send()

    def send(self) -> None:
        """Send what is wanted, where it differs from what was sent."""
        if self._wanted is None or self._asking or self.stopped or not self._differs():
            return
        position, effort = self._sent = self._wanted
        there = self._driver.offset + self._driver.scale * position
        if self._driver.kind == 'interbotix_single':
            self._publisher.publish(self._message(name=self._driver.joint, cmd=there))
            return
        if not self._client.server_is_ready():
            self._sent = None
            self.problem = f'action {self._name} is not there'
            return
        self.problem = ''
        self._asking = True
        self._client.send_goal_async(self._goal(there, effort)).add_done_callback(self._answered)

    def _differs(self) -> bool:
        if self._sent is None:
            return True
        change = abs(self._wanted[0] - self._sent[0]) / abs(
            self._profile.open - self._profile.closed)
        return change > self._driver.tolerance or self._wanted[1] != self._sent[1]

    def _goal(self, position: float, effort: float) -> Any:
        goal = self._action.Goal()
        if self._driver.kind == 'gripper_command':
            goal.command.position, goal.command.max_effort = position, effort
        else:
            goal.command = JointState(
                name=[self._driver.joint], position=[position], effort=[effort])
        return goal

    def _answered(self, future: Any) -> None:
        self._asking = False
        if not future.result().accepted:
            self.problem = f'action {self._name} refused a goal'
        self.send()
