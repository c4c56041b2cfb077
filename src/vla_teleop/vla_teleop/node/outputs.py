"""Targets on CRISP's topics, and openings for the gripper controllers."""
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from vla_core.conversion import pose_to_message, time_to_message
from vla_core.profile import RobotProfile
from vla_teleop.node.robot import Robot, arm_prefix, gripper_topic
from vla_teleop.teleoperator import ArmTarget

__all__ = ['Outputs']

COMMANDS = QoSProfile(depth=5)


class Outputs:
    """Publishers are made when they are first needed: who sends nothing is no rival."""

    def __init__(
        self, node: Node, profile: RobotProfile, robot: Robot, gripper_controller: str,
    ) -> None:
        self._node, self._profile, self._robot = node, profile, robot
        self._gripper_controller = gripper_controller
        self._publishers: dict[str, object] = {}

    def publish(self, arm: str, target: ArmTarget, now_ns: int) -> None:
        """Stream what one arm is told."""
        prefix = arm_prefix(self._profile, arm)
        if target.pose is not None:
            message = PoseStamped()
            message.header.frame_id = self._profile.arm(arm).base_frame
            time_to_message(now_ns, message.header.stamp)
            pose_to_message(*target.pose, message.pose)
            self._send(arm, PoseStamped, prefix + 'target_pose', message, now_ns)
        if target.joints is not None:
            message = JointState(
                name=list(self._profile.arm(arm).joints), position=target.joints.tolist(),
                velocity=target.velocity.tolist())
            time_to_message(now_ns, message.header.stamp)
            self._send(arm, JointState, prefix + 'target_joint', message, now_ns)
        if target.opening is not None and self._gripper_controller:
            gripper = self._profile.arm(arm).gripper
            topic = gripper_topic(self._profile, arm, self._gripper_controller)
            self._publisher(Float64MultiArray, topic).publish(
                Float64MultiArray(data=[float(gripper.to_joint(target.opening))]))

    def _send(self, arm: str, kind: type, topic: str, message: object, now_ns: int) -> None:
        self._robot.sent(arm, now_ns)
        self._publisher(kind, topic).publish(message)

    def _publisher(self, kind: type, topic: str) -> object:
        if topic not in self._publishers:
            self._publishers[topic] = self._node.create_publisher(kind, topic, COMMANDS)
        return self._publishers[topic]
