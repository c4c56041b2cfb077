"""
What is to be executed: actions at their times, and the curve through them.

Between two knots positions follow a cubic whose slopes are the weighted harmonic means of the rates
before and after a knot, zero where the two differ in sign (Fritsch and Butland, "A method for
constructing local monotone piecewise cubic interpolants", 1984). So velocity is continuous and no
coordinate leaves the range between two knots: a tip that stops above a table does not dip into it.
Rotations do the same in the tangent space of the earlier knot, the short way round.

At its end a plan does not stop dead: its time slows down. With W the last part and u the time since
that began, the curve is read at

    τ(u) = 2 W (s − s³ + s⁴ / 2),   s = u / (2 W),   dτ/du = 1 − 3 s² + 2 s³,

so it comes to rest exactly in the last knot, W later than that is due.
"""
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_core.rotation import (
    quaternion_inverse,
    quaternion_multiply,
    quaternion_to_rotation_vector,
    rotation_vector_to_quaternion,
    shortest,
)
from vla_execution.layout import Coordinates, Layout

__all__ = ['Plan', 'Sample', 'mean']

SLOWDOWN = 0.2  # s, W


@dataclass(frozen=True, eq=False)
class Sample:
    """
    A curve at one time.

    ``velocity`` and ``acceleration`` [G, K] of the groups, linear ones first; ``linear`` [L, K],
    ``turns`` [R, 4], ``grippers`` [g].
    """

    linear: np.ndarray
    turns: np.ndarray
    grippers: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray


class Plan:
    """
    Rows [n, D] of the space of ``layout`` at increasing ``times_ns`` [n].

    ``stamp_ns`` is the time of the observation that they are conditioned on, ``start_slope``
    [G, K] the velocity in the first knot where that is known. ValueError where a rotation is none.
    """

    def __init__(
        self, layout: Layout, times_ns: np.ndarray, rows: np.ndarray, *, stamp_ns: int = 0,
        start_slope: np.ndarray | None = None,
    ) -> None:
        self.layout = layout
        self.times_ns = np.asarray(times_ns, dtype=np.int64)
        self.stamp_ns = stamp_ns
        self.knots = layout.split(rows)
        self._times = (self.times_ns - self.times_ns[0]) * 1e-9
        self._gaps = np.diff(self._times)
        self._slowdown = min(SLOWDOWN, 0.5 * self._times[-1])
        steps = np.concatenate([np.diff(self.knots.linear, axis=0), self._turn_steps()], axis=1)
        self._turned = steps[:, layout.linears:]
        self._slopes = self._knot_slopes(steps, start_slope)

    def _turn_steps(self) -> np.ndarray:
        """Rotation vectors [n − 1, R, 3] from each knot to the next."""
        turns = self.knots.turns
        if not self.layout.turned:
            return np.zeros((len(turns) - 1, 0, self.layout.width))
        return quaternion_to_rotation_vector(
            quaternion_multiply(turns[1:], quaternion_inverse(turns[:-1])))

    def _knot_slopes(self, steps: np.ndarray, start: np.ndarray | None) -> np.ndarray:
        """Slopes [n, G, K] in knots that are ``steps`` [n − 1, G, K] apart."""
        slopes = np.zeros((len(steps) + 1, *steps.shape[1:]))
        if len(steps):
            gaps = self._gaps[:, None, None]
            rates = steps / gaps
            slopes[0], slopes[-1] = rates[0], rates[-1]
            before, after = rates[:-1], rates[1:]
            share = (gaps[:-1] + 2.0 * gaps[1:]) / (3.0 * (gaps[:-1] + gaps[1:]))
            both = before * after
            same = both > 0.0
            slopes[1:-1] = np.where(
                same, both / np.where(same, share * after + (1.0 - share) * before, 1.0), 0.0)
        if start is not None:
            slopes[0] = start
        return slopes

    @property
    def last_ns(self) -> int:
        """When the last row is due."""
        return int(self.times_ns[-1])

    @property
    def rest_ns(self) -> int:
        """When the curve has come to rest."""
        return self.last_ns + round(self._slowdown * 1e9)

    def sample(self, now_ns: int) -> Sample:
        """The curve at ``now_ns``, slowing down at the end; at rest before and after it."""
        time = (int(now_ns) - int(self.times_ns[0])) * 1e-9
        end, window = self._times[-1], self._slowdown
        rate, slowing = 1.0, 0.0
        if time < 0.0 or time >= end + window:
            rate, time = 0.0, min(max(time, 0.0), end)
        elif time > end - window:
            s = 0.5 * (time - end + window) / window
            time = end - window + 2.0 * window * (s - s ** 3 + 0.5 * s ** 4)
            rate = 1.0 - 3.0 * s * s + 2.0 * s ** 3
            slowing = 3.0 * (s * s - s) / window
        times = np.array([time])
        linear, turns, slope, bend = (values[0] for values in self._curve(times))
        return Sample(
            linear=linear, turns=turns, grippers=self._grippers(times)[0],
            velocity=slope * rate, acceleration=bend * (rate * rate) + slope * slowing)

    def rows_at(self, times_ns: Sequence[int] | np.ndarray) -> np.ndarray:
        """Rows [m, D] of the curve at ``times_ns`` [m], each at its own time, held at the ends."""
        times = np.clip((np.asarray(times_ns, np.int64) - self.times_ns[0]) * 1e-9,
                        0.0, self._times[-1])
        linear, turns, _, _ = self._curve(times)
        return self.layout.join(Coordinates(linear, turns, self._grippers(times)))

    def at(self, now_ns: int) -> np.ndarray:
        """The row [D] of the curve at ``now_ns``."""
        return self.rows_at([now_ns])[0]

    def upcoming(self, now_ns: int) -> np.ndarray:
        """The row [D] that is due next, as it is; the last one when all are past."""
        index = int(np.searchsorted(self.times_ns, now_ns, side='right'))
        index = min(index, len(self.times_ns) - 1)
        knots = self.knots
        return self.layout.join(Coordinates(
            knots.linear[index], knots.turns[index], knots.grippers[index]))

    @property
    def rows(self) -> np.ndarray:
        """The knots as rows [n, D]."""
        return self.layout.join(self.knots)

    def shifted(self, by_ns: int) -> 'Plan':
        """The same, ``by_ns`` later."""
        return Plan(self.layout, self.times_ns + by_ns, self.rows, stamp_ns=self.stamp_ns)

    def _curve(
        self, times: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Places [m, L, K] and [m, R, 4], slopes and second derivatives [m, G, K] at ``times``
        [m], s after the first knot."""
        knots, layout = self.knots, self.layout
        if not len(self._gaps):
            still = np.zeros((len(times), layout.groups, layout.width))
            first = np.zeros(len(times), dtype=int)
            return knots.linear[first], knots.turns[first], still, still
        index = np.minimum(
            np.searchsorted(self._times, times, side='right'), len(self._gaps)) - 1
        h = self._gaps[index][:, None, None]
        s = (times - self._times[index])[:, None, None] / h
        begin, end = h * self._slopes[index], h * self._slopes[index + 1]
        step = np.empty_like(begin)
        step[:, :layout.linears] = knots.linear[index + 1] - knots.linear[index]
        step[:, layout.linears:] = self._turned[index]
        # x(s) = x₀ + b s + c s² + d s³, the Hermite cubic.
        c, d = 3.0 * step - 2.0 * begin - end, begin + end - 2.0 * step
        moved = s * (begin + s * (c + s * d))
        slope = (begin + s * (2.0 * c + 3.0 * s * d)) / h
        bend = (2.0 * c + 6.0 * s * d) / (h * h)
        linear = knots.linear[index] + moved[:, :layout.linears]
        turns = knots.turns[index]
        if layout.turned:
            turns = quaternion_multiply(
                rotation_vector_to_quaternion(moved[:, layout.linears:]), turns)
        return linear, turns, slope, bend

    def _grippers(self, times: np.ndarray) -> np.ndarray:
        """Gripper numbers [m, g]: linear in time; a binary one keeps its value until the next."""
        values = self.knots.grippers
        if not values.shape[1] or len(values) == 1:
            return np.repeat(values[:1], len(times), axis=0)
        index = np.clip(
            np.searchsorted(self._times, times, side='right'), 1, len(self._gaps)) - 1
        if self.layout.space.gripper == 'binary_open':
            ended = times >= self._times[-1]
            return values[np.where(ended, len(self._gaps), index)]
        share = ((times - self._times[index]) / self._gaps[index])[:, None]
        return (1.0 - share) * values[index] + share * values[index + 1]


def mean(layout: Layout, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """
    Mean rows [m, D] of ``rows`` [k, m, D] by ``weights`` [k] or [k, m] that sum to 1 over k.

    Rotations are averaged as quaternions on one side of the sphere, then made unit again.
    """
    weights = np.broadcast_to(weights.reshape(len(rows), -1), rows.shape[:2])
    parts = [layout.split(row) for row in rows]
    linear = np.einsum('km,kmlc->mlc', weights, np.stack([part.linear for part in parts]))
    grippers = np.einsum('km,kmg->mg', weights, np.stack([part.grippers for part in parts]))
    turns = np.stack([part.turns for part in parts])
    turns = np.einsum('km,kmrq->mrq', weights, shortest(turns, turns[-1]))
    length = np.linalg.norm(turns, axis=-1, keepdims=True)
    return layout.join(Coordinates(
        linear, turns / np.where(length > 0, length, 1.0), grippers))
