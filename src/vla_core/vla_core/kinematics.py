"""Where an arm's tip is, and which joints bring it somewhere near; by Pinocchio.

Inverse kinematics takes damped Gauss-Newton steps from the present joints,

    Δq = Jᵀ (J Jᵀ + λ² I)⁻¹ e,     e = log₆ of the pose error

(Levenberg-Marquardt; Sugihara 2011), so that its answer is the near one.
"""

from __future__ import annotations

import numpy as np
import pinocchio as pin

from vla_core.description import robot_description
from vla_core.profile import ArmProfile, RobotProfile
from vla_core.rotation import matrix_to_quaternion, quaternion_to_matrix

__all__ = ['ArmKinematics', 'Unreachable']

STEPS = 30
DAMPING = 1e-2
CLOSE = 1e-4  # m and rad
NEAR = 2e-3  # m and rad, what still counts as reached


class Unreachable(ValueError):  # noqa: N818 - it says what the pose is
    """No joints near the present ones bring the tip there."""


class ArmKinematics:
    """One arm with n joints; poses are [x, y, z, qx, qy, qz, qw] in its base frame."""

    def __init__(self, profile: RobotProfile, arm: ArmProfile) -> None:
        full = pin.buildModelFromXML(robot_description(profile))
        rest = [index for index, name in enumerate(full.names)
                if index and name not in arm.joints]
        self._model = pin.buildReducedModel(full, rest, pin.neutral(full))
        self._data = self._model.createData()
        order = [self._model.joints[self._model.getJointId(name)].idx_q for name in arm.joints]
        self._order = np.array(order)
        self._tip = self._model.getFrameId(arm.tip_frame)
        self._arm = arm
        pin.framesForwardKinematics(self._model, self._data, pin.neutral(self._model))
        self._base = self._place(arm.base_frame)

    def _place(self, frame: str) -> pin.SE3:
        return self._data.oMf[self._model.getFrameId(frame)].copy()

    def _joints(self, position: np.ndarray) -> np.ndarray:
        joints = np.empty(self._model.nq)
        joints[self._order] = position
        return joints

    def forward(self, position: np.ndarray) -> np.ndarray:
        """Poses [..., 7] of the tip for joints [..., n] in rad."""
        position = np.asarray(position)
        rows = position.reshape(-1, position.shape[-1])
        places, turns = np.empty((len(rows), 3)), np.empty((len(rows), 3, 3))
        for row, place, turn in zip(rows, places, turns):
            pin.forwardKinematics(self._model, self._data, self._joints(row))
            tip = self._base.actInv(pin.updateFramePlacement(self._model, self._data, self._tip))
            place[:], turn[:] = tip.translation, tip.rotation
        poses = np.concatenate([places, matrix_to_quaternion(turns)], -1)
        return poses.reshape(*position.shape[:-1], 7)

    def in_base(self, frame: str, pose: np.ndarray) -> np.ndarray:
        """A pose [7] of a frame that does not move, in the base frame; ValueError for others."""
        if frame == self._arm.base_frame:
            return pose
        return _numbers(self._base.actInv(self._still(frame) * _se3(pose)))

    def from_base(self, frame: str, pose: np.ndarray) -> np.ndarray:
        """The inverse of `in_base`: a pose [7] of the base frame in one that does not move."""
        if frame == self._arm.base_frame:
            return pose
        return _numbers(self._still(frame).actInv(self._base * _se3(pose)))

    def _still(self, frame: str) -> pin.SE3:
        if not self._model.existFrame(frame) or \
                self._model.frames[self._model.getFrameId(frame)].parentJoint != 0:
            raise ValueError(f'frame {frame!r} is none that stands still beside the arm; give '
                             f'poses in {self._arm.base_frame!r}')
        return self._place(frame)

    def inverse(self, pose: np.ndarray, position: np.ndarray) -> np.ndarray:
        """Joints [n] within their limits for a tip pose [7], near `position` [n]; Unreachable."""
        joints, size = self._approach(pose, position)
        if size < NEAR:
            return joints
        raise Unreachable(f'the pose is out of reach: {size:.3f} m or rad are left')

    def nearest(
        self, pose: np.ndarray, position: np.ndarray, duration: float = np.inf,
    ) -> np.ndarray:
        """
        The same, but the joints that bring the tip as near as it gets where it is too far.

        Too far is also what the joints cannot turn to in ``duration`` s at their greatest speeds:
        where two of them are nearly in line, a small turn of the tip asks for large ones of both.
        """
        return self._approach(pose, position, duration)[0]

    def _approach(
        self, pose: np.ndarray, position: np.ndarray, duration: float = np.inf,
    ) -> tuple[np.ndarray, float]:
        """Joints [n] and what is left, in m or rad."""
        limits = self._arm.limits
        reach = limits.velocity * duration
        lower = np.maximum(limits.position_lower, position - reach)
        upper = np.minimum(limits.position_upper, position + reach)
        goal = self._base * _se3(pose)
        joints = np.array(position, dtype=float)
        for _ in range(STEPS):
            whole = self._joints(joints)
            pin.computeJointJacobians(self._model, self._data, whole)
            pin.updateFramePlacement(self._model, self._data, self._tip)
            jacobian = pin.getFrameJacobian(
                self._model, self._data, self._tip, pin.LOCAL)[:, self._order]
            error = pin.log6(self._data.oMf[self._tip].actInv(goal)).vector
            size = float(np.abs(error).max())
            if size < CLOSE:
                break
            damping = DAMPING**2 * min(1.0, size * 10.0)
            step = jacobian.T @ np.linalg.solve(
                jacobian @ jacobian.T + damping * np.eye(6), error)
            joints = np.clip(joints + step, lower, upper)
        return joints, size


def _se3(pose: np.ndarray) -> pin.SE3:
    return pin.SE3(quaternion_to_matrix(np.asarray(pose[3:])), np.asarray(pose[:3]))


def _numbers(place: pin.SE3) -> np.ndarray:
    return np.concatenate([place.translation, matrix_to_quaternion(place.rotation)])
