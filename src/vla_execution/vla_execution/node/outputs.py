"""
Where references go: targets of the control package and CRISP, or topics of ros2_control.

Topics and controllers of an arm have its name before theirs where the robot has several.
"""
from abc import ABC, abstractmethod
from itertools import pairwise
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from vla_core.conversion import pose_to_message, time_to_message
from vla_core.validation import ConfigurationError
from vla_execution.executor import Reference
from vla_execution.layout import Layout
from vla_execution.node.parameters import ExecutionParameters
from vla_execution.node.robot_state import arm_prefix

__all__ = ['Output', 'make_output']

COMMANDS = QoSProfile(depth=5)


class Output(ABC):
    """Publishes references of all arms, and the positions of their grippers."""

    def __init__(self, node: Node, layout: Layout, parameters: ExecutionParameters) -> None:
        self._layout = layout
        self._period_ns = round(1e9 / parameters.rate)
        self._joints = [list(layout.space.labels[part.arm]) for part in layout.space.slices]
        ends = np.cumsum([0, *map(len, self._joints)])
        self._places = [slice(*pair) for pair in pairwise(ends)]
        self._publishers = [self._arm_publisher(node, arm.name, parameters)
                            for arm in layout.arms]
        self._grippers = [
            node.create_publisher(
                Float64MultiArray,
                f'{self._controller(arm.name, parameters.gripper_controller)}/commands', COMMANDS)
            for arm in layout.gripper_arms if parameters.gripper_controller]

    def _controller(self, arm: str, name: str) -> str:
        return arm_prefix(self._layout, arm).replace('/', '_') + name

    @abstractmethod
    def _arm_publisher(self, node: Node, arm: str, parameters: ExecutionParameters) -> Any:
        """The publisher of one arm."""

    @abstractmethod
    def _message(self, arm: int, reference: Reference, now_ns: int) -> Any:
        """What it publishes now."""

    def publish(self, reference: Reference, now_ns: int) -> None:
        """Stream a reference that is meant for now."""
        for index, publisher in enumerate(self._publishers):
            publisher.publish(self._message(index, reference, now_ns))
        for publisher, arm, opening in zip(
                self._grippers, self._layout.gripper_arms, reference.openings):
            publisher.publish(Float64MultiArray(data=[float(arm.gripper.to_joint(opening))]))


class PoseTargets(Output):
    """`target_pose` in the arm's frame."""

    def _arm_publisher(self, node: Node, arm: str, parameters: ExecutionParameters) -> Any:
        return node.create_publisher(
            PoseStamped, arm_prefix(self._layout, arm) + 'target_pose', COMMANDS)

    def _message(self, arm: int, reference: Reference, now_ns: int) -> PoseStamped:
        message = PoseStamped()
        message.header.frame_id = self._layout.space.frame
        time_to_message(now_ns, message.header.stamp)
        pose_to_message(reference.linear[arm], reference.turns[arm], message.pose)
        return message


class JointTargets(Output):
    """`target_joint`, positions by name."""

    def _arm_publisher(self, node: Node, arm: str, parameters: ExecutionParameters) -> Any:
        return node.create_publisher(
            JointState, arm_prefix(self._layout, arm) + 'target_joint', COMMANDS)

    def _message(self, arm: int, reference: Reference, now_ns: int) -> JointState:
        place = self._places[arm]
        message = JointState(
            name=self._joints[arm], position=reference.linear[place, 0].tolist(),
            velocity=reference.velocity[place, 0].tolist())
        time_to_message(now_ns, message.header.stamp)
        return message


class Trajectories(Output):
    """`<controller>/joint_trajectory`: one point, to be reached a period from now."""

    def _arm_publisher(self, node: Node, arm: str, parameters: ExecutionParameters) -> Any:
        name = self._controller(arm, parameters.trajectory_controller)
        return node.create_publisher(JointTrajectory, f'{name}/joint_trajectory', COMMANDS)

    def _message(self, arm: int, reference: Reference, now_ns: int) -> JointTrajectory:
        place = self._places[arm]
        point = JointTrajectoryPoint(
            positions=reference.linear[place, 0].tolist(),
            velocities=reference.velocity[place, 0].tolist())
        time_to_message(self._period_ns, point.time_from_start)
        return JointTrajectory(joint_names=self._joints[arm], points=[point])


class PositionCommands(Output):
    """`<controller>/commands`: positions in the order of the arm's joints."""

    def _arm_publisher(self, node: Node, arm: str, parameters: ExecutionParameters) -> Any:
        name = self._controller(arm, parameters.position_controller)
        return node.create_publisher(Float64MultiArray, f'{name}/commands', COMMANDS)

    def _message(self, arm: int, reference: Reference, now_ns: int) -> Float64MultiArray:
        return Float64MultiArray(data=reference.linear[self._places[arm], 0].tolist())


def make_output(node: Node, layout: Layout, parameters: ExecutionParameters) -> Output:
    """The output that the parameters name; ConfigurationError when the space does not go there."""
    if parameters.output == 'targets':
        kind = JointTargets if layout.space.is_joint_kind else PoseTargets
        return kind(node, layout, parameters)
    if not layout.space.is_joint_kind:
        raise ConfigurationError(
            f'parameter output: {parameters.output} takes joints, and the contract gives '
            f'{layout.space.kind}; use targets')
    kind = Trajectories if parameters.output == 'trajectory' else PositionCommands
    return kind(node, layout, parameters)
