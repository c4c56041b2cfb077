"""A joint trajectory as the ros2_control trajectory controller understands it.

Between two points a joint moves linearly when they give positions only, on a cubic when they give
velocities too, on a quintic with accelerations as well. A stamp of zero starts at once; a later one
waits; a new trajectory replaces the old one, starting from the reference there is then, and forgets
it. Points whose time has passed are skipped.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np

__all__ = ['JointTrajectory', 'Tolerances', 'TrajectoryError', 'TrajectoryPoints']


class TrajectoryError(ValueError):
    """A trajectory that cannot be followed; the message names the field."""


@dataclass(frozen=True)
class TrajectoryPoints:
    """Points of n joints: times [k] in s from the start, positions [k, n], and more."""

    times: np.ndarray
    positions: np.ndarray
    velocities: np.ndarray | None = None
    accelerations: np.ndarray | None = None

    def validate(self, joints: int) -> None:
        """Raise TrajectoryError for wrong shapes, numbers that are not finite, unordered times."""
        times = np.asarray(self.times)
        if times.ndim != 1 or len(times) == 0:
            raise TrajectoryError('points: a trajectory needs at least one point')
        if not np.isfinite(times).all() or times[0] < 0 or np.any(np.diff(times) <= 0):
            raise TrajectoryError('time_from_start: must be finite, not negative and increasing')
        for name in ('positions', 'velocities', 'accelerations'):
            values = getattr(self, name)
            if values is None:
                continue
            if np.shape(values) != (len(times), joints):
                raise TrajectoryError(
                    f'{name}: has shape {np.shape(values)}, needs ({len(times)}, {joints})')
            if not np.isfinite(values).all():
                raise TrajectoryError(f'{name}: must be finite')
        if self.positions is None:
            raise TrajectoryError('positions: a trajectory needs positions')
        if self.accelerations is not None and self.velocities is None:
            raise TrajectoryError('accelerations: need velocities beside them')


@dataclass(frozen=True)
class Tolerances:
    """Allowed distance [n] in rad on the way and at the goal, infinite where none is set; and s."""

    path: np.ndarray
    goal: np.ndarray
    goal_time: float = 0.0


class JointTrajectory:
    """Sampled by absolute time in s; `begin` and `end` are its first and last moment."""

    def __init__(
        self,
        points: TrajectoryPoints,
        start: float,
        now: float,
        position: np.ndarray,
        velocity: np.ndarray,
        acceleration: np.ndarray,
    ) -> None:
        """Begin at time `start` (s) from the reference there is `now`: arrays [n] in rad, s."""
        points.validate(len(position))
        times = start + np.asarray(points.times, dtype=float)
        ahead = np.flatnonzero(times > now)
        first = int(ahead[0]) if len(ahead) else len(times)
        begin = max(start, now)
        if first == len(times):
            raise TrajectoryError('header.stamp: the whole trajectory lies in the past')

        def rows(values: np.ndarray | None, head: np.ndarray) -> np.ndarray | None:
            return None if values is None else np.vstack([head, np.asarray(values)[first:]])

        self.times = np.concatenate([[begin], times[first:]])
        self.begin, self.end = begin, float(self.times[-1])
        self._knots = self.times.tolist()
        self._first = first
        self._coefficients = _fit(
            np.diff(self.times),
            rows(points.positions, position),
            rows(points.velocities, velocity),
            rows(points.accelerations, acceleration),
        )
        self.goal = np.asarray(points.positions, dtype=float)[-1]

    def sample(self, time: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Position, velocity and acceleration [n] at a time; at rest before and after."""
        inside = self.begin <= time < self.end
        moment = min(max(time, self.begin), self.end)
        index = min(max(bisect_right(self._knots, moment) - 1, 0), len(self._knots) - 2)
        t = moment - self._knots[index]
        c = self._coefficients[index]  # [6, n], ascending powers
        position = c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * (c[4] + t * c[5]))))
        if not inside:
            return position, np.zeros_like(position), np.zeros_like(position)
        velocity = c[1] + t * (2 * c[2] + t * (3 * c[3] + t * (4 * c[4] + t * 5 * c[5])))
        acceleration = 2 * c[2] + t * (6 * c[3] + t * (12 * c[4] + t * 20 * c[5]))
        return position, velocity, acceleration

    def looks(self, stride: float, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Times [k] and positions [k, n] along the whole path, its ends among them.

        No joint moves farther than `stride` (rad) between two, or as little as `most` times allow.
        """
        segments = len(self._knots) - 1
        shares = np.arange(1, max(1, most // segments) + 1) / max(1, most // segments)
        inside = (np.diff(self.times)[:, None] * shares).ravel()
        powers = inside[:, None] ** np.arange(6)
        row = np.repeat(np.arange(segments), len(shares))
        places = np.einsum('kp,kpn->kn', powers, self._coefficients[row])
        times = np.concatenate([[self.begin], self.times[row] + inside])
        places = np.vstack([self._coefficients[0, 0], places])
        way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(places, axis=0)).max(axis=1))])
        wanted = np.linspace(0.0, way[-1], min(most, int(way[-1] / stride) + 2))
        kept = np.unique(np.minimum(np.searchsorted(way, wanted), len(way) - 1))
        return times[kept], places[kept]

    def point_after(self, time: float) -> int:
        """Number, from 1, of the point that the path goes to at a time."""
        return self._first + min(max(bisect_left(self._knots, time), 1), len(self._knots) - 1)


def _fit(
    durations: np.ndarray,
    positions: np.ndarray,
    velocities: np.ndarray | None,
    accelerations: np.ndarray | None,
) -> np.ndarray:
    """Coefficients [segments, 6, n], ascending powers of the time since each segment's begin."""
    segments, n = len(durations), positions.shape[1]
    T = durations[:, None]
    out = np.zeros((segments, 6, n))
    p0, p1 = positions[:-1], positions[1:]
    out[:, 0] = p0
    if velocities is None:
        out[:, 1] = (p1 - p0) / T
        return out
    v0, v1 = velocities[:-1], velocities[1:]
    out[:, 1] = v0
    if accelerations is None:
        out[:, 2] = (3 * (p1 - p0) - (2 * v0 + v1) * T) / T**2
        out[:, 3] = (-2 * (p1 - p0) + (v0 + v1) * T) / T**3
        return out
    a0, a1 = accelerations[:-1], accelerations[1:]
    d = p1 - p0
    out[:, 2] = 0.5 * a0
    out[:, 3] = (20 * d - (8 * v1 + 12 * v0) * T - (3 * a0 - a1) * T**2) / (2 * T**3)
    out[:, 4] = (-30 * d + (14 * v1 + 16 * v0) * T + (3 * a0 - 2 * a1) * T**2) / (2 * T**4)
    out[:, 5] = (12 * d - 6 * (v1 + v0) * T - (a0 - a1) * T**2) / (2 * T**5)
    return out
