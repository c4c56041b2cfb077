"""The torque controllers: Cartesian impedance, its operational-space variant, joint impedance,
gravity compensation and force feedback. One law, different parameters and inputs."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vla_control import so3
from vla_control.controllers.controller import (
    ArmContext,
    Controller,
    ControllerError,
    joint_limits,
    joint_reference,
    pose_reference,
)
from vla_control.laws.cartesian_impedance import (
    cartesian_impedance_parameters,
    operational_space_parameters,
)
from vla_control.laws.force_feedback import force_feedback_parameters, reflected_torque
from vla_control.laws.gravity_compensation import gravity_compensation_parameters
from vla_control.laws.impedance import Impedance, ImpedanceParameters
from vla_control.laws.joint_impedance import joint_impedance_parameters
from vla_control.target import PostureReference
from vla_core.profile import ArmProfile
from vla_hardware import ControlMode

__all__ = ['CartesianImpedance', 'ForceFeedback', 'GravityCompensation', 'JointImpedance',
           'OperationalSpaceControl']

SPEED_SHARE = 0.6  # of a joint's fastest, which the tip's reference asks for at most
FADING = 0.3  # rad before a joint's end over which a posture lets go of it
SLOWEST = 1e-6  # share of it that is not worth a limit: the reference stands


class CartesianImpedance(Controller):
    """Follows `pose` with a compliant tip; spare joints are drawn to a posture: that of `joint`, or
    the one they began with.

    Where a straight line would take a joint faster than it may go, the reference slows down.
    """

    type = 'cartesian_impedance'
    modes = (ControlMode.EFFORT,)
    inputs: ClassVar[tuple[str, ...]] = ('pose', 'joint', 'wrench', 'stiffness')
    latched: ClassVar[tuple[str, ...]] = ('joint', 'stiffness')

    def __init__(self, name: str, arm: ArmContext, parameters: ImpedanceParameters) -> None:
        super().__init__(name, arm, parameters)
        self._law = Impedance(
            arm.model, parameters, arm.capabilities.gravity_compensated, arm.period)
        self._reference = pose_reference(arm.profile, parameters.reference)
        self._posture = PostureReference(
            joint_limits(arm.profile, parameters.reference), self._drawn)
        self._inverse_speed = 1.0 / arm.profile.limits.velocity

    @classmethod
    def parameters_model(cls, arm: ArmProfile) -> type[ImpedanceParameters]:
        return cartesian_impedance_parameters(arm.joints)

    def configure(self, parameters: ImpedanceParameters) -> None:
        self._law.configure(parameters)
        if parameters.reference != self.parameters.reference:
            old = self._reference
            self._reference = pose_reference(self.arm.profile, parameters.reference)
            self._reference.reset(old.position, old.quaternion)
            self._posture.configure(joint_limits(self.arm.profile, parameters.reference))
        self.parameters = parameters

    def start(self, command: np.ndarray) -> None:
        self._law.reset(command)
        state, model = self.arm.state, self.arm.model
        model.update_kinematics(state.position)
        self._reference.reset(model.translation.tolist(), so3.from_matrix(model.rotation))
        self._posture.reset(state.position)

    def take(self, kind: str, time: float, values: list[float]) -> None:
        if kind == 'pose':
            self._reference.observe(time, values[:3], values[3:])
        elif kind == 'joint':
            self._posture.aim(values)
        elif kind == 'wrench':
            self._law.target_wrench[:] = values
        else:
            self._law.set_stiffness(values)

    def update(self, time: float, dt: float, hold: bool) -> np.ndarray:
        state, posture = self.arm.state, self._posture
        asked = self._law.joint_velocity(self._reference) * self._inverse_speed
        fastest = max(SLOWEST, *map(abs, asked.tolist()))
        self._reference.limit_speed(SPEED_SHARE / fastest)
        if hold:
            self._reference.brake(dt)
            posture.brake(dt)
            self._law.target_wrench[:] = 0.0
        else:
            self._reference.step(time, dt)
            posture.step(dt)
        return self._law.compute(
            state.position, state.velocity, self._reference, posture.position,
            posture.velocity if posture.moving else None)

    def _drawn(self, goal: np.ndarray) -> np.ndarray:
        """Posture [n] that draws the spare joints toward a goal, but no joint to its end.

        At an end the push back would reach the tip. The spring is never longer than its largest
        torque makes it, so that its damping still counts.
        """
        position, limits = self.arm.state.position, self.arm.profile.limits
        margin = self.parameters.joint_limits.safe_range
        longest = self._law.longest_pull
        way = np.clip(goal - position, -longest, longest)
        up, down = limits.position_upper - position, position - limits.position_lower
        if min(up.min(), down.min()) < margin + FADING:
            moved = self._law.null_space_acceleration(way)
            room = np.where(moved > 0.0, up, down)[np.abs(moved) > 0.02 * np.abs(moved).max()]
            if len(room):
                way *= min(max((room.min() - margin) / FADING, 0.0), 1.0)
        return position + way

    def reference_pose(self) -> tuple[so3.Vector3, so3.Quaternion]:
        return self._reference.position, self._reference.quaternion


class OperationalSpaceControl(CartesianImpedance):
    """Cartesian impedance whose gains are accelerations."""

    type = 'operational_space'

    @classmethod
    def parameters_model(cls, arm: ArmProfile) -> type[ImpedanceParameters]:
        return operational_space_parameters(arm.joints)


class JointImpedance(Controller):
    """Follows `joint` with compliant joints."""

    type = 'joint_impedance'
    modes = (ControlMode.EFFORT,)
    inputs: ClassVar[tuple[str, ...]] = ('joint', 'wrench')

    def __init__(self, name: str, arm: ArmContext, parameters: ImpedanceParameters) -> None:
        super().__init__(name, arm, parameters)
        self._law = Impedance(
            arm.model, parameters, arm.capabilities.gravity_compensated, arm.period)
        self._reference = joint_reference(
            arm.profile, parameters.reference, arm.workspace.leaves)
        self._pose = pose_reference(arm.profile, parameters.reference)

    @classmethod
    def parameters_model(cls, arm: ArmProfile) -> type[ImpedanceParameters]:
        return joint_impedance_parameters(arm.joints)

    def configure(self, parameters: ImpedanceParameters) -> None:
        self._law.configure(parameters)
        if parameters.reference != self.parameters.reference:
            old = self._reference
            self._reference = joint_reference(
                self.arm.profile, parameters.reference, self.arm.workspace.leaves)
            self._reference.start(old.position, old.velocity, old.acceleration)
        self.parameters = parameters

    def start(self, command: np.ndarray) -> None:
        self._law.reset(command)
        state, model = self.arm.state, self.arm.model
        self._reference.reset(state.position)
        model.update_kinematics(state.position)
        self._pose.reset(model.translation.tolist(), so3.from_matrix(model.rotation))

    def take(self, kind: str, time: float, values: list[float]) -> None:
        if kind == 'joint':
            self._reference.observe(time, values)
        else:
            self._law.target_wrench[:] = values

    def update(self, time: float, dt: float, hold: bool) -> np.ndarray:
        reference, state = self._reference, self.arm.state
        if hold:
            reference.brake(dt)
            self._law.target_wrench[:] = 0.0
        else:
            reference.step(time, dt)
        return self._law.compute(
            state.position, state.velocity, self._pose,
            reference.position, reference.velocity, reference.acceleration)

    def reference_joints(self) -> np.ndarray:
        return self._reference.position


class GravityCompensation(JointImpedance):
    """The arm floats."""

    type = 'gravity_compensation'
    inputs: ClassVar[tuple[str, ...]] = ('wrench',)
    streamed = False

    @classmethod
    def parameters_model(cls, arm: ArmProfile) -> type[ImpedanceParameters]:
        return gravity_compensation_parameters(arm.joints)


class ForceFeedback(GravityCompensation):
    """A leader arm that feels its follower; `joint_effort` gives the torque without one."""

    type = 'force_feedback'
    inputs: ClassVar[tuple[str, ...]] = ('joint_effort',)

    def __init__(self, name: str, arm: ArmContext, parameters: ImpedanceParameters) -> None:
        self._given = np.zeros(arm.model.joints)
        self._given_at = float('-inf')
        super().__init__(name, arm, parameters)
        self._check_follower(parameters)

    @classmethod
    def parameters_model(cls, arm: ArmProfile) -> type[ImpedanceParameters]:
        return force_feedback_parameters(arm.joints)

    def _check_follower(self, parameters: ImpedanceParameters) -> None:
        follower = parameters.feedback.follower
        if not follower:
            return
        if follower not in self.arm.others:
            raise ControllerError(f'controller {self.name!r}: feedback.follower {follower!r} is no '
                                  f'arm; there are {", ".join(self.arm.others)}')
        if self.arm.others[follower].model.joints != self.arm.model.joints:
            raise ControllerError(f'controller {self.name!r}: feedback.follower {follower!r} has '
                                  'another number of joints')

    def configure(self, parameters: ImpedanceParameters) -> None:
        self._check_follower(parameters)
        super().configure(parameters)

    def take(self, kind: str, time: float, values: list[float]) -> None:
        self._given[:] = values
        self._given_at = time

    def update(self, time: float, dt: float, hold: bool) -> np.ndarray:
        gains = self.parameters.feedback
        if gains.follower:
            external = self.arm.others[gains.follower].external_torque()
        elif time - self._given_at < 0.1:  # an old torque is felt no more
            external = self._given
        else:
            external = np.zeros_like(self._given)
        return super().update(time, dt, hold) + reflected_torque(external, gains)
