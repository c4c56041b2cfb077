"""
Where an action's numbers lie in space: what is interpolated and limited together.

Rows [n, D] of an absolute space (joint_position or pose) split into

    linear   [n, L, K]  joints (K = 1) or tip positions (K = 3); rad or m
    turns    [n, R, 4]  tip rotations, quaternions xyzw; R = 0 for joints
    grippers [n, g]     in the convention of the space

The L + R groups have a limit each of velocity, acceleration and jerk, which holds for the length
of the vector: for a joint its size, for a tip the Euclidean norm, so that motions go straight.
"""
from dataclasses import dataclass

import numpy as np

from vla_core.action_space import ActionSpace, ActionSpaceMismatch
from vla_core.gripper import from_opening, to_opening
from vla_core.profile import ArmProfile, RobotProfile
from vla_core.rotation import from_quaternion, to_quaternion

__all__ = ['Coordinates', 'Layout']


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Rows split by `Layout.split`, or one row with the first axis left out."""

    linear: np.ndarray
    turns: np.ndarray
    grippers: np.ndarray


class Layout:
    """The groups of ``space`` on the robot of ``profile``, with limits times ``limit_scale``."""

    def __init__(
        self, space: ActionSpace, profile: RobotProfile, limit_scale: float = 1.0,
    ) -> None:
        if space.kind not in ('joint_position', 'pose'):
            raise ActionSpaceMismatch(
                'kind', f'{space.kind} is not absolute; anchor its chunks first')
        space.check_robot(profile)
        self.space, self.profile = space, profile
        self.arms = _arms(space, profile)
        joints = space.is_joint_kind
        self.width = 1 if joints else 3
        self.turned = 0 if joints else len(self.arms)
        self._linear_columns = np.concatenate([
            np.arange(space.dimension)[part.arm if joints else part.translation]
            for part in space.slices])
        self._turn_columns = [part.rotation for part in space.slices] if not joints else []
        self.gripper_arms = [arm for arm in self.arms if arm.gripper] if len(
            space.gripper_indices) else []
        self._set_limits(limit_scale)

    def _set_limits(self, scale: float) -> None:
        """Limits [G] of each group and the range [L, K] that targets are brought into."""
        space, arms = self.space, self.arms
        if space.is_joint_kind:
            limits = self.profile.limits
            order = [self.profile.joints.index(name) for name in space.names]
            self.velocity, self.acceleration, self.jerk = (
                getattr(limits, name)[order] * scale
                for name in ('velocity', 'acceleration', 'jerk'))
            self.lower = limits.position_lower[order][:, None]
            self.upper = limits.position_upper[order][:, None]
        else:
            self.velocity, self.acceleration, self.jerk = (
                scale * np.array([getattr(arm.cartesian, f'{motion}_{name}')
                                  for motion in ('linear', 'angular') for arm in arms])
                for name in ('velocity', 'acceleration', 'jerk'))
            bound = [arm.workspace if space.frame == arm.base_frame else None for arm in arms]
            self.lower = np.array([[-np.inf] * 3 if box is None else box.lower for box in bound])
            self.upper = np.array([[np.inf] * 3 if box is None else box.upper for box in bound])
        #: Largest speed of each gripper, in openings a second.
        self.gripper_speed = np.array([
            arm.gripper.max_velocity / abs(arm.gripper.open - arm.gripper.closed)
            for arm in self.gripper_arms])

    @property
    def groups(self) -> int:
        """G = L + R."""
        return len(self.velocity)

    @property
    def linears(self) -> int:
        """L."""
        return self.groups - self.turned

    def split(self, rows: np.ndarray) -> Coordinates:
        """
        Coordinates of rows [n, D], positions brought into the joints' ranges or the workspace.

        ValueError where the rotation of a row is none.
        """
        rows = np.asarray(rows, dtype=np.float64)
        linear = rows[:, self._linear_columns].reshape(len(rows), self.linears, self.width)
        turns = np.stack([to_quaternion(self.space.rotation, rows[:, columns])
                          for columns in self._turn_columns], axis=1) if self.turned else (
                              np.zeros((len(rows), 0, 4)))
        return Coordinates(np.clip(linear, self.lower, self.upper), turns,
                           rows[:, self.space.gripper_indices])

    def join(self, coordinates: Coordinates) -> np.ndarray:
        """Rows [n, D] of coordinates; one row [D] where those are of one."""
        shape = coordinates.linear.shape[:-2]
        rows = np.empty((*shape, self.space.dimension))
        rows[..., self._linear_columns] = coordinates.linear.reshape(*shape, -1)
        for index, columns in enumerate(self._turn_columns):
            rows[..., columns] = from_quaternion(
                self.space.rotation, coordinates.turns[..., index, :])
        rows[..., self.space.gripper_indices] = coordinates.grippers
        return rows

    def openings(self, grippers: np.ndarray) -> np.ndarray:
        """Openings [g], 0 closed and 1 open, of gripper numbers [g] of the space."""
        return np.array([
            float(to_opening(value, self.space.gripper, arm.gripper))
            for value, arm in zip(grippers, self.gripper_arms)])

    def from_openings(self, openings: np.ndarray) -> np.ndarray:
        """Gripper numbers [g] of the space that say openings [g]."""
        return np.array([
            float(from_opening(value, self.space.gripper, arm.gripper))
            for value, arm in zip(openings, self.gripper_arms)])


def _arms(space: ActionSpace, profile: RobotProfile) -> list[ArmProfile]:
    """The arm of each of the slices of ``space``."""
    if not space.is_joint_kind:
        return [profile.arm(name) for name in space.names]
    ends = np.cumsum(space.joints_per_arm or (len(space.names),))
    return [next(arm for arm in profile.arms if space.names[end - 1] in arm.joints)
            for end in ends]
