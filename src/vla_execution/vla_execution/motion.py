"""
The motion that follows a curve within limits of velocity, acceleration and jerk.

It is made of steps of constant jerk, so positions are piecewise cubic and acceleration is
continuous: C² whatever the curve does. The state (x, v, a) follows (x*, v*, a*) through three
nested stages, linear near the curve and braking parabolas far from it (e = x* − x):

    v_d = v* + g(e; k₁, A),                          ‖v_d‖ ≤ V
    a_d = a* + g'(e) (v* − v) + g(v_d − v; k₂, J),    ‖a_d‖ ≤ A
    j   = k₃ (a_d − a),                              ‖j‖ ≤ J

    g(e; k, c) = k e for ‖e‖ ≤ c / k², else ê √(2 c (‖e‖ − c / (2 k²)))

(the square-root controller of ArduPilot's position control, as in the control loop). A feasible
curve is followed without lag. The limits do not rest on that law: a jerk is taken only if the
state it leads to is viable, that is if taking the acceleration away by full jerk keeps the speed
within V,

    ‖a‖ ≤ A,  ‖v‖ ≤ V,  ‖v + â Δ(‖a‖)‖ ≤ V,   Δ(a) = (a² − r²) / (2 J) + r h / 2,  r = a mod J h,

Δ being the speed that steps of h still add. From a viable state taking the acceleration away is
always possible, so by induction all limits hold for ever; the jerk asked for is moved toward that
one as far as needed. Before the end of a joint's range the speed is the one it can still stop
from.
"""
from dataclasses import dataclass

import numpy as np

from vla_core.limits import stopping_speed
from vla_core.rotation import (
    quaternion_inverse,
    quaternion_multiply,
    quaternion_to_rotation_vector,
    rotation_vector_to_quaternion,
)
from vla_execution.layout import Layout
from vla_execution.plan import Sample

__all__ = ['Gains', 'Motion']

INSIDE = 0.98  # share of the velocity limit that is asked for: jerk needs room to round the corner
BRAKING = 0.75  # share of acceleration and jerk planned for braking, likewise
MARGIN = 1e-9  # share of every limit kept free for rounding
END = 0.01  # rad or m kept free before the end of a joint's range: braking may be late
NEAR = 1e-4  # rad or m
REST = 1e-3  # m/s, rad/s


@dataclass(frozen=True)
class Gains:
    """Rates of the three stages in 1/s; the last must stay below one over the step."""

    position: float = 15.0
    velocity: float = 30.0
    acceleration: float = 80.0


class Motion:
    """One state of all groups of ``layout``, moved on in steps of ``step_s``."""

    def __init__(self, layout: Layout, step_s: float = 0.01, gains: Gains | None = None) -> None:
        self.layout, self._h = layout, step_s
        self._gains = gains or Gains()
        share = 1.0 - MARGIN
        self._v = share * layout.velocity[:, None]
        self._a = share * layout.acceleration[:, None]
        self._j = share * layout.jerk[:, None]
        self._bounded = layout.width == 1
        shape = (layout.groups, layout.width)
        self.linear = np.zeros((layout.linears, layout.width))
        self.turns = np.tile([0.0, 0.0, 0.0, 1.0], (layout.turned, 1))
        self.velocity, self.acceleration, self.jerk = (np.zeros(shape) for _ in range(3))

    def reset(self, linear: np.ndarray, turns: np.ndarray) -> None:
        """Stand still here."""
        self.linear, self.turns = linear.copy(), turns.copy()
        self.velocity, self.acceleration, self.jerk = (
            np.zeros_like(self.velocity) for _ in range(3))

    @property
    def at_rest(self) -> bool:
        """Whether nothing moves noticeably, 1 mm/s or 1 mrad/s."""
        return bool(np.abs(self.velocity).max() < REST
                    and (np.abs(self.acceleration) * self._h).max() < REST)

    def place(self, into: float) -> tuple[np.ndarray, np.ndarray]:
        """Linear [L, K] and turns [R, 4] ``into`` seconds of the present step."""
        moved = into * (self.velocity + into * (
            0.5 * self.acceleration + into / 6.0 * self.jerk))
        return self._moved(moved)

    def finish_step(self) -> None:
        """Go to the end of the present step."""
        h = self._h
        self.linear, self.turns = self.place(h)
        self.velocity = self.velocity + h * (self.acceleration + 0.5 * h * self.jerk)
        self.acceleration = self.acceleration + h * self.jerk

    def follow(self, target: Sample) -> None:
        """Choose the jerk of a step at whose end the curve is at ``target``."""
        split = self.layout.linears
        error = -self._h * self.velocity  # to where the present velocity leads
        error[:split] += target.linear - self.linear
        if self.layout.turned:
            error[split:] += quaternion_to_rotation_vector(
                quaternion_multiply(target.turns, quaternion_inverse(self.turns)))
        self.jerk = self._viable(self._wanted(error, target.velocity, target.acceleration))

    def brake(self) -> None:
        """Choose the jerk of a step toward standing still."""
        still = np.zeros_like(self.velocity)
        self.jerk = self._viable(self._wanted(still, still, still))

    def _moved(self, by: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        split = self.layout.linears
        if not self.layout.turned:
            return self.linear + by, self.turns
        turns = quaternion_multiply(rotation_vector_to_quaternion(by[split:]), self.turns)
        return self.linear + by[:split], turns / np.linalg.norm(turns, axis=-1, keepdims=True)

    def _wanted(
        self, error: np.ndarray, velocity: np.ndarray, acceleration: np.ndarray,
    ) -> np.ndarray:
        """The jerk [G, K] of the three stages."""
        gains, h = self._gains, self._h
        gain, far = _gain(error, gains.position, BRAKING * self._a)
        slope = np.where(far, BRAKING * self._a / (gain * np.where(far, _length(error), 1.0)), gain)
        wanted = velocity + gain * error
        feed = acceleration + np.where(error.any(axis=-1, keepdims=True), slope, 0.0) * (
            velocity - self.velocity)
        wanted, feed = self._slower(wanted, feed)
        gap = wanted - self.velocity
        gain, _ = _gain(gap, gains.velocity, BRAKING * self._j)
        wanted = feed + gain * gap
        if self._bounded:
            wanted = self._stopping(wanted)
        wanted = _shorten(wanted, self._a)
        return _shorten(min(gains.acceleration, 1.0 / h) * (wanted - self.acceleration), self._j)

    def _slower(self, wanted: np.ndarray, feed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bring the speed asked for within the limit, where only turning and slowing is fed on."""
        fastest = INSIDE * self._v
        size = _length(wanted)
        if (size > fastest).any():
            over = size > fastest
            wanted = np.where(over, wanted * (fastest / np.where(over, size, 1.0)), wanted)
            along = np.maximum(np.sum(feed * wanted, axis=-1, keepdims=True), 0.0) / fastest ** 2
            feed = np.where(over, feed - along * wanted, feed)
        return wanted, feed

    def _stopping(self, wanted: np.ndarray) -> np.ndarray:
        """
        The acceleration [G, 1] that is wanted, as far as the motion stops in its range.

        With u(d) the speed from which it stops within d, toward an end d away

            a ≤ −u'(d) v + k₂ (u(d) − v),

        so that v never passes u; d and v are those when the present acceleration has been ended.
        """
        a, j = BRAKING * self._a, BRAKING * self._j
        for sign, room in ((1.0, self.layout.upper - END - self.linear),
                           (-1.0, self.linear - self.layout.lower - END)):
            speeding = np.maximum(sign * self.acceleration, 0.0)
            lasting = speeding / self._j
            moving = sign * self.velocity + 0.5 * lasting * speeding
            room = room - lasting * np.maximum(sign * self.velocity + lasting * speeding / 3.0, 0.0)
            fastest = stopping_speed(room, a, j)
            slope = (fastest - stopping_speed(room - NEAR, a, j)) / NEAR
            most = self._gains.velocity * (fastest - moving) - slope * np.maximum(moving, 0.0)
            wanted = sign * np.minimum(sign * wanted, most)
        return wanted

    def _viable(self, jerk: np.ndarray) -> np.ndarray:
        """``jerk`` [G, K], moved as little as needed toward the one that ends the acceleration."""
        if self._stays(jerk).all():
            return jerk
        size = _length(self.acceleration)
        ending = -self.acceleration * np.minimum(
            1.0 / self._h, self._j / np.where(size > 0, size, 1.0))
        good, bad = np.zeros_like(size), np.ones_like(size)
        good[self._stays(jerk)] = 1.0
        for _ in range(10):
            share = 0.5 * (good + bad)
            stays = self._stays(ending + share * (jerk - ending))
            good, bad = np.where(stays, np.maximum(share, good), good), np.where(stays, bad, share)
        return ending + good * (jerk - ending)

    def _stays(self, jerk: np.ndarray) -> np.ndarray:
        """Whether the state after a step of ``jerk`` is viable, bool [G, 1]."""
        h = self._h
        velocity = self.velocity + h * (self.acceleration + 0.5 * h * jerk)
        acceleration = self.acceleration + h * jerk
        size = _length(acceleration)
        rest = np.mod(size, self._j * h)
        added = (size * size - rest * rest) / (2.0 * self._j) + 0.5 * rest * h
        end = velocity + acceleration * (added / np.where(size > 0, size, 1.0))
        return ((size <= self._a) & (_length(velocity) <= self._v)
                & (_length(end) <= self._v * (1.0 + 1e-12)))


def _gain(error: np.ndarray, rate: float, limit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The factor [G, 1] by which g(e; rate, limit) differs from e, and where that is far away."""
    size, knee = _length(error), limit / rate ** 2
    far = size > knee
    size = np.where(far, size, knee)
    return np.where(far, np.sqrt(2.0 * limit * (size - 0.5 * knee)) / size, rate), far


def _length(vectors: np.ndarray) -> np.ndarray:
    """Lengths [G, 1] of vectors [G, K]."""
    return np.sqrt(np.sum(vectors * vectors, axis=-1, keepdims=True))


def _shorten(vectors: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Vectors [G, K] no longer than ``limit`` [G, 1]."""
    size = _length(vectors)
    return vectors * np.minimum(1.0, limit / np.where(size > 0, size, 1.0))
