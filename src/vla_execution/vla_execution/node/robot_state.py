"""Where the robot is, as a row of the space that is executed."""
from collections.abc import Callable

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState

from vla_core.conversion import ConversionError, pose_from_message, reorder, time_from_message
from vla_core.sampled import Sampled
from vla_execution.history import StateHistory
from vla_execution.layout import Coordinates, Layout

__all__ = ['RobotState', 'arm_prefix']

KEPT = 100  # messages between two looks: those of 1 kHz for 0.1 s


def arm_prefix(layout: Layout, arm: str) -> str:
    """What an arm's topics begin with: nothing on a robot with one arm, else `left/`."""
    profile = layout.profile
    return '' if len(profile.arms) + len(profile.leaders) == 1 else f'{arm}/'


class RobotState:
    """
    Follows `joint_states` and, for tip poses, `current_pose`; keeps what was, by stamp.

    What has come is taken at a `look`, and before it is told what is `known`.
    """

    def __init__(
        self, node: Node, layout: Layout,
        on_pose: Callable[[str, PoseStamped], None] = lambda arm, message: None,
    ) -> None:
        self._layout, self._on_pose = layout, on_pose
        self.history = StateHistory(layout)
        self._turns = np.zeros((layout.turned, 4))
        self._linear: np.ndarray | None = None
        self._poses: dict[str, int] = {}
        self._grippers: np.ndarray | None = None if layout.gripper_arms else np.zeros(0)
        self.openings: np.ndarray | None = None  # [g], as measured
        self._joints = layout.space.is_joint_kind
        self.problem = 'no joint_states yet'
        self._joint_states = Sampled(node, JointState, 'joint_states', KEPT)
        self._current_poses = [
            Sampled(node, PoseStamped, arm_prefix(layout, arm.name) + 'current_pose', KEPT)
            for arm in layout.arms]

    def look(self) -> None:
        """Take the messages that have come."""
        for message in self._joint_states.take():
            self._take_joints(message)
        for index, poses in enumerate(self._current_poses):
            for message in poses.take():
                self._take_pose(index, message)

    def forget(self) -> None:
        """Let go of all that has come."""
        self.look()
        self.history.clear()

    def known(self, now_ns: int, max_age_s: float) -> np.ndarray | None:
        """The newest row [D]; None when it is too old, and `problem` says which topic it is."""
        self.look()
        newest = self.history.newest_ns
        if newest is None or (now_ns - newest) * 1e-9 > max_age_s:
            if newest is not None:
                self.problem = f'the state of the robot is {(now_ns - newest) * 1e-9:.2f} s old'
            return None
        return self.history.newest

    def _take_joints(self, message: JointState) -> None:
        layout = self._layout
        try:
            if layout.gripper_arms:
                places = reorder(message.name, message.position, [
                    arm.gripper.joints[0] for arm in layout.gripper_arms])
                self.openings = np.array([
                    arm.gripper.from_joint(place)
                    for arm, place in zip(layout.gripper_arms, places)])
                self._grippers = layout.from_openings(self.openings)
            if self._joints:
                self._linear = reorder(
                    message.name, message.position, layout.space.names)[:, None]
        except ConversionError as error:
            self.problem = f'joint_states: {error}'
            return
        if self._joints:
            self._keep(time_from_message(message.header.stamp))

    def _take_pose(self, index: int, message: PoseStamped) -> None:
        arm = self._layout.arms[index]
        if message.header.frame_id != arm.base_frame:
            self.problem = (f'current_pose: is in {message.header.frame_id!r}, '
                            f'not in {arm.base_frame!r}')
            return
        self._on_pose(arm.name, message)
        if self._joints:
            return
        if self._linear is None:
            self._linear = np.zeros((self._layout.linears, 3))
        self._linear[index], self._turns[index] = pose_from_message(message.pose)
        self._poses[arm.name] = time_from_message(message.header.stamp)
        if len(self._poses) == len(self._layout.arms):
            self._keep(min(self._poses.values()))

    def _keep(self, stamp_ns: int) -> None:
        if self._grippers is None:
            self.problem = 'joint_states: no gripper position yet'
            return
        self.history.add(stamp_ns, self._layout.join(
            Coordinates(self._linear, self._turns, self._grippers)))
