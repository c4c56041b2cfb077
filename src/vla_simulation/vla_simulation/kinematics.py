"""
Where an arm's tip is, and which joints bring it to a pose.

Inverse kinematics by damped least squares with the null space drawn to the home posture,

    Δq = Jᵀ (J Jᵀ + λ² I)⁻¹ e + (I − J⁺ J) k (q_home − q),

e the position and rotation error (Nakamura and Hanafusa, "Inverse kinematic solutions with
singularity robustness for robot manipulator control", 1986).
"""
from functools import cache

import mujoco
import numpy as np

from vla_core.profile import ArmProfile, RobotProfile
from vla_simulation.model import build_model, set_home

__all__ = ['ArmKinematics']

DAMPING = 0.02
POSTURE_GAIN = 0.05
LONGEST_STEP = np.array([0.10, 0.10, 0.10, 0.4, 0.4, 0.4])
CLOSE_ENOUGH = 1e-5


@cache
def _bare_robot(name: str) -> mujoco.MjModel:
    profile = RobotProfile.load(name)
    return build_model(profile, arguments={'leaders': 'false'} if profile.leaders else None)


class ArmKinematics:
    """Kinematics of one arm by itself; poses of ``site`` (by default the tip) in the base frame."""

    def __init__(self, profile: RobotProfile, arm: ArmProfile, site: str = '') -> None:
        self.arm = arm
        self._model = model = _bare_robot(profile.name)
        self._data = mujoco.MjData(model)
        set_home(profile, model, self._data)
        joints = [model.joint(name).id for name in arm.joints]
        self._qpos = model.jnt_qposadr[joints]
        self._dofs = model.jnt_dofadr[joints]
        self._tip = model.body(site or arm.tip_frame).id
        base = self._data.body(arm.base_frame)
        self.base_position = base.xpos.copy()
        self.base_rotation = base.xmat.reshape(3, 3).copy()
        self._translation = np.zeros((3, model.nv))
        self._rotation = np.zeros((3, model.nv))

    def forward(self, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tip position [3] in m and rotation matrix [3, 3] in the base frame."""
        self._data.qpos[self._qpos] = joints
        mujoco.mj_kinematics(self._model, self._data)
        return (self.base_rotation.T @ (self._data.xpos[self._tip] - self.base_position),
                self.base_rotation.T @ self._data.xmat[self._tip].reshape(3, 3))

    def to_world(
        self, position: np.ndarray, rotation: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """A pose of the base frame in the world."""
        return (self.base_position + self.base_rotation @ position, self.base_rotation @ rotation)

    def from_world(
        self, position: np.ndarray, rotation: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """A pose of the world in the base frame."""
        return (self.base_rotation.T @ (position - self.base_position),
                self.base_rotation.T @ rotation)

    def solve(
        self, position: np.ndarray, rotation: np.ndarray, start: np.ndarray, iterations: int = 4,
    ) -> np.ndarray:
        """
        Joints [n] near ``start`` that bring the tip to a pose of the base frame.

        The nearest that damping and joint limits allow when the pose is out of reach.
        """
        joints = np.array(start, dtype=np.float64)
        limits = self.arm.limits
        for _ in range(iterations):
            error, jacobian = self._error(joints, position, rotation)
            if np.abs(error).max() < CLOSE_ENOUGH:
                break
            weighted = jacobian @ jacobian.T
            weighted[np.diag_indices(6)] += DAMPING ** 2
            solved = np.linalg.solve(
                weighted, np.column_stack([np.clip(error, -LONGEST_STEP, LONGEST_STEP), jacobian]))
            step = jacobian.T @ solved[:, 0]
            if len(joints) > 6:
                posture = POSTURE_GAIN * (self.arm.home - joints)
                step += posture - jacobian.T @ (solved[:, 1:] @ posture)
            joints = np.clip(joints + step, limits.position_lower, limits.position_upper)
        return joints

    def residual(
        self, joints: np.ndarray, position: np.ndarray, rotation: np.ndarray,
    ) -> tuple[float, float]:
        """Distance in m and angle in rad between the tip and a pose of the base frame."""
        error, _ = self._error(joints, position, rotation)
        return float(np.linalg.norm(error[:3])), float(np.linalg.norm(error[3:]))

    def _error(
        self, joints: np.ndarray, position: np.ndarray, rotation: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Twist [6] from tip to pose and Jacobian [6, n], world axes."""
        data, model = self._data, self._model
        data.qpos[self._qpos] = joints
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_jacBody(model, data, self._translation, self._rotation, self._tip)
        want_position, want = self.to_world(position, rotation)
        quaternion, turn = np.empty(4), np.empty(3)
        mujoco.mju_mat2Quat(
            quaternion, (want @ data.xmat[self._tip].reshape(3, 3).T).reshape(-1))
        mujoco.mju_quat2Vel(turn, quaternion, 1.0)
        error = np.concatenate([want_position - data.xpos[self._tip], turn])
        return error, np.vstack([self._translation[:, self._dofs], self._rotation[:, self._dofs]])
