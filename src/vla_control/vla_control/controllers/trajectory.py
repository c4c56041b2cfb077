"""The joint trajectory controller, with the semantics of ros2_control's."""

from __future__ import annotations

import enum

import numpy as np

from vla_control.controllers.controller import ArmContext, Controller, joint_reference
from vla_control.controllers.motion import starting_position
from vla_control.laws.gains import ReferenceGains
from vla_control.laws.joint_drive import DriveGains, JointDrive
from vla_control.laws.joint_trajectory import (
    JointTrajectory,
    Tolerances,
    TrajectoryError,
    TrajectoryPoints,
)
from vla_control.safety.workspace import STRIDE
from vla_core.parameters import parameter
from vla_core.profile import ArmProfile
from vla_core.validation import Real, StrictModel
from vla_hardware import ControlMode

__all__ = ['JointTrajectoryController', 'JointTrajectoryParameters', 'TrajectoryStatus']


MOST_LOOKS = 300  # at where a trajectory goes before it is followed: less than a millisecond


class TrajectoryStatus(enum.IntEnum):
    """State of the newest trajectory; a negative one is FollowJointTrajectory's error code."""

    NONE = 0
    ACTIVE = 1
    SUCCEEDED = 2
    CANCELLED = 3
    PATH_TOLERANCE_VIOLATED = -4
    GOAL_TOLERANCE_VIOLATED = -5


class JointTrajectoryParameters(StrictModel):
    """Parameters of the controller."""

    path_tolerance: Real = parameter(
        0.0, ge=0, unit='rad', description='largest error on the way; 0 does not watch')
    goal_tolerance: Real = parameter(
        0.02, ge=0, unit='rad', description='largest error at the goal; 0 does not watch')
    goal_time: Real = parameter(
        1.0, ge=0, unit='s', description='time after the last point to reach the goal tolerance')
    drive: DriveGains = DriveGains()
    reference: ReferenceGains = ReferenceGains(limit_scale=1.0)


class JointTrajectoryController(Controller):
    """Follows trajectories given by `follow`; holds its place otherwise, and on a violation."""

    type = 'joint_trajectory'
    modes = (ControlMode.POSITION, ControlMode.EFFORT, ControlMode.VELOCITY)
    streamed = False

    def __init__(self, name: str, arm: ArmContext, parameters: JointTrajectoryParameters) -> None:
        super().__init__(name, arm, parameters)
        n = arm.model.joints
        self._drive = JointDrive(arm.model, arm.capabilities, self.mode, parameters.drive)
        self._reference = joint_reference(arm.profile, parameters.reference)
        self.position, self.velocity, self.acceleration = np.zeros(n), np.zeros(n), np.zeros(n)
        self._trajectory: JointTrajectory | None = None
        self._tolerances = self._default_tolerances()
        self.status = TrajectoryStatus.NONE
        self.number = 0
        self.violation = ''

    @classmethod
    def parameters_model(cls, arm: ArmProfile) -> type[StrictModel]:
        return JointTrajectoryParameters

    def _default_tolerances(self) -> Tolerances:
        n, given = self.arm.model.joints, self.parameters
        return Tolerances(np.full(n, given.path_tolerance or np.inf),
                          np.full(n, given.goal_tolerance or np.inf), given.goal_time)

    def configure(self, parameters: JointTrajectoryParameters) -> None:
        self.parameters = parameters
        self._drive.configure(parameters.drive)
        self._reference = joint_reference(self.arm.profile, parameters.reference)
        self._reference.start(self.position, self.velocity, self.acceleration)

    def start(self, command: np.ndarray) -> None:
        self._forget(TrajectoryStatus.NONE)
        self.position[:] = starting_position(self.arm, self.mode, command)
        self.velocity[:] = 0.0
        self.acceleration[:] = 0.0
        self._reference.reset(self.position)

    def follow(
        self, points: TrajectoryPoints, start: float, now: float,
        tolerances: Tolerances | None = None,
    ) -> int:
        """Replace what is followed, in motion too, and return the new trajectory's number.

        `start` in s of the loop's clock; TrajectoryError refuses it and leaves the old one, also
        when its path takes the tip out of the workspace.
        """
        trajectory = JointTrajectory(
            points, start, now, self.position, self.velocity, self.acceleration)
        self._keep_inside(trajectory)
        self._trajectory = trajectory
        self._tolerances = tolerances or self._default_tolerances()
        self.status, self.violation = TrajectoryStatus.ACTIVE, ''
        self.number += 1
        return self.number

    def _keep_inside(self, trajectory: JointTrajectory) -> None:
        times, path = trajectory.looks(STRIDE, MOST_LOOKS)
        found = self.arm.workspace.first_outside(path)
        if found:
            moment = times[found[0]]
            raise TrajectoryError(
                f'positions: the way to point {trajectory.point_after(moment)} takes the tip of '
                f'{self.arm.profile.name} out of the workspace {moment - trajectory.begin:.2f} s '
                f'after the start ({found[1]})')

    def cancel(self) -> None:
        """Come to rest and hold."""
        if self.status is TrajectoryStatus.ACTIVE:
            self._forget(TrajectoryStatus.CANCELLED)

    def _forget(self, status: TrajectoryStatus) -> None:
        self._trajectory = None
        self.status = status
        self._reference.start(self.position, self.velocity, self.acceleration)

    def take(self, kind: str, time: float, values: list[float]) -> None:
        raise ValueError(f'controller {self.name!r} follows trajectories, not {kind} targets')

    def update(self, time: float, dt: float, hold: bool) -> np.ndarray:
        if hold:
            self.cancel()
        if self._trajectory is None:
            reference = self._reference
            reference.brake(dt)
            self.position[:], self.velocity[:] = reference.position, reference.velocity
            self.acceleration[:] = reference.acceleration
        elif time >= self._trajectory.begin:
            place, rate, acceleration = self._trajectory.sample(time)
            self.position[:], self.velocity[:], self.acceleration[:] = place, rate, acceleration
            self._judge(time, self._trajectory)
        state = self.arm.state
        return self._drive.command(
            state.position, state.velocity, self.position, self.velocity, self.acceleration)

    def _judge(self, time: float, trajectory: JointTrajectory) -> None:
        error = np.abs(self.position - self.arm.state.position)
        if time < trajectory.end:
            if (error > self._tolerances.path).any():
                self._violate(TrajectoryStatus.PATH_TOLERANCE_VIOLATED, error)
        elif (error <= self._tolerances.goal).all():
            self._forget(TrajectoryStatus.SUCCEEDED)
        elif time > trajectory.end + self._tolerances.goal_time:
            self._violate(TrajectoryStatus.GOAL_TOLERANCE_VIOLATED, error)

    def _violate(self, status: TrajectoryStatus, error: np.ndarray) -> None:
        worst = int(error.argmax())
        self.violation = (f'{self.arm.profile.joints[worst]} is {error[worst]:.3f} rad away '
                          'from its trajectory')
        state = self.arm.state  # hold where the arm is, not where it should have been
        self.position[:], self.velocity[:] = state.position, state.velocity
        self.acceleration[:] = 0.0
        self._forget(status)

    def reference_joints(self) -> np.ndarray:
        return self.position
