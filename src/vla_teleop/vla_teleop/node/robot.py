"""What is known of the robot: where its arms are, and what they were told last, by whomever."""
import time
from collections import deque
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from vla_core.conversion import (
    ConversionError,
    pose_from_message,
    reorder,
    time_from_message,
)
from vla_core.profile import ArmProfile, RobotProfile
from vla_teleop.teleoperator import ArmState

__all__ = ['Robot', 'arm_prefix', 'gripper_topic']

OWN_STAMPS = 400  # targets of ours that are still known as such


def arm_prefix(profile: RobotProfile, arm: str) -> str:
    """What an arm's topics begin with: nothing on a robot with one arm, else `left/`."""
    return '' if len(profile.arms) + len(profile.leaders) == 1 else f'{arm}/'


def gripper_topic(profile: RobotProfile, arm: str, controller: str) -> str:
    """The topic of an arm's gripper controller."""
    return f'{arm_prefix(profile, arm).replace("/", "_")}{controller}/commands'


class Robot:
    """
    Follows `joint_states`, `current_pose` and the target topics of every arm.

    A target whose stamp is none of ours is somebody else's: ``quiet_s`` says how long ago.
    """

    def __init__(self, node: Node, profile: RobotProfile, gripper_controller: str) -> None:
        self.states = {arm.name: ArmState() for arm in profile.arms}
        self.problem = ''
        self._profile = profile
        self._own: dict[str, deque[int]] = {arm.name: deque(maxlen=OWN_STAMPS)
                                            for arm in profile.arms}
        self._seen: dict[tuple[str, str], float] = {}
        self._foreign_s = time.monotonic()  # who streams is not known before it was listened for
        self._own_s = float('-inf')
        node.create_subscription(
            JointState, 'joint_states', self._take_joints, qos_profile_sensor_data)
        for arm in profile.arms:
            prefix = arm_prefix(profile, arm.name)

            def follow(kind: type, topic: str, take: Any, qos: Any, arm: ArmProfile = arm) -> None:
                node.create_subscription(kind, topic, lambda message: take(arm, message), qos)

            follow(PoseStamped, prefix + 'current_pose', self._take_pose, qos_profile_sensor_data)
            follow(PoseStamped, prefix + 'target_pose', self._take_target_pose, QoSProfile(depth=5))
            follow(JointState, prefix + 'target_joint', self._take_target_joint,
                   QoSProfile(depth=5))
            if arm.gripper and gripper_controller:
                follow(Float64MultiArray, gripper_topic(profile, arm.name, gripper_controller),
                       self._take_gripper, QoSProfile(depth=5))

    @property
    def quiet_s(self) -> float:
        """Seconds since somebody else sent a target."""
        return time.monotonic() - self._foreign_s

    @property
    def own_quiet_s(self) -> float:
        """Seconds since we did."""
        return time.monotonic() - self._own_s

    def sent(self, arm: str, stamp_ns: int) -> None:
        """Remember a target as one of ours."""
        self._own[arm].append(stamp_ns)
        self._own_s = time.monotonic()

    def forget(self, max_age_s: float) -> None:
        """Know no more what has not been heard of for so long."""
        oldest = time.monotonic() - max_age_s
        for (arm, what), seen in self._seen.items():
            if seen < oldest:
                setattr(self.states[arm], what, None)

    def _saw(self, arm: str, what: str, value: Any) -> None:
        setattr(self.states[arm], what, value)
        self._seen[arm, what] = time.monotonic()

    def _take_joints(self, message: JointState) -> None:
        for arm in self._profile.arms:
            try:
                self._saw(arm.name, 'joints', reorder(
                    message.name, message.position, arm.joints))
                if arm.gripper:
                    place = reorder(message.name, message.position, arm.gripper.joints[:1])[0]
                    self._saw(arm.name, 'opening', float(arm.gripper.from_joint(place)))
            except ConversionError as error:
                self.problem = f'joint_states: {error}'
                return

    def _take_pose(self, arm: ArmProfile, message: PoseStamped) -> None:
        if message.header.frame_id != arm.base_frame:
            self.problem = (f'current_pose is in {message.header.frame_id!r}, '
                            f'not in {arm.base_frame!r}')
            return
        self._saw(arm.name, 'pose', pose_from_message(message.pose))

    def _target(self, arm: ArmProfile, message: Any) -> None:
        if time_from_message(message.header.stamp) not in self._own[arm.name]:
            self._foreign_s = time.monotonic()

    def _take_target_pose(self, arm: ArmProfile, message: PoseStamped) -> None:
        self._target(arm, message)
        place, turn = pose_from_message(message.pose)
        sound = np.all(np.isfinite(place)) and abs(np.linalg.norm(turn) - 1.0) < 1e-2
        self.states[arm.name].told_pose = (place, turn / np.linalg.norm(turn)) if (
            sound and message.header.frame_id == arm.base_frame) else None

    def _take_target_joint(self, arm: ArmProfile, message: JointState) -> None:
        self._target(arm, message)
        try:
            told = reorder(message.name, message.position, arm.joints)
        except ConversionError:
            told = None
        self.states[arm.name].told_joints = told if (
            told is not None and np.all(np.isfinite(told))) else None

    def _take_gripper(self, arm: ArmProfile, message: Float64MultiArray) -> None:
        if len(message.data) and np.isfinite(message.data[0]):
            self.states[arm.name].told_opening = float(np.clip(
                arm.gripper.from_joint(message.data[0]), 0.0, 1.0))
