"""
How recorded targets are streamed again: slowly to where they begin, then each at its time.

Targets are poses (x, y, z and a quaternion) or joints, as the controllers were told; the way to the
first one starts where the robot is and eases in and out, within gentle speeds.
"""
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vla_core.conversion import pose_from_message, pose_to_message, reorder
from vla_core.rotation import angle_between, normalise, shortest, slerp

__all__ = ['JointApproach', 'PoseApproach', 'ease', 'times']

LINEAR_SPEED = 0.08  # m/s
ANGULAR_SPEED = 0.4  # rad/s
JOINT_SPEED = 0.25  # rad/s, m/s for a joint that slides
STILL_S = 1.0


def ease(share: float) -> float:
    """From 0 to 1 with no speed and no acceleration at either end: 10 s³ − 15 s⁴ + 6 s⁵."""
    share = min(1.0, max(0.0, share))
    return share ** 3 * (10 + share * (6 * share - 15))


@dataclass(frozen=True, eq=False)
class PoseApproach:
    """From a measured pose to the first target, both in one frame; m and quaternions xyzw."""

    position: np.ndarray
    quaternion: np.ndarray
    goal_position: np.ndarray
    goal_quaternion: np.ndarray

    @classmethod
    def between(cls, measured: object, goal: object) -> 'PoseApproach':
        """From and to a geometry_msgs/Pose."""
        position, quaternion = pose_from_message(measured)
        goal_position, goal_quaternion = pose_from_message(goal)
        quaternion = normalise(quaternion)
        return cls(position, quaternion, goal_position,
                   shortest(normalise(goal_quaternion), quaternion))

    @property
    def duration_s(self) -> float:
        """How long it takes; the peak of an eased speed is 15/8 of its mean."""
        way = float(np.linalg.norm(self.goal_position - self.position)) / LINEAR_SPEED
        turn = float(angle_between(self.quaternion, self.goal_quaternion)) / ANGULAR_SPEED
        return STILL_S + 1.875 * max(way, turn)

    def fill(self, time_s: float, pose: object) -> None:
        """Write the pose at ``time_s`` into a geometry_msgs/Pose."""
        share = ease(time_s / self.duration_s)
        pose_to_message(self.position + share * (self.goal_position - self.position),
                        slerp(self.quaternion, self.goal_quaternion, share), pose)


@dataclass(frozen=True, eq=False)
class JointApproach:
    """From measured joints to the first target, in the order of ``names``."""

    names: tuple[str, ...]
    start: np.ndarray
    goal: np.ndarray

    @classmethod
    def between(cls, measured: object, goal: object) -> 'JointApproach':
        """From and to a sensor_msgs/JointState; the joints are those of the goal."""
        names = tuple(goal.name)
        return cls(names, reorder(list(measured.name), measured.position, names),
                   np.array(goal.position, dtype=np.float64))

    @property
    def duration_s(self) -> float:
        """How long it takes."""
        return STILL_S + 1.875 * float(np.max(np.abs(self.goal - self.start))) / JOINT_SPEED

    def at(self, time_s: float) -> np.ndarray:
        """Positions [n] at ``time_s``."""
        return self.start + ease(time_s / self.duration_s) * (self.goal - self.start)


def times(rate_hz: float, duration_s: float) -> Iterator[float]:
    """0, 1 / rate … up to and with the duration."""
    count = int(duration_s * rate_hz)
    for index in range(count):
        yield index / rate_hz
    yield duration_s
