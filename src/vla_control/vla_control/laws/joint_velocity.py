"""Joint velocity: the joints follow commanded velocities and stop short of their limits.

A joint may move toward its end no faster than it can still brake, v ≤ √(2 a d) at distance d. All
joints together are slowed as the tip nears a side of the workspace, so that it could still stop.
"""

from __future__ import annotations

import numpy as np

from vla_control.laws.joint_drive import DriveGains
from vla_core.parameters import parameter
from vla_core.profile import JointLimits
from vla_core.validation import Real, StrictModel

__all__ = ['JointVelocityParameters', 'braking_bounded', 'braking_way']


class JointVelocityParameters(StrictModel):
    """Parameters of the controller."""

    limit_scale: Real = parameter(
        0.5, gt=0, le=1, description="share of the profile's motion limits that is used")
    drive: DriveGains = DriveGains()


def braking_bounded(
    velocity: np.ndarray, position: np.ndarray, limits: JointLimits, scale: float
) -> np.ndarray:
    """Velocity [n] from which each joint still stops at its limit with half of scale × a."""
    braking = scale * limits.acceleration
    up = np.sqrt(braking * np.maximum(limits.position_upper - 0.01 - position, 0.0))
    down = np.sqrt(braking * np.maximum(position - limits.position_lower - 0.01, 0.0))
    fastest = scale * limits.velocity
    return np.clip(velocity, -np.minimum(down, fastest), np.minimum(up, fastest))


def braking_way(velocity: np.ndarray, limits: JointLimits, scale: float) -> np.ndarray:
    """Way [n] in rad that each joint needs to stop from a velocity [n] with half of scale × a."""
    return velocity * np.abs(velocity) / (scale * limits.acceleration)
