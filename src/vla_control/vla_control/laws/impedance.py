"""The torque law behind Cartesian impedance, joint impedance and gravity compensation.

With the tip's error e = [p* − p; log(R* Rᵀ)], clipped for each axis, and F the tip's wrench,

    F = K e + D (ẋ* − J q̇)                                      impedance
    F = Λ (K e + D (ẋ* − J q̇))                                  operational space
    τ = Jᵀ (F + Λ (ẍ* − J̇ q̇) + w*)                              with feed-forward of the reference
      + N [clip(W (K_n (q* − q) + D_n (q̇* − q̇)), ± τ_n) + M q̈*]   posture
      + C q̇ + g + friction + repulsion from joint limits

all along base axes, or along the tip's own axes with a local Jacobian. With the feed-forward the
closed loop is Λ ë + D ė + K e = −F_ext: the reference is followed for what it is, and a push moves
the tip by K⁻¹ F_ext (Hogan 1985; Albu-Schäffer et al. 2003, "Cartesian impedance control of
redundant robots"). What the posture torque may do to the tip, `null_space` says.

The result is limited in rate, per second, and filtered; both remember the last command of the arm,
whoever gave it, so that switching is bumpless.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import create_model

from vla_control import so3
from vla_control.arm_model import ArmModel
from vla_control.laws.friction import Friction
from vla_control.laws.gains import (
    FilterGains,
    FrictionGains,
    JointLimitGains,
    ReferenceGains,
    TaskGains,
    null_space_gains,
)
from vla_control.laws.joint_limits import JointLimitRepulsion
from vla_control.laws.null_space import PROJECTORS
from vla_control.laws.operational_space import OperationalSpace
from vla_control.target import PoseReference
from vla_core.parameters import parameter
from vla_core.validation import Real, StrictModel

__all__ = ['Impedance', 'ImpedanceParameters', 'impedance_parameters']


class ImpedanceParameters(StrictModel):
    """Parameters of every torque controller; each kind has its own defaults."""

    task: TaskGains = TaskGains()
    joint_limits: JointLimitGains = JointLimitGains()
    friction: FrictionGains = FrictionGains()
    filter: FilterGains = FilterGains()
    reference: ReferenceGains = ReferenceGains()
    use_operational_space: bool = parameter(False, description="weigh gains with the tip's inertia")
    use_local_jacobian: bool = parameter(False, description="gains along the tip's own axes")
    use_feed_forward: bool = parameter(True, description="add the reference's acceleration")
    use_coriolis_compensation: bool = parameter(True, description='add C(q, q̇) q̇')
    use_gravity_compensation: bool = parameter(
        True, description='add gravity, where the hardware does not carry the arm itself')
    use_friction: bool = parameter(True, description='add the friction model')
    limit_error: bool = parameter(True, description='clip the error by task.error_clip')
    limit_torques: bool = parameter(True, description="limit the torque's rate by max_delta_tau")
    max_delta_tau: Real = parameter(
        0.5, gt=0, unit='N·m/ms', description="largest change of a joint's torque per millisecond")
    stop_commands: bool = parameter(
        False, description='command no torque beyond what carries the arm')


def impedance_parameters(
    name: str, joints: Sequence[str], null_space: dict[str, object], **defaults: object
) -> type[ImpedanceParameters]:
    """ImpedanceParameters of an arm with these joints, with other defaults under the same names."""
    posture = null_space_gains(joints, **null_space)
    model = create_model(name, __base__=ImpedanceParameters, nullspace=(posture, posture()))
    overridden = {
        key: (field.annotation, _with_default(field, defaults[key]))
        for key, field in ImpedanceParameters.model_fields.items() if key in defaults}
    return create_model(name, __base__=model, **overridden)


def _with_default(field: object, value: object) -> object:
    from copy import copy

    changed = copy(field)
    changed.default = value
    return changed


class Impedance:
    """The law for one arm; `parameters` may be replaced at any time by `configure`."""

    def __init__(
        self, model: ArmModel, parameters: ImpedanceParameters, carried: bool, period: float
    ) -> None:
        self._model = model
        self._carried = carried
        self._period = period
        n = model.joints
        self._space = OperationalSpace(n)
        self._torque = np.zeros(n)
        self._last = np.zeros(n)
        self._filtered = [np.zeros(n), np.zeros(n), np.zeros(n)]
        self._fresh = True
        self._error = np.zeros(6)
        self._rate_error = np.zeros(6)
        self._acceleration = np.zeros(6)
        self._wrench = np.zeros(6)
        self._place = np.zeros(3)
        self._turn = (0.0, 0.0, 0.0, 1.0)
        self.target_wrench = np.zeros(6)
        self.configure(parameters)

    def configure(self, parameters: ImpedanceParameters) -> None:
        """Take new parameters; ValueError when a list has the wrong length."""
        model = self._model
        limits = model.profile.limits
        friction = Friction(parameters.friction, model.friction, model.damping)
        self.parameters = parameters
        self._friction = friction
        self._repulsion = JointLimitRepulsion(
            parameters.joint_limits, limits.position_lower, limits.position_upper)
        self._stiffness = np.array(parameters.task.stiffness)
        self._damping = np.array(parameters.task.damping)
        self._clip = np.array(parameters.task.clip)
        self._has_task = bool(self._stiffness.any() or self._damping.any())
        posture = parameters.nullspace
        weights = np.array([getattr(posture.weights, j).value for j in model.profile.joints])
        self._posture_stiffness = weights * posture.stiffness
        self._posture_damping = weights * posture.effective_damping
        # rad [n] from which the posture's spring gives its largest torque
        self.longest_pull = posture.max_tau / np.maximum(self._posture_stiffness, 1e-6)
        self._project = PROJECTORS[posture.projector_type]
        milliseconds = self._period * 1000.0
        self._step = parameters.max_delta_tau * milliseconds
        gains = parameters.filter
        self._weights = {name: 1.0 - (1.0 - getattr(gains, name)) ** milliseconds
                         for name in FilterGains.model_fields}

    def set_stiffness(self, stiffness: np.ndarray) -> None:
        """Replace the task's stiffness [6]; damping follows where it is not given."""
        keys = list(TaskGains.model_fields)[:6]
        task = self.parameters.task.model_copy(
            update={key: float(k) for key, k in zip(keys, stiffness)})
        self.configure(self.parameters.model_copy(update={'task': task}))

    def reset(self, torque: np.ndarray) -> None:
        """Begin anew from the arm's last commanded torque [n]; filters start at what they see."""
        self._last[:] = torque
        self.target_wrench[:] = 0.0
        self._fresh = True

    def _smooth(
        self, index: int, name: str, value: np.ndarray
    ) -> np.ndarray:
        weight = self._weights[name]
        if weight >= 1.0:
            return value
        kept = self._filtered[index]
        if self._fresh:
            kept[:] = value
        else:
            kept += weight * (value - kept)
        return kept

    def _smooth_pose(self, reference: PoseReference) -> so3.Quaternion:
        weight = self._weights['target_pose']
        if weight >= 1.0 or self._fresh:
            self._place[:] = reference.position
            self._turn = reference.quaternion
        else:
            self._place += weight * (np.asarray(reference.position) - self._place)
            x, y, z = so3.rotation_between(self._turn, reference.quaternion)
            by = so3.exponential((weight * x, weight * y, weight * z))
            self._turn = so3.normalised(so3.multiply(by, self._turn))
        return self._turn

    def compute(
        self,
        position: np.ndarray,
        velocity: np.ndarray,
        reference: PoseReference,
        posture: np.ndarray,
        posture_velocity: np.ndarray | None = None,
        posture_acceleration: np.ndarray | None = None,
    ) -> np.ndarray:
        """Torque [n] in N·m; the array is reused at the next call.

        `position`, `velocity` [n] are measured (rad, rad/s); the posture is q*, q̇*, q̈* [n].
        """
        parameters, model = self.parameters, self._model
        position = self._smooth(0, 'q', position)
        velocity = self._smooth(1, 'dq', velocity)
        posture = self._smooth(2, 'q_ref', posture)
        model.update(position, velocity)
        rate = -velocity if posture_velocity is None else posture_velocity - velocity
        pull = self._posture_stiffness * (posture - position) + self._posture_damping * rate
        limit = parameters.nullspace.max_tau
        np.minimum(pull, limit, out=pull)
        np.maximum(pull, -limit, out=pull)
        if posture_acceleration is not None and parameters.use_feed_forward:
            pull += model.inertia @ posture_acceleration
        torque = self._torque
        if parameters.stop_commands:
            torque[:] = 0.0
        elif self._has_task:
            self._task(reference, pull, torque)
        else:
            if self.target_wrench.any():
                pull = pull + model.jacobian.T @ self.target_wrench
            torque[:] = pull
        if not parameters.stop_commands:
            if parameters.use_coriolis_compensation:
                torque += model.bias
            if parameters.use_friction:
                torque += self._friction.torque(velocity)
            self._repulsion.add(position, torque)
        if parameters.use_gravity_compensation and not self._carried:
            torque += model.gravity
        return self._output(torque)

    def _task(self, reference: PoseReference, pull: np.ndarray, torque: np.ndarray) -> None:
        parameters, model, space = self.parameters, self._model, self._space
        jacobian = model.jacobian
        space.update(jacobian, model.inverse_inertia)
        turn = self._smooth_pose(reference)
        error, rate = self._error, self._rate_error
        np.subtract(self._place, model.translation, out=error[:3])
        error[3:] = so3.rotation_between(so3.from_matrix(model.rotation), turn)
        rate[:3] = reference.linear_velocity
        rate[3:] = reference.angular_velocity
        rate -= model.twist
        if parameters.use_local_jacobian:
            axes = model.rotation
            error[:] = (error.reshape(2, 3) @ axes).reshape(6)
            rate[:] = (rate.reshape(2, 3) @ axes).reshape(6)
        if parameters.limit_error:
            np.minimum(error, self._clip, out=error)
            np.maximum(error, -self._clip, out=error)
        wrench = self._wrench
        np.multiply(self._stiffness, error, out=wrench)
        wrench += self._damping * rate
        if parameters.use_local_jacobian:
            wrench[:] = (wrench.reshape(2, 3) @ axes.T).reshape(6)
        acceleration = self._acceleration
        if parameters.use_feed_forward:
            acceleration[:3] = reference.linear_acceleration
            acceleration[3:] = reference.angular_acceleration
            acceleration -= model.drift
        else:
            acceleration[:] = 0.0
        if parameters.use_operational_space:
            acceleration += wrench
            wrench[:] = self.target_wrench
        else:
            wrench += self.target_wrench
        wrench += space.force(acceleration)
        np.matmul(jacobian.T, wrench, out=torque)
        torque += self._project(pull, jacobian, space, parameters.nullspace.regularization)

    def joint_velocity(self, reference: PoseReference) -> np.ndarray:
        """Joint velocity [n] that the reference's motion asks for, at the last measured state."""
        twist = self._rate_error
        twist[:3], twist[3:] = reference.linear_velocity, reference.angular_velocity
        return self._space.joint_velocity(twist)

    def null_space_acceleration(self, way: np.ndarray) -> np.ndarray:
        """Joint acceleration [n] by a posture `way` [n] ahead, at the last measured state."""
        model = self._model
        pull = self._project(self._posture_stiffness * way, model.jacobian, self._space,
                             self.parameters.nullspace.regularization)
        return model.inverse_inertia @ pull

    def _output(self, torque: np.ndarray) -> np.ndarray:
        weight = self._weights['output_torque']
        last = self._last
        if self.parameters.limit_torques:
            np.minimum(torque, last + self._step, out=torque)
            np.maximum(torque, last - self._step, out=torque)
        if weight < 1.0:
            torque *= weight
            torque += (1.0 - weight) * last
        last[:] = torque
        self._fresh = False
        return torque
