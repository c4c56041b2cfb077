"""The controllers that move a joint reference and hand it to the drive of the arm's mode: joint
position, joint velocity, Cartesian velocity, Cartesian admittance."""

from __future__ import annotations

from math import sqrt
from operator import attrgetter
from typing import ClassVar

import numpy as np

from vla_control import so3
from vla_control.controllers.controller import (
    ArmContext,
    Controller,
    joint_reference,
    pose_reference,
)
from vla_control.follower import MotionLimits
from vla_control.laws.cartesian_admittance import (
    TORQUE_LOOP,
    Admittance,
    CartesianAdmittanceParameters,
)
from vla_control.laws.cartesian_velocity import CartesianVelocityParameters, VelocityFollower
from vla_control.laws.inverse_kinematics import DampedLeastSquares
from vla_control.laws.joint_drive import DriveGains, JointDrive
from vla_control.laws.joint_position import JointPositionParameters
from vla_control.laws.joint_velocity import JointVelocityParameters, braking_bounded, braking_way
from vla_core.profile import ArmProfile
from vla_core.validation import StrictModel
from vla_hardware import ControlMode

__all__ = ['CartesianAdmittance', 'CartesianVelocity', 'JointPosition', 'JointVelocity',
           'starting_position']

APPROACH = 10.0  # 1/s, speed of the tip by its distance from a side of the workspace


def starting_position(arm: ArmContext, mode: ControlMode, command: np.ndarray) -> np.ndarray:
    """Where a joint reference begins: at the last command of a position arm, else as measured."""
    return command if mode is ControlMode.POSITION else arm.state.position


class JointPosition(Controller):
    """Follows `joint`."""

    type = 'joint_position'
    modes = (ControlMode.POSITION, ControlMode.EFFORT, ControlMode.VELOCITY)
    inputs: ClassVar[tuple[str, ...]] = ('joint',)

    def __init__(self, name: str, arm: ArmContext, parameters: JointPositionParameters) -> None:
        super().__init__(name, arm, parameters)
        self._reference = joint_reference(
            arm.profile, parameters.reference, arm.workspace.leaves)
        self._drive = JointDrive(arm.model, arm.capabilities, self.mode, parameters.drive)

    @classmethod
    def parameters_model(cls, arm: ArmProfile) -> type[StrictModel]:
        return JointPositionParameters

    def configure(self, parameters: JointPositionParameters) -> None:
        old, self.parameters = self._reference, parameters
        self._reference = joint_reference(
            self.arm.profile, parameters.reference, self.arm.workspace.leaves)
        self._reference.start(old.position, old.velocity, old.acceleration)
        self._drive.configure(parameters.drive)

    def start(self, command: np.ndarray) -> None:
        self._reference.reset(starting_position(self.arm, self.mode, command))

    def take(self, kind: str, time: float, values: list[float]) -> None:
        self._reference.observe(time, values)

    def update(self, time: float, dt: float, hold: bool) -> np.ndarray:
        reference, state = self._reference, self.arm.state
        if hold:
            reference.brake(dt)
        else:
            reference.step(time, dt)
        return self._drive.command(state.position, state.velocity, reference.position,
                                   reference.velocity, reference.acceleration)

    def reference_joints(self) -> np.ndarray:
        return self._reference.position


class _Velocity(Controller):
    """Integrates a velocity within limits; what `_wanted` gives is followed smoothly."""

    modes = (ControlMode.VELOCITY, ControlMode.POSITION, ControlMode.EFFORT)

    def __init__(self, name: str, arm: ArmContext, parameters: StrictModel) -> None:
        super().__init__(name, arm, parameters)
        self._position = np.zeros(arm.model.joints)
        self._velocity = np.zeros(arm.model.joints)
        self._acceleration = np.zeros(arm.model.joints)
        self._drive = JointDrive(arm.model, arm.capabilities, self.mode, self._drive_gains())

    def _drive_gains(self) -> DriveGains:
        return getattr(self.parameters, 'drive', DriveGains())

    def start(self, command: np.ndarray) -> None:
        self._position[:] = starting_position(self.arm, self.mode, command)
        self._velocity[:] = 0.0
        self._acceleration[:] = 0.0

    def _move(self, dt: float, velocity: np.ndarray) -> np.ndarray:
        limits, state = self.arm.profile.limits, self.arm.state
        np.subtract(velocity, self._velocity, out=self._acceleration)
        self._acceleration /= dt
        self._velocity[:] = velocity
        self._position += dt * velocity
        if self.mode is not ControlMode.POSITION:  # the reference waits for an arm that is held
            lead = 0.1
            np.clip(self._position, state.position - lead, state.position + lead,
                    out=self._position)
        np.clip(self._position, limits.position_lower, limits.position_upper, out=self._position)
        return self._drive.command(state.position, state.velocity, self._position,
                                   self._velocity, self._acceleration)


class JointVelocity(_Velocity):
    """Moves the joints with `joint_velocity` (rad/s)."""

    type = 'joint_velocity'
    inputs: ClassVar[tuple[str, ...]] = ('joint_velocity',)

    def __init__(self, name: str, arm: ArmContext, parameters: JointVelocityParameters) -> None:
        super().__init__(name, arm, parameters)
        self._wanted = np.zeros(arm.model.joints)
        self.configure(parameters)

    @classmethod
    def parameters_model(cls, arm: ArmProfile) -> type[StrictModel]:
        return JointVelocityParameters

    def configure(self, parameters: JointVelocityParameters) -> None:
        self.parameters = parameters
        limits = self.arm.profile.limits
        self._follower = VelocityFollower([
            MotionLimits(v, a, j).scaled(parameters.limit_scale)
            for v, a, j in zip(limits.velocity, limits.acceleration, limits.jerk)])
        self._follower.reset(self._velocity)
        self._drive.configure(parameters.drive)

    def start(self, command: np.ndarray) -> None:
        super().start(command)
        self._wanted[:] = 0.0
        self._follower.reset(self._velocity)

    def take(self, kind: str, time: float, values: list[float]) -> None:
        self._wanted[:] = values

    def update(self, time: float, dt: float, hold: bool) -> np.ndarray:
        if hold:
            self._wanted[:] = 0.0
        limits, scale = self.arm.profile.limits, self.parameters.limit_scale
        bounded = braking_bounded(self._wanted, self._position, limits, scale)
        stop = self._position + braking_way(bounded, limits, scale)
        share = self.arm.workspace.share(self._position, stop)
        if share < 1.0:  # the way to rest goes with the square of the speed
            bounded *= sqrt(share)
        self._follower.step(dt, bounded)
        return self._move(dt, self._follower.velocity)


class CartesianVelocity(_Velocity):
    """Moves the tip with `twist` (m/s, rad/s, base axes)."""

    type = 'cartesian_velocity'
    inputs: ClassVar[tuple[str, ...]] = ('twist',)

    def __init__(self, name: str, arm: ArmContext, parameters: CartesianVelocityParameters) -> None:
        super().__init__(name, arm, parameters)
        self._wanted = np.zeros(6)
        self._posture = np.zeros(arm.model.joints)
        self.configure(parameters)

    @classmethod
    def parameters_model(cls, arm: ArmProfile) -> type[StrictModel]:
        return CartesianVelocityParameters

    def configure(self, parameters: CartesianVelocityParameters) -> None:
        self.parameters = parameters
        c, limits = self.arm.profile.cartesian, self.arm.profile.limits
        scale = parameters.limit_scale
        linear = MotionLimits(c.linear_velocity, c.linear_acceleration, c.linear_jerk)
        angular = MotionLimits(c.angular_velocity, c.angular_acceleration, c.angular_jerk)
        self._follower = VelocityFollower([linear.scaled(scale)] * 3 + [angular.scaled(scale)] * 3)
        self._solver = DampedLeastSquares(parameters.inverse_kinematics, limits.position_lower,
                                          limits.position_upper, limits.velocity * scale)

    def start(self, command: np.ndarray) -> None:
        super().start(command)
        self._wanted[:] = 0.0
        self._posture[:] = self._position
        self._follower.reset(np.zeros(6))

    def take(self, kind: str, time: float, values: list[float]) -> None:
        self._wanted[:] = values

    def update(self, time: float, dt: float, hold: bool) -> np.ndarray:
        if hold:
            self._wanted[:] = 0.0
        self._follower.step(dt, self._bounded(self._wanted))
        model = self.arm.reference_model
        model.update_kinematics(self._position)
        rate = self._solver.solve(
            model.jacobian, self._follower.velocity, self._position, self._posture)
        return self._move(dt, rate)

    def _bounded(self, twist: np.ndarray) -> np.ndarray:
        """The twist without what would leave the workspace, with room to brake."""
        scale, cartesian = self.parameters.limit_scale, self.arm.profile.cartesian
        workspace, place = self.arm.profile.workspace, self.arm.reference_model.translation
        braking = scale * cartesian.linear_acceleration
        up = np.maximum(workspace.upper - place, 0.0)
        down = np.maximum(place - workspace.lower, 0.0)
        up = np.minimum(np.sqrt(braking * up), APPROACH * up)
        down = np.minimum(np.sqrt(braking * down), APPROACH * down)
        bounded = twist.copy()
        np.clip(twist[:3], -down, up, out=bounded[:3])
        return bounded


class CartesianAdmittance(Controller):
    """Follows `pose` with a compliant tip on arms that take positions or velocities."""

    type = 'cartesian_admittance'
    modes = (ControlMode.POSITION, ControlMode.VELOCITY, ControlMode.EFFORT)
    inputs: ClassVar[tuple[str, ...]] = ('pose', 'wrench', 'stiffness')

    def __init__(
        self, name: str, arm: ArmContext, parameters: CartesianAdmittanceParameters
    ) -> None:
        super().__init__(name, arm, parameters)
        self._reference = pose_reference(arm.profile, parameters.reference)
        self._law = Admittance(arm.reference_model, parameters)
        self._drive = JointDrive(arm.model, arm.capabilities, self.mode)

    @classmethod
    def parameters_model(cls, arm: ArmProfile) -> type[StrictModel]:
        return CartesianAdmittanceParameters

    def configure(self, parameters: CartesianAdmittanceParameters) -> None:
        if parameters.reference != self.parameters.reference:
            old = self._reference
            self._reference = pose_reference(self.arm.profile, parameters.reference)
            self._reference.reset(old.position, old.quaternion)
        self.parameters = parameters
        self._law.configure(parameters)

    def start(self, command: np.ndarray) -> None:
        self._law.reset(starting_position(self.arm, self.mode, command))
        model = self.arm.reference_model
        model.update_kinematics(self._law.position)
        self._reference.reset(model.translation.tolist(), so3.from_matrix(model.rotation))

    def take(self, kind: str, time: float, values: list[float]) -> None:
        if kind == 'pose':
            self._reference.observe(time, values[:3], values[3:])
        elif kind == 'wrench':
            self._law.target_wrench[:] = values
        else:
            self._law.set_stiffness(values)

    def idle_parameters(self) -> list[str]:
        of_torques = attrgetter(*TORQUE_LOOP)
        usual = of_torques(type(self.parameters)())
        return [] if of_torques(self.parameters) == usual else list(TORQUE_LOOP)

    def update(self, time: float, dt: float, hold: bool) -> np.ndarray:
        if hold or self.parameters.stop_commands:
            self._reference.brake(dt)
            self._law.target_wrench[:] = 0.0
        else:
            self._reference.step(time, dt)
        law, state = self._law, self.arm.state
        law.compute(dt, self._reference, state.wrench)
        return self._drive.command(
            state.position, state.velocity, law.position, law.velocity, law.acceleration,
            state.wrench)

    def reference_pose(self) -> tuple[so3.Vector3, so3.Quaternion]:
        return self._reference.position, self._reference.quaternion

    def reference_joints(self) -> np.ndarray:
        return self._law.position
