"""Cartesian velocity: the tip moves with a commanded twist, smoothly, and stays out of trouble.

The twist is followed with limited acceleration and jerk (`follower`), solved for the joints
(`inverse_kinematics`), and integrated to a joint reference.
"""

from __future__ import annotations

import numpy as np

from vla_control.follower import AxisFollower, FollowerGains, MotionLimits
from vla_control.laws.inverse_kinematics import DampingGains
from vla_core.parameters import parameter
from vla_core.validation import Real, StrictModel

__all__ = ['CartesianVelocityParameters', 'VelocityFollower']


class CartesianVelocityParameters(StrictModel):
    """Parameters of the controller."""

    limit_scale: Real = parameter(
        0.5, gt=0, le=1, description="share of the profile's motion limits that is used")
    inverse_kinematics: DampingGains = DampingGains()


class VelocityFollower:
    """Follows commanded velocities of several axes within acceleration and jerk limits.

    Each axis is an AxisFollower whose target moves: position errors are not pursued.
    """

    def __init__(self, limits: list[MotionLimits], gains: FollowerGains | None = None) -> None:
        self._axes = [AxisFollower(limit, gains) for limit in limits]
        self._limits = np.array([limit.velocity for limit in limits])
        self.velocity = np.zeros(len(limits))
        self.acceleration = np.zeros(len(limits))

    def reset(self, velocity: np.ndarray) -> None:
        """Start at this velocity."""
        for axis, v in zip(self._axes, velocity):
            axis.reset(0.0, float(v))
        self.velocity[:] = velocity
        self.acceleration[:] = 0.0

    def step(self, dt: float, wanted: np.ndarray) -> None:
        """Move on by dt toward the wanted velocities."""
        for index, axis in enumerate(self._axes):
            axis.pursue_velocity(dt, float(wanted[index]))
            self.velocity[index] = axis.velocity
            self.acceleration[index] = axis.acceleration
