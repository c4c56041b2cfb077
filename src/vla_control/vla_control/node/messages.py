"""Between ROS messages and the loop's arrays. Vectors x, y, z; quaternions x, y, z, w; SI."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Pose, Twist, Wrench
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from vla_control.laws.joint_trajectory import TrajectoryError, TrajectoryPoints
from vla_control.safety.targets import TargetRefused
from vla_core.validation import near_matches

__all__ = ['duration_seconds', 'fill_pose', 'fill_twist', 'fill_wrench', 'joint_values',
           'nanoseconds', 'pose_values', 'time_message', 'trajectory_point', 'trajectory_points',
           'twist_values', 'wrench_values']


def nanoseconds(stamp: Time | Duration) -> int:
    """Nanoseconds of a time or duration."""
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def duration_seconds(duration: Duration) -> float:
    """Seconds of a duration."""
    return duration.sec + 1e-9 * duration.nanosec


def time_message(ns: int) -> Time:
    """A time from nanoseconds."""
    return Time(sec=ns // 1_000_000_000, nanosec=ns % 1_000_000_000)


def pose_values(pose: Pose) -> list[float]:
    """[x, y, z, qx, qy, qz, qw]"""
    p, q = pose.position, pose.orientation
    return [p.x, p.y, p.z, q.x, q.y, q.z, q.w]


def twist_values(twist: Twist) -> list[float]:
    """[vx, vy, vz, wx, wy, wz]"""
    v, w = twist.linear, twist.angular
    return [v.x, v.y, v.z, w.x, w.y, w.z]


def wrench_values(wrench: Wrench) -> list[float]:
    """[fx, fy, fz, tx, ty, tz]"""
    f, t = wrench.force, wrench.torque
    return [f.x, f.y, f.z, t.x, t.y, t.z]


def fill_pose(pose: Pose, values: Sequence[float]) -> None:
    """Write [7] into a pose."""
    p, q = pose.position, pose.orientation
    p.x, p.y, p.z, q.x, q.y, q.z, q.w = values


def fill_twist(twist: Twist, values: Sequence[float]) -> None:
    """Write [6] into a twist."""
    v, w = twist.linear, twist.angular
    v.x, v.y, v.z, w.x, w.y, w.z = values


def fill_wrench(wrench: Wrench, values: Sequence[float]) -> None:
    """Write [6] into a wrench."""
    f, t = wrench.force, wrench.torque
    f.x, f.y, f.z, t.x, t.y, t.z = values


def joint_values(
    message: JointState, field: str, joints: Sequence[str], others: Sequence[str]
) -> list[float]:
    """The `field` of a joint state in the order of `joints`, whatever its own order.

    Joints of the robot's `others` are left out. TargetRefused for an unknown or missing joint, one
    that is named twice, and a field of another length.
    """
    values = getattr(message, field)
    if len(values) != len(message.name):
        raise TargetRefused(
            'length', f'{len(message.name)} names but {len(values)} values of {field}')
    given = dict(zip(message.name, values))
    if len(given) != len(message.name):
        raise TargetRefused('joint', 'a joint is named twice')
    for name in given:
        if name not in joints and name not in others:
            raise TargetRefused(
                'joint', f'unknown joint {name!r}; {near_matches(name, joints)}')
    missing = [joint for joint in joints if joint not in given]
    if missing:
        raise TargetRefused('joint', f'{", ".join(missing)} missing')
    return [given[joint] for joint in joints]


def trajectory_points(message: JointTrajectory, joints: Sequence[str]) -> TrajectoryPoints:
    """Points with columns in the order of `joints`; TrajectoryError names what is wrong."""
    names = list(message.joint_names)
    if sorted(names) != sorted(joints):
        wrong = sorted(set(names) ^ set(joints)) or ['named twice']
        raise TrajectoryError(f'joint_names: must be {", ".join(joints)} in any order; differs by '
                              f'{", ".join(wrong)}')
    order = [names.index(joint) for joint in joints]
    times = np.array([duration_seconds(p.time_from_start) for p in message.points])

    def rows(field: str) -> np.ndarray | None:
        given = [getattr(point, field) for point in message.points]
        if not any(len(values) for values in given):
            return None
        if any(len(values) != len(names) for values in given):
            raise TrajectoryError(
                f'points.{field}: every point needs {len(names)} numbers, or none')
        return np.array(given, dtype=float)[:, order]

    if any(len(point.effort) for point in message.points):
        raise TrajectoryError('points.effort: is not followed; leave it empty')
    positions = rows('positions')
    if positions is None:
        raise TrajectoryError('points.positions: a trajectory needs at least one point with them')
    velocities = rows('velocities')
    if velocities is not None and np.any(velocities[-1] != 0.0):
        raise TrajectoryError('points.velocities: the last point must be at rest')
    points = TrajectoryPoints(times, positions, velocities, rows('accelerations'))
    points.validate(len(joints))
    return points


def trajectory_point(
    positions: np.ndarray, velocities: np.ndarray | None = None
) -> JointTrajectoryPoint:
    """A point [n]."""
    return JointTrajectoryPoint(
        positions=positions.tolist(),
        velocities=[] if velocities is None else velocities.tolist())
