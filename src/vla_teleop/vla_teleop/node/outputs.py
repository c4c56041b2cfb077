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
    """
    Publishers of every arm, made at the start: a controller that has not found them yet would see
    the first targets as a jump.
    """

    def __init__(
        self, node: Node, profile: RobotProfile, robot: Robot, gripper_controller: str,
    ) -> None:
        self._profile, self._robot = profile, robot
        prefixes = {arm.name: arm_prefix(profile, arm.name) for arm in profile.arms}
        self._poses = {name: node.create_publisher(
            PoseStamped, prefix + 'target_pose', COMMANDS) for name, prefix in prefixes.items()}
        self._joints = {name: node.create_publisher(
            JointState, prefix + 'target_joint', COMMANDS) for name, prefix in prefixes.items()}
        self._grippers = {arm.name: node.create_publisher(
            Float64MultiArray, gripper_topic(profile, arm.name, gripper_controller), COMMANDS)
            for arm in profile.arms if arm.gripper and gripper_controller}

    def heard(self, arm: str) -> bool:
        """Whether a controller listens to the targets of an arm; this node does itself."""
        return min(self._poses[arm].get_subscription_count(),
                   self._joints[arm].get_subscription_count()) > 1

    def publish(self, arm: str, target: ArmTarget, now_ns: int) -> None:
        """Stream what one arm is told."""
        if target.pose is not None or target.joints is not None:
            self._robot.sent(arm, now_ns)
        if target.pose is not None:
            message = PoseStamped()
            message.header.frame_id = self._profile.arm(arm).base_frame
            time_to_message(now_ns, message.header.stamp)
            pose_to_message(*target.pose, message.pose)
            self._poses[arm].publish(message)
        if target.joints is not None:
            message = JointState(
                name=list(self._profile.arm(arm).joints), position=target.joints.tolist(),
                velocity=target.velocity.tolist())
            time_to_message(now_ns, message.header.stamp)
            self._joints[arm].publish(message)
        if target.opening is not None and arm in self._grippers:
            gripper = self._profile.arm(arm).gripper
            self._grippers[arm].publish(
                Float64MultiArray(data=[float(gripper.to_joint(target.opening))]))
