"""Publishers of the robot's state, one class a type; each fills one message and sends it again."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import numpy as np
from builtin_interfaces.msg import Time
from control_msgs.msg import DynamicJointState, InterfaceValue
from geometry_msgs.msg import PoseStamped, TwistStamped, WrenchStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from vla_control.arm_model import ArmModel
from vla_control.loop import ArmView, LoopState
from vla_control.node.configuration import ControllerEntry, topic_prefix
from vla_control.node.messages import fill_pose, fill_twist, fill_wrench
from vla_core.profile import ArmProfile, RobotProfile
from vla_hardware import ControlMode

__all__ = ['Broadcaster', 'make_broadcaster']

STATES = QoSProfile(depth=5)


class Broadcaster:
    """Publishes one aspect of the state; `publish(state, stamp)` is called when it is due."""

    def publish(self, state: LoopState, stamp: Time) -> None:
        """Send the state of the moment `stamp` of ROS time."""
        raise NotImplementedError


class JointStates(Broadcaster):
    """`joint_states` of all arms, each followed by its gripper; `dynamic_joint_states` likewise."""

    def __init__(self, node: Node, profile: RobotProfile) -> None:
        self._arms = [*profile.arms, *profile.leaders]
        self._message = JointState(name=[
            joint for arm in self._arms
            for joint in (*arm.joints, *([arm.gripper.joints[0]] if arm.gripper else []))])
        self._dynamic = DynamicJointState(
            joint_names=self._message.name,
            interface_values=[InterfaceValue(interface_names=['position', 'velocity', 'effort'])
                              for _ in self._message.name])
        self._publisher = node.create_publisher(JointState, 'joint_states', STATES)
        self._dynamic_publisher = node.create_publisher(
            DynamicJointState, 'dynamic_joint_states', STATES)

    def publish(self, state: LoopState, stamp: Time) -> None:
        rows = np.concatenate([_joint_rows(arm, state.arms[arm.name]) for arm in self._arms])
        message = self._message
        message.header.stamp = stamp
        message.position = array('d', rows[:, 0].tobytes())
        message.velocity = array('d', rows[:, 1].tobytes())
        message.effort = array('d', rows[:, 2].tobytes())
        self._publisher.publish(message)
        if self._dynamic_publisher.get_subscription_count():
            dynamic = self._dynamic
            dynamic.header.stamp = stamp
            for values, row in zip(dynamic.interface_values, rows.tolist()):
                values.values = array('d', row)
            self._dynamic_publisher.publish(dynamic)


def _joint_rows(arm: ArmProfile, view: ArmView) -> np.ndarray:
    """Position, velocity and effort [joints, 3], a gripper's first joint last."""
    rows = np.stack([view.position, view.velocity, view.effort], axis=1)
    gripper = arm.gripper
    if gripper is None:
        return rows
    span = gripper.open - gripper.closed
    place = gripper.closed + view.gripper_position * span
    return np.vstack([rows, [place, view.gripper_velocity * span, view.gripper_effort]])


class _ArmBroadcaster(Broadcaster):
    topic: str
    message_type: type

    def __init__(self, node: Node, profile: RobotProfile, arm: ArmProfile) -> None:
        self._arm = arm
        self._message = self.message_type()
        if hasattr(self._message, 'header'):
            self._message.header.frame_id = arm.base_frame
        self._publisher = node.create_publisher(
            self.message_type, topic_prefix(profile, arm.name) + self.topic, STATES)

    def publish(self, state: LoopState, stamp: Time) -> None:
        if not self._publisher.get_subscription_count():
            return
        if hasattr(self._message, 'header'):
            self._message.header.stamp = stamp
        if self._fill(state.arms[self._arm.name]):
            self._publisher.publish(self._message)

    def _fill(self, view: ArmView) -> bool:
        """Fill the message; False when there is nothing to say."""
        raise NotImplementedError


class CurrentPose(_ArmBroadcaster):
    """Pose of the tip in the arm's base frame."""

    topic, message_type = 'current_pose', PoseStamped

    def _fill(self, view: ArmView) -> bool:
        fill_pose(self._message.pose, view.pose.tolist())
        return True


class CurrentTwist(_ArmBroadcaster):
    """Velocity of the tip along base axes, m/s and rad/s."""

    topic, message_type = 'current_twist', TwistStamped

    def _fill(self, view: ArmView) -> bool:
        fill_twist(self._message.twist, view.twist.tolist())
        return True


class ExternalWrench(_ArmBroadcaster):
    """What the environment does to the tip, along base axes, N and N·m."""

    topic, message_type = 'external_wrench', WrenchStamped

    def _fill(self, view: ArmView) -> bool:
        fill_wrench(self._message.wrench, view.wrench.tolist())
        return True


class ExternalTorques(_ArmBroadcaster):
    """What the environment does to the joints, Jᵀ F, N·m."""

    topic, message_type = 'external_effort', Float64MultiArray

    def __init__(self, node: Node, profile: RobotProfile, arm: ArmProfile) -> None:
        super().__init__(node, profile, arm)
        self._model = ArmModel(profile, arm)

    def _fill(self, view: ArmView) -> bool:
        self._model.update_kinematics(view.position)
        self._message.data = array('d', (self._model.jacobian.T @ view.wrench).tobytes())
        return True


class CommandedEffort(_ArmBroadcaster):
    """Commanded torque of each joint while the arm is driven by torques, N·m."""

    topic, message_type = 'commanded_effort', Float64MultiArray

    def _fill(self, view: ArmView) -> bool:
        self._message.data = array('d', view.command.tobytes())
        return view.mode is ControlMode.EFFORT


_BY_ARM = {
    'pose_broadcaster': CurrentPose,
    'twist_broadcaster': CurrentTwist,
    'external_wrench_broadcaster': ExternalWrench,
    'external_torques_broadcaster': ExternalTorques,
    'commanded_effort_broadcaster': CommandedEffort,
}


class _Several(Broadcaster):
    def __init__(self, parts: Iterable[Broadcaster]) -> None:
        self._parts = list(parts)

    def publish(self, state: LoopState, stamp: Time) -> None:
        for part in self._parts:
            part.publish(state, stamp)


def make_broadcaster(node: Node, profile: RobotProfile, entry: ControllerEntry) -> Broadcaster:
    """The broadcaster of an entry; one without an arm speaks for all arms."""
    if entry.type == 'joint_state_broadcaster':
        return JointStates(node, profile)
    kind = _BY_ARM[entry.type]
    return _Several(kind(node, profile, arm) for arm in (*profile.arms, *profile.leaders)
                    if entry.arm in ('', arm.name))
