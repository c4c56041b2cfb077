"""Cartesian admittance: compliance for arms that take positions or velocities.

A virtual mass moves beside the reference under the wrench that the tip feels,

    M ẍ_c + D ẋ_c + K x_c = F_ext,

and the joints follow reference ⊕ x_c by inverse kinematics in closed loop (Hogan 1985; Keemink et
al. 2018, "Admittance control for physical human-robot interaction"). A push of F moves the tip by
K⁻¹ F, as with impedance. Integration is semi-implicit, in steps of at most 2 ms.

CRISP has an impedance in series behind the mass, since its arms take torques; here the arm's own
servos are that inner loop. So `admittance.*` of its files is the body that gives way, `task.*`
gives what `admittance.*` leaves open, and what belongs to the torques alone is in `TORQUE_LOOP`:
its files load, and the controller says once what of them has no effect.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from vla_control import so3
from vla_control.arm_model import ArmModel
from vla_control.laws.gains import ReferenceGains, TaskGains
from vla_control.laws.inverse_kinematics import DampedLeastSquares, DampingGains
from vla_control.target import PoseReference
from vla_core.parameters import parameter
from vla_core.validation import Real, StrictModel

__all__ = ['TORQUE_LOOP', 'Admittance', 'CartesianAdmittanceParameters', 'VirtualBody']

LONGEST_STEP = 0.002  # s
AXES = ('x', 'y', 'z', 'rx', 'ry', 'rz')
TORQUE_LOOP = ('limit_torques', 'max_delta_tau', 'use_coriolis_compensation', 'use_friction',
               'use_gravity_compensation', 'use_operational_space', 'nullspace.stiffness',
               'ft_sensor.topic')
_IDLE = "no effect, the arm's own servos see to it"


class VirtualBody(StrictModel):
    """The body that gives way. What is negative is taken from `task`."""

    mass_x: Real = parameter(5.0, gt=0, unit='kg', description='mass along x')
    mass_y: Real = parameter(5.0, gt=0, unit='kg', description='mass along y')
    mass_z: Real = parameter(5.0, gt=0, unit='kg', description='mass along z')
    mass_rx: Real = parameter(0.2, gt=0, unit='kg·m²', description='inertia about x')
    mass_ry: Real = parameter(0.2, gt=0, unit='kg·m²', description='inertia about y')
    mass_rz: Real = parameter(0.2, gt=0, unit='kg·m²', description='inertia about z')
    stiffness_x: Real = parameter(-1.0, unit='N/m', description='along x; negative: task.k_pos_x')
    stiffness_y: Real = parameter(-1.0, unit='N/m', description='along y; negative: task.k_pos_y')
    stiffness_z: Real = parameter(-1.0, unit='N/m', description='along z; negative: task.k_pos_z')
    stiffness_rx: Real = parameter(
        -1.0, unit='N·m/rad', description='about x; negative: task.k_rot_x')
    stiffness_ry: Real = parameter(
        -1.0, unit='N·m/rad', description='about y; negative: task.k_rot_y')
    stiffness_rz: Real = parameter(
        -1.0, unit='N·m/rad', description='about z; negative: task.k_rot_z')
    damping_x: Real = parameter(-1.0, unit='N·s/m', description='along x; negative: task.d_pos_x')
    damping_y: Real = parameter(-1.0, unit='N·s/m', description='along y; negative: task.d_pos_y')
    damping_z: Real = parameter(-1.0, unit='N·s/m', description='along z; negative: task.d_pos_z')
    damping_rx: Real = parameter(
        -1.0, unit='N·m·s/rad', description='about x; negative: task.d_rot_x')
    damping_ry: Real = parameter(
        -1.0, unit='N·m·s/rad', description='about y; negative: task.d_rot_y')
    damping_rz: Real = parameter(
        -1.0, unit='N·m·s/rad', description='about z; negative: task.d_rot_z')

    def row(self, name: str) -> list[float]:
        """One of mass, stiffness, damping: [x, y, z, rx, ry, rz]."""
        return [getattr(self, f'{name}_{axis}') for axis in AXES]


class TorqueNullSpace(StrictModel):
    """Of CRISP's torque loop."""

    stiffness: Real = parameter(10.0, ge=0, unit='N·m/rad', description=_IDLE)


class ForceSensor(StrictModel):
    """Of CRISP's torque loop."""

    topic: str = parameter('', description='no effect, the wrench comes from the hardware')


class CartesianAdmittanceParameters(StrictModel):
    """Parameters of the controller, under the names of the impedance and of CRISP's admittance."""

    task: TaskGains = TaskGains(
        d_pos_x=100.0, d_pos_y=100.0, d_pos_z=100.0, d_rot_x=5.0, d_rot_y=5.0, d_rot_z=5.0)
    admittance: VirtualBody = VirtualBody()
    reference: ReferenceGains = ReferenceGains()
    inverse_kinematics: DampingGains = DampingGains()
    limit_error: bool = parameter(True, description='clip the displacement by task.error_clip')
    wrench_filter: Real = parameter(
        0.02, ge=0, unit='s', description='time constant of the filter on the wrench')
    wrench_deadband_force: Real = parameter(
        0.5, ge=0, unit='N', description='force below which nothing is felt')
    wrench_deadband_torque: Real = parameter(
        0.05, ge=0, unit='N·m', description='torque below which nothing is felt')
    gain: Real = parameter(
        20.0, gt=0, unit='1/s', description='rate at which the inverse kinematics closes its error')
    use_local_jacobian: bool = parameter(False, description="gains along the tip's own axes")
    stop_commands: bool = parameter(False, description='come to rest and follow no target')
    limit_torques: bool = parameter(True, description=_IDLE)
    max_delta_tau: Real = parameter(0.5, gt=0, unit='N·m/ms', description=_IDLE)
    use_coriolis_compensation: bool = parameter(True, description=_IDLE)
    use_gravity_compensation: bool = parameter(True, description=_IDLE)
    use_friction: bool = parameter(True, description=_IDLE)
    use_operational_space: bool = parameter(False, description=_IDLE)
    nullspace: TorqueNullSpace = TorqueNullSpace()
    ft_sensor: ForceSensor = ForceSensor()

    @property
    def stiffness(self) -> list[float]:
        """[x, y, z, rx, ry, rz]"""
        return _given_or(self.admittance.row('stiffness'), self.task.stiffness)

    @property
    def damping(self) -> list[float]:
        """[x, y, z, rx, ry, rz]"""
        return _given_or(self.admittance.row('damping'), self.task.damping)


def _given_or(given: list[float], other: list[float]) -> list[float]:
    return [g if g >= 0.0 else o for g, o in zip(given, other)]


class Admittance:
    """The law for one arm: joint reference `position`, `velocity`, `acceleration` [n]."""

    def __init__(self, model: ArmModel, parameters: CartesianAdmittanceParameters) -> None:
        self._model = model  # of the reference, not of the measured arm
        n = model.joints
        self.position = np.zeros(n)
        self.velocity = np.zeros(n)
        self.acceleration = np.zeros(n)
        self._change = np.zeros(n)
        self._posture = np.zeros(n)
        self._offset = np.zeros(6)
        self._rate = np.zeros(6)
        self._wrench = np.zeros(6)
        self.target_wrench = np.zeros(6)
        self.configure(parameters)

    def configure(self, parameters: CartesianAdmittanceParameters) -> None:
        """Take new parameters."""
        limits = self._model.profile.limits
        scale = parameters.reference.limit_scale
        self.parameters = parameters
        self._stiffness = parameters.stiffness
        self._damping = parameters.damping
        self._clip = parameters.task.clip
        self._mass = parameters.admittance.row('mass')
        self._deadband = ([parameters.wrench_deadband_force] * 3
                          + [parameters.wrench_deadband_torque] * 3)
        self._solver = DampedLeastSquares(
            parameters.inverse_kinematics, limits.position_lower, limits.position_upper,
            limits.velocity * min(1.0, 2.0 * scale))

    def set_stiffness(self, stiffness: np.ndarray) -> None:
        """Replace the stiffness [6]."""
        given = [float(k) for k in stiffness]
        task = self.parameters.task.model_copy(
            update=dict(zip(list(TaskGains.model_fields)[:6], given)))
        body = self.parameters.admittance.model_copy(
            update={f'stiffness_{axis}': k for axis, k in zip(AXES, given)})
        self.configure(self.parameters.model_copy(update={'task': task, 'admittance': body}))

    def reset(self, position: np.ndarray) -> None:
        """Stand still at this joint position [n], which becomes the posture of spare joints."""
        self.position[:] = position
        self._posture[:] = position
        for array in (self.velocity, self.acceleration, self._offset, self._rate, self._wrench,
                      self._change, self.target_wrench):
            array[:] = 0.0

    def compute(self, dt: float, reference: PoseReference, wrench: np.ndarray) -> None:
        """Move the joint reference on by dt under a wrench [6] on the tip, base axes."""
        parameters, model = self.parameters, self._model
        self._yield_to(dt, wrench, reference.quaternion)
        model.update_kinematics(self.position)
        turn = self._offset[3:].tolist()
        target = so3.multiply(so3.exponential(tuple(turn)), reference.quaternion)
        twist = np.empty(6)
        twist[:3] = self._offset[:3] + reference.position - model.translation
        twist[3:] = so3.rotation_between(so3.from_matrix(model.rotation), target)
        # the error is that at the end of this period: feed-forward is not pursued twice
        gain = min(parameters.gain, 0.5 / dt)
        feed = self._rate.copy()
        feed[:3] += reference.linear_velocity
        feed[3:] += reference.angular_velocity
        twist -= dt * feed
        twist *= gain
        twist += feed
        rate = self._solver.solve(model.jacobian, twist, self.position, self._posture)
        # the mean of two periods: what alternates from tick to tick is not motion
        change = (rate - self.velocity) / dt
        np.add(change, self._change, out=self.acceleration)
        self.acceleration *= 0.5
        self._change = change
        self.velocity[:] = rate
        self.position += dt * rate

    def _yield_to(self, dt: float, wrench: np.ndarray, turn: so3.Quaternion) -> None:
        parameters = self.parameters
        share = dt / (parameters.wrench_filter + dt)
        self._wrench += share * (wrench - self._wrench)
        felt, axes = self._wrench + self.target_wrench, None
        if parameters.use_local_jacobian:
            axes = np.empty((3, 3))
            so3.matrix_into(turn, axes)
            for vector in (felt, self._offset, self._rate):
                vector[:] = (vector.reshape(2, 3) @ axes).reshape(6)
        parts = ceil(dt / LONGEST_STEP)
        h = dt / parts
        offsets, rates = [], []
        for force, band, m, d, k, x, v, most in zip(
                felt.tolist(), self._deadband, self._mass,
                self._damping, self._stiffness, self._offset.tolist(), self._rate.tolist(),
                self._clip):
            push = force - band if force > band else force + band if force < -band else 0.0
            inverse = h / (m + h * d + h * h * k)
            for _ in range(parts):  # implicit Euler: stable for every stiffness
                v += inverse * (push - d * v - k * (x + h * v))
                x += h * v
            if parameters.limit_error and abs(x) > most:
                x, v = (most if x > 0.0 else -most), 0.0
            offsets.append(x)
            rates.append(v)
        self._offset[:] = offsets
        self._rate[:] = rates
        if axes is not None:
            for vector in (self._offset, self._rate):
                vector[:] = (vector.reshape(2, 3) @ axes.T).reshape(6)
