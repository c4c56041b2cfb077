"""
The low-level control of lockstep evaluation: from tip poses or joints to the physics.

Every `TICK_S` the reference becomes joint positions (`ArmKinematics.solve` for poses), which a
motion within the profile's velocity and acceleration limits approaches, a parabola a tick.
What moves the joints is what the arm has:

- effort: computed torque, τ = M(q) (q̈_ref + k_p (q_ref − q) + k_d (q̇_ref − q̇)) + h(q, q̇), h without
  gravity where the firmware carries the arm; 1 kHz.
- position: q_ref + q̇_ref · (the servo's lag), at the hardware's rate.

The live arm is moved by the control package; this stands in for it below, simple and exact.
"""
import mujoco
import numpy as np

from vla_core.action_space import ActionSpace, ActionSpaceMismatch
from vla_core.gripper import start_of_motion, to_opening
from vla_core.profile import ArmProfile
from vla_core.rotation import (
    normalise,
    quaternion_to_matrix,
    rotation_6d_to_matrix,
    rotation_vector_to_quaternion,
    rpy_to_quaternion,
)
from vla_simulation.actuation import servo_lead
from vla_simulation.kinematics import ArmKinematics
from vla_simulation.world import World

__all__ = ['TICK_S', 'ArmDriver']

TICK_S = 0.01
STIFFNESS, DAMPING = 900.0, 60.0
_MATRICES = {
    'rotation_6d': rotation_6d_to_matrix,
    'quaternion_xyzw': lambda q: quaternion_to_matrix(normalise(q)),
    'rotation_vector': lambda v: quaternion_to_matrix(rotation_vector_to_quaternion(v)),
    'rpy': lambda rpy: quaternion_to_matrix(rpy_to_quaternion(rpy)),
}


class ArmDriver:
    """Drives all arms of a world by actions of ``space``, kind joint_position or pose."""

    def __init__(self, world: World, space: ActionSpace) -> None:
        if space.kind not in ('joint_position', 'pose'):
            raise ActionSpaceMismatch(
                'kind', f'lockstep control follows pose or joint_position, not {space.kind}; '
                'convert the actions first')
        space.check_robot(world.profile)
        names = [arm.name for arm in world.profile.arms]
        if not space.is_joint_kind:
            for arm in world.profile.arms:
                if space.frame != arm.base_frame:
                    raise ActionSpaceMismatch(
                        'frame', f'lockstep control takes poses in {arm.base_frame!r}, '
                        f'not {space.frame!r}')
            names = list(space.names)
        self._world, self._space = world, space
        self._arms = [_Arm(world, world.profile.arm(name)) for name in names]

    def reset(self) -> None:
        """Begin from where the arms are, at rest."""
        for arm in self._arms:
            arm.reset()

    def solve(
        self, arm: str, position: np.ndarray, rotation: np.ndarray, start: np.ndarray,
    ) -> np.ndarray:
        """Joints [n] of an arm near ``start`` with the tip at a pose of its base frame."""
        return self._kinematics(arm).solve(position, rotation, start)

    def reach(self, arm: str, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tip pose of an arm in its base frame for its joints [n]."""
        return self._kinematics(arm).forward(joints)

    def _kinematics(self, arm: str) -> ArmKinematics:
        return next(one for one in self._arms if one.profile.name == arm).kinematics

    def tick(self, action: np.ndarray) -> None:
        """Follow ``action`` [D] for `TICK_S` and step the physics by as much."""
        for arm, part in zip(self._arms, self._space.slices):
            values = action[part.arm]
            if not self._space.is_joint_kind:
                values = arm.kinematics.solve(
                    action[part.translation],
                    _MATRICES[self._space.rotation](action[part.rotation]), arm.solution,
                    iterations=2)
            arm.aim(values)
            if part.gripper is not None:
                arm.opening_target = float(to_opening(
                    action[part.gripper], self._space.gripper, arm.profile.gripper))
        period = self._arms[0].period
        for step in range(round(TICK_S / period)):
            for arm in self._arms:
                arm.command(step * period)
            self._world.step(round(period / self._world.model.opt.timestep))


class _Arm:
    """Reference motion and command of one arm."""

    def __init__(self, world: World, profile: ArmProfile) -> None:
        model = world.model
        self.profile, self._model, self._data = profile, model, world.data
        self.kinematics = ArmKinematics(world.profile, profile)
        joints = [model.joint(name).id for name in profile.joints]
        self._qpos, self._dofs = model.jnt_qposadr[joints], model.jnt_dofadr[joints]
        self._actuators = np.array([model.actuator(name).id for name in profile.joints])
        self._by_effort = bool(np.all(model.actuator_biasprm[self._actuators, 1] == 0.0))
        timestep = model.opt.timestep
        self.period = timestep if self._by_effort else min(
            TICK_S, max(timestep, 1.0 / world.profile.rate_hz))
        if not self._by_effort:
            self._lag = servo_lead(model, profile.joints)
        self._inertia = np.zeros((model.nv, model.nv))
        self._block = np.ix_(self._dofs, self._dofs)
        self._position = np.zeros(len(joints))
        self._velocity = np.zeros(len(joints))
        self._acceleration = np.zeros(len(joints))
        gripper = profile.gripper
        self._gripper = model.actuator(gripper.joints[0]).id
        self._gripper_qpos = model.jnt_qposadr[model.joint(gripper.joints[0]).id]
        self._gripper_step = gripper.max_velocity * self.period / abs(gripper.open - gripper.closed)
        self.opening_target = self._opening = 1.0
        self.solution = self._position

    def reset(self) -> None:
        self._position[:] = self._data.qpos[self._qpos]
        self._velocity[:] = self._acceleration[:] = 0.0
        self.solution = self._position.copy()
        self.opening_target = self._opening = float(
            self.profile.gripper.from_joint(self._data.qpos[self._gripper_qpos]))

    def aim(self, target: np.ndarray) -> None:
        """Plan the next tick of the reference motion toward joints ``target`` [n]."""
        limits = self.profile.limits
        self._position += TICK_S * self._velocity + 0.5 * TICK_S ** 2 * self._acceleration
        self._velocity += TICK_S * self._acceleration
        self.solution = np.clip(target, limits.position_lower, limits.position_upper)
        error = self.solution - self._position - TICK_S * self._velocity
        # Fastest approach that can still be braked before the target.
        braking = np.sqrt(2.0 * 0.8 * limits.acceleration * np.abs(error))
        fastest = np.minimum(limits.velocity, braking)
        wanted = np.clip(error / TICK_S + self._velocity, -fastest, fastest)
        self._acceleration = np.clip(
            (wanted - self._velocity) / TICK_S, -limits.acceleration, limits.acceleration)
        if self._by_effort:
            mujoco.mj_fullM(self._model, self._data, self._inertia)

    def command(self, into: float) -> None:
        """Command the actuators ``into`` seconds of the tick."""
        position = self._position + into * (self._velocity + 0.5 * into * self._acceleration)
        velocity = self._velocity + into * self._acceleration
        data = self._data
        if self._by_effort:
            wanted = (self._acceleration + STIFFNESS * (position - data.qpos[self._qpos])
                      + DAMPING * (velocity - data.qvel[self._dofs]))
            carried = data.qfrc_bias[self._dofs] - data.qfrc_passive[self._dofs]
            data.ctrl[self._actuators] = self._inertia[self._block] @ wanted + carried
        else:
            data.ctrl[self._actuators] = position + velocity * self._lag
        opening = float(self.profile.gripper.from_joint(data.qpos[self._gripper_qpos]))
        self._opening = start_of_motion(self._opening, self.opening_target, opening)
        gap = self.opening_target - self._opening
        self._opening += min(max(gap, -self._gripper_step), self._gripper_step)
        data.ctrl[self._gripper] = self.profile.gripper.to_joint(self._opening)
