"""Gripper control: a normalised opening is approached at a limited speed, and a grasp is noticed.

The gripper is stalled when it should move but does not: it holds something, or is blocked (the
meaning of `stalled` in control_msgs/GripperCommand).
"""

from __future__ import annotations

from vla_control.follower import AxisFollower, MotionLimits
from vla_core.gripper import start_of_motion
from vla_core.parameters import parameter
from vla_core.profile import GripperProfile
from vla_core.validation import Real, StrictModel

__all__ = ['GripperMotion', 'GripperParameters']


class GripperParameters(StrictModel):
    """Parameters of a gripper controller; openings are normalised, 0 closed and 1 open."""

    goal_tolerance: Real = parameter(
        0.02, gt=0, description='opening within which a goal is reached')
    stall_velocity: Real = parameter(
        0.02, gt=0, unit='1/s', description='opening speed below which the gripper stands still')
    stall_timeout: Real = parameter(
        0.3, gt=0, unit='s', description='standing still so long short of its goal is a stall')
    max_effort: Real = parameter(
        0.0, ge=0, unit='N', description="largest effort, N or N·m; 0 takes the profile's")
    speed_scale: Real = parameter(1.0, gt=0, le=1, description="share of the profile's speed")


class GripperMotion:
    """Setpoint and state of one gripper."""

    def __init__(self, profile: GripperProfile, parameters: GripperParameters) -> None:
        self._profile = profile
        self.configure(parameters)
        self.reset(1.0)

    def configure(self, parameters: GripperParameters) -> None:
        """Take new parameters; the setpoint stays where it is."""
        profile = self._profile
        speed = parameters.speed_scale * profile.max_velocity / abs(profile.open - profile.closed)
        previous = getattr(self, '_axis', None)
        self.parameters = parameters
        self._axis = AxisFollower(MotionLimits(speed, 20.0 * speed, 2000.0 * speed))
        if previous is not None:
            self._axis.reset(previous.position, previous.velocity)

    def reset(self, opening: float) -> None:
        """Stand at this opening without a goal."""
        self._axis.reset(opening)
        self.goal = opening
        self.effort = self.parameters.max_effort or self._profile.max_effort
        self.stalled = False
        self.reached = True
        self._still = 0.0

    def aim(self, opening: float, effort: float = 0.0) -> None:
        """Take a goal in [0, 1]; an effort of 0 means the largest allowed."""
        most = self.parameters.max_effort or self._profile.max_effort
        goal = min(max(opening, 0.0), 1.0)
        if goal != self.goal:
            self._still = 0.0
        self.goal = goal
        self.effort = min(effort, most) if effort > 0.0 else most

    def step(self, dt: float, opening: float, velocity: float) -> float:
        """Setpoint for the measured opening and speed; updates `reached` and `stalled`."""
        setpoint = start_of_motion(self._axis.position, self.goal, opening)
        if setpoint != self._axis.position:
            onward = self._axis.velocity * (self.goal - setpoint) > 0.0
            self._axis.reset(setpoint, self._axis.velocity if onward else 0.0)
        self._axis.step(dt, self.goal, 0.0, 0.0)
        self.reached = abs(self.goal - opening) <= self.parameters.goal_tolerance
        stands = abs(velocity) < self.parameters.stall_velocity
        self._still = self._still + dt if stands and not self.reached else 0.0
        self.stalled = self._still >= self.parameters.stall_timeout
        return self._axis.position
