"""The arm behind the controller: MuJoCo's UR5e with position servos that feed velocity forward."""

from __future__ import annotations

import mujoco
import numpy as np

from ur_controller.motion import Reference
from vla_core.profile import RobotProfile
from vla_hardware.sim.servo import ArmServos
from vla_simulation.model import build_model, set_home

# The controller's base frame: `base_link` of the description, half a turn about z.
BASE_FROM_LINK = np.diag([-1.0, -1.0, 1.0])
FORCE_GAIN = np.array([2e-3] * 3 + [2e-2] * 3)  # m/s per N, rad/s per N·m in force mode


class ForceMode:
    """Axes of the base frame along which the arm yields until it exerts a wrench."""

    def __init__(self, axes: np.ndarray, wrench: np.ndarray, limits: np.ndarray) -> None:
        self.axes, self.wrench, self.limits = axes, wrench, np.abs(limits)


class Arm:
    """Joint state `q`, `qd`, `torque` [6]; poses and wrenches in the controller's base frame."""

    def __init__(self, dt: float) -> None:
        self.profile = RobotProfile.load('ur')
        self.dt = dt
        self.model = build_model(self.profile, control_mode='position')
        self.data = mujoco.MjData(self.model)
        self._substeps = max(1, round(dt / self.model.opt.timestep))
        self.model.opt.timestep = dt / self._substeps
        set_home(self.profile, self.model, self.data)
        self.servos = ArmServos(self.model, self.profile.arms[0])
        self._lead = np.array(self.servos.servo_delay(self.model))
        self.reference = Reference(self.data.qpos[self.servos.qpos])
        self.force_mode: ForceMode | None = None
        self.wrench = np.zeros(6)
        self._zero = np.zeros(6)
        self._offset = np.zeros(6)  # of the joints, by which force mode has yielded
        self._push, self._push_until = np.zeros(6), 0.0
        self._quaternion, self._turn = np.zeros(4), np.zeros(3)
        self._jacobian = np.zeros((6, self.model.nv))
        self._gripper = 1.0  # opening that its controller asks for
        self._speed = 1.0  # share of its largest speed

    @property
    def q(self) -> np.ndarray:
        """Joint positions [6] in rad."""
        return self.data.qpos[self.servos.qpos]

    @property
    def qd(self) -> np.ndarray:
        """Joint velocities [6] in rad/s."""
        return self.data.qvel[self.servos.dof]

    @property
    def torque(self) -> np.ndarray:
        """What the joints' drives apply [6] in N·m."""
        return self.data.qfrc_actuator[self.servos.dof]

    @property
    def opening(self) -> float:
        """The gripper, 0 closed to 1 open."""
        gripper = self.profile.arms[0].gripper
        return float(gripper.from_joint(self.data.qpos[self.servos.gripper_qpos]))

    @property
    def gripper_force(self) -> float:
        """What its drive applies, in N."""
        return float(self.data.actuator_force[self.servos.gripper_actuator])

    @property
    def tcp_pose(self) -> list[float]:
        """x, y, z in m and rotation vector in rad of the flange."""
        base, site = self.servos.base, self.servos.site
        axes = BASE_FROM_LINK @ self.data.xmat[base].reshape(3, 3).T
        place = axes @ (self.data.site_xpos[site] - self.data.xpos[base])
        turned = axes @ self.data.site_xmat[site].reshape(3, 3)
        mujoco.mju_mat2Quat(self._quaternion, turned.ravel())
        mujoco.mju_quat2Vel(self._turn, self._quaternion, 1.0)
        return [*place.tolist(), *self._turn.tolist()]

    def push(self, wrench: np.ndarray, seconds: float) -> None:
        """Push the flange with a wrench [6] along the axes of `base_link`."""
        self._push, self._push_until = wrench, self.data.time + seconds

    def grip(self, opening: float, speed: float) -> None:
        """Move the gripper to an opening at a share of its speed."""
        self._gripper, self._speed = opening, speed

    def zero_wrench(self) -> None:
        """Take what is felt now as nothing."""
        self._zero = self._measure()

    def step(self, moves: bool) -> bool:
        """One cycle; the reference stands unless the arm `moves`. False when it cannot follow."""
        reference, data, servos = self.reference, self.data, self.servos
        able = not moves or reference.step(self.dt)
        if not moves:
            reference.qd[:] = 0.0
        if self.force_mode is not None:
            self._yield()
        data.ctrl[servos.actuators] = reference.q + self._offset + self._lead * reference.qd
        self._move_gripper()
        self._apply_push()
        for _ in range(self._substeps):
            mujoco.mj_step(self.model, data)
        mujoco.mj_rnePostConstraint(self.model, data)
        self.wrench = self._measure() - self._zero
        return able

    def _yield(self) -> None:
        mode = self.force_mode
        felt = self.wrench + mode.wrench  # at rest the arm exerts the wrench: it feels its reverse
        rate = np.clip(FORCE_GAIN * felt, -mode.limits, mode.limits) * mode.axes
        rate = np.concatenate([BASE_FROM_LINK @ rate[:3], BASE_FROM_LINK @ rate[3:]])
        mujoco.mj_jacSite(self.model, self.data, self._jacobian[:3], self._jacobian[3:],
                          self.servos.site)
        jacobian = self._jacobian[:, self.servos.dof]
        damped = jacobian @ jacobian.T + 1e-4 * np.eye(6)
        self._offset += self.dt * (jacobian.T @ np.linalg.solve(damped, rate))

    def end_force_mode(self) -> None:
        """Stay where force mode has led."""
        self.force_mode = None
        self.reference.q += self._offset
        self._offset[:] = 0.0

    def _apply_push(self) -> None:
        body, data = self.servos.tip_body, self.data
        if data.time >= self._push_until:
            data.xfrc_applied[body] = 0.0
            return
        axes = data.xmat[self.servos.base].reshape(3, 3)
        force, torque = axes @ self._push[:3], axes @ self._push[3:]
        lever = data.site_xpos[self.servos.site] - data.xipos[body]
        data.xfrc_applied[body, :3] = force
        data.xfrc_applied[body, 3:] = torque + np.cross(lever, force)

    def _measure(self) -> np.ndarray:
        """What the environment does to the flange, along the axes of the controller's base."""
        data, servos = self.data, self.servos
        total = data.cfrc_ext[servos.tool].sum(axis=0)
        x, y, z = (data.subtree_com[servos.tool_root] - data.site_xpos[servos.site]).tolist()
        fx, fy, fz = total[3:].tolist()
        torque = total[:3] + (y * fz - z * fy, z * fx - x * fz, x * fy - y * fx)
        axes = BASE_FROM_LINK @ data.xmat[servos.base].reshape(3, 3).T
        return np.concatenate([axes @ total[3:], axes @ torque])

    def _move_gripper(self) -> None:
        gripper, servos = self.profile.arms[0].gripper, self.servos
        now = self.data.ctrl[servos.gripper_actuator]
        gap = float(gripper.to_joint(self._gripper)) - now
        reach = self._speed * gripper.max_velocity * self.dt
        self.data.ctrl[servos.gripper_actuator] = now + min(max(gap, -reach), reach)
