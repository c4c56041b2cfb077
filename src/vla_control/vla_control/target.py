"""From a slow stream of targets to a continuous reference at the loop's rate.

A `TargetEstimator` reads the stream's motion: a fading-memory polynomial filter of degree two
(Morrison 1969, "Introduction to Sequential Smoothing and Prediction", §13; Brookner 1998, §1.2.7)
estimates x, ẋ and ẍ at the newest target from the stamps, with gains

    α = 1 − θ³,   β = 1.5 (1 − θ)² (1 + θ),   γ = 0.5 (1 − θ)³,

and predicts them to the present, so that a stream of a few ten Hz is followed without the delay of
a buffer. A target that the motion so far cannot explain is a step: it is taken as it is, without
velocity. When the next target is overdue the prediction ends: the newest target itself, at rest.

`PoseReference` and `JointReference` put a follower behind it: velocity, acceleration and jerk stay
within limits whatever the stream does, and rotations go the short way round. In the stepped mode
the reference is the newest target itself, as checkpoints trained on such a controller expect it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import hypot, inf
from typing import Generic, TypeVar

import numpy as np

from . import so3
from .follower import AxisFollower, FollowerGains, MotionLimits, VectorFollower

__all__ = ['JointReference', 'Leaves', 'PoseReference', 'PostureReference', 'RotationEstimator',
           'TargetEstimator']

OVERDUE = 1.6  # periods of the stream after which a target is overdue
LONGEST_PERIOD = 0.25  # s; slower streams are followed step by step
SLOW = 0.05  # share of the fastest that a reference may always move at, so that it can begin
FIRST_PERIOD = 0.02  # s, until the stream has shown its own
STILL = 1e-4  # rad/s
POSTURE_PERIOD = 0.0035  # s, between two judgements of a posture's speed

X = TypeVar('X')
Tangent = Sequence[float]
Leaves = Callable[[np.ndarray, np.ndarray], bool]


class _Estimator(Generic[X]):
    """The filter, over positions of any kind; tangent vectors are lists of floats."""

    def __init__(self, limits: MotionLimits | Sequence[MotionLimits], memory: float) -> None:
        if not 0.0 <= memory < 1.0:
            raise ValueError(f'memory must be in [0, 1), got {memory}')
        self._limits = limits
        self._alpha = 1.0 - memory**3
        self._beta = 1.5 * (1.0 - memory) ** 2 * (1.0 + memory)
        self._gamma = 0.5 * (1.0 - memory) ** 3
        self.forget()

    def forget(self) -> None:
        """No target yet."""
        self._count = 0
        self._stepped = False
        self.period = FIRST_PERIOD
        self._time = -inf
        self._raw: X | None = None
        self._estimate: X | None = None
        self._velocity: Tangent = ()
        self._acceleration: Tangent = ()

    @property
    def latest(self) -> X | None:
        """The newest target as it was given."""
        return self._raw

    def _difference(self, a: X, b: X) -> Tangent:
        raise NotImplementedError

    def _moved(self, x: X, by: Tangent) -> X:
        raise NotImplementedError

    def _plausible(self, change: Tangent, dt: float) -> bool:
        """Whether the limits could explain that the target is `change` away from its prediction."""
        raise NotImplementedError

    def _within(self, velocity: Tangent) -> bool:
        raise NotImplementedError

    def observe(self, time: float, target: X) -> None:
        """Take a target meant for `time` (s); one older than the newest is left out."""
        dt = time - self._time
        if dt <= 0.0:
            return
        if self._count == 0 or dt > LONGEST_PERIOD:
            self._restart(time, target)
            return
        if dt < 0.25 * self.period:  # two in a burst: the newer replaces the older
            self._raw = self._estimate = target
            return
        self.period += 0.2 * (dt - self.period)
        predicted, velocity, acceleration = self._extrapolate(dt)
        innovation = self._difference(target, predicted)
        last = self._raw
        self._time, self._raw = time, target
        zero = (0.0,) * len(innovation)
        if self._count == 1 or not self._plausible(innovation, dt):
            measured = [d / dt for d in self._difference(target, last)]
            starts = (self._count == 1 or self._stepped) and self._within(measured)
            if self._count == 1 and not self._plausible(innovation, dt):
                starts = False
            self._estimate = target
            self._velocity = measured if starts else (velocity if self._count > 1 else zero)
            self._acceleration = zero
            self._stepped = not starts
            self._count = 2
            return
        self._stepped = False
        self._count += 1
        alpha, beta, gamma = self._alpha, self._beta / dt, 2.0 * self._gamma / (dt * dt)
        if self._count == 3:  # the first three points define the parabola exactly
            beta, gamma = 1.5 / dt, 1.0 / (dt * dt)
        self._estimate = self._moved(predicted, [alpha * r for r in innovation])
        self._velocity = [v + beta * r for v, r in zip(velocity, innovation)]
        self._acceleration = [a + gamma * r for a, r in zip(acceleration, innovation)]
        if not self._within(self._velocity):
            self._velocity = self._acceleration = zero

    def _restart(self, time: float, target: X) -> None:
        zero = (0.0,) * len(self._difference(target, target))
        self._count, self._time, self._stepped = 1, time, False
        self._raw = self._estimate = target
        self._velocity = self._acceleration = zero

    def _extrapolate(self, dt: float) -> tuple[X, Tangent, Tangent]:
        half = 0.5 * dt
        velocity = [v + a * dt for v, a in zip(self._velocity, self._acceleration)]
        by = [dt * (v + half * a) for v, a in zip(self._velocity, self._acceleration)]
        return self._moved(self._estimate, by), velocity, self._acceleration

    def predict(self, time: float) -> tuple[X, Tangent, Tangent]:
        """The target's position, velocity and acceleration now; at rest when it is overdue."""
        dt = time - self._time
        if dt > OVERDUE * self.period:
            zero = (0.0,) * len(self._velocity)
            return self._raw, zero, zero
        return self._extrapolate(max(dt, 0.0))


def _length(v: Tangent) -> float:
    return hypot(*v)


class TargetEstimator(_Estimator[Sequence[float]]):
    """Estimates vectors: one limit for the length of all, or one for each axis."""

    def _difference(self, a: Sequence[float], b: Sequence[float]) -> Tangent:
        return [p - q for p, q in zip(a, b)]

    def _moved(self, x: Sequence[float], by: Tangent) -> Sequence[float]:
        return [p + d for p, d in zip(x, by)]

    def _plausible(self, change: Tangent, dt: float) -> bool:
        if isinstance(self._limits, MotionLimits):
            return _length(change) <= self._limits.acceleration * dt * dt
        return all(abs(c) <= limit.acceleration * dt * dt
                   for c, limit in zip(change, self._limits))

    def _within(self, velocity: Tangent) -> bool:
        if isinstance(self._limits, MotionLimits):
            return _length(velocity) <= self._limits.velocity
        return all(abs(v) <= limit.velocity for v, limit in zip(velocity, self._limits))


class RotationEstimator(_Estimator[so3.Quaternion]):
    """Estimates rotations on SO(3), with angular velocity and acceleration along fixed axes."""

    def _difference(self, a: so3.Quaternion, b: so3.Quaternion) -> Tangent:
        return so3.rotation_between(b, a)

    def _moved(self, x: so3.Quaternion, by: Tangent) -> so3.Quaternion:
        return so3.multiply(so3.exponential(by), x)

    def _plausible(self, change: Tangent, dt: float) -> bool:
        return _length(change) <= self._limits.acceleration * dt * dt

    def _within(self, velocity: Tangent) -> bool:
        return _length(velocity) <= self._limits.velocity


class PoseReference:
    """Reference of a tip: position (m), quaternion, twist and acceleration, all in base axes."""

    def __init__(
        self,
        linear: MotionLimits,
        angular: MotionLimits,
        gains: FollowerGains | None = None,
        memory: float = 0.3,
        stepped: bool = False,
    ) -> None:
        self.stepped = stepped
        self._linear = VectorFollower(linear, gains)
        self._angular = VectorFollower(angular, gains)
        self._places = TargetEstimator(linear, memory)
        self._turns = RotationEstimator(angular, memory)
        self.position: so3.Vector3 = (0.0, 0.0, 0.0)
        self.quaternion: so3.Quaternion = (0.0, 0.0, 0.0, 1.0)
        self.linear_velocity = self.angular_velocity = (0.0, 0.0, 0.0)
        self.linear_acceleration = self.angular_acceleration = (0.0, 0.0, 0.0)

    def reset(self, position: Sequence[float], quaternion: Sequence[float]) -> None:
        """Stand still at this pose and forget the stream."""
        self.position = tuple(float(p) for p in position)
        self.quaternion = so3.normalised(tuple(float(c) for c in quaternion))
        for follower in (self._linear, self._angular):
            follower.reset()
        self._places.forget()
        self._turns.forget()
        self._copy()

    def observe(self, time: float, position: Sequence[float], quaternion: Sequence[float]) -> None:
        """Take a target pose meant for `time` (s)."""
        self._places.observe(time, tuple(position))
        self._turns.observe(time, tuple(quaternion))

    @property
    def moving(self) -> bool:
        """Whether the reference still moves noticeably (1 mm/s, 1 mrad/s)."""
        return _length(self.linear_velocity) > 1e-3 or _length(self.angular_velocity) > 1e-3

    def limit_speed(self, share: float) -> None:
        """From now on move at most at this multiple of the present speed, or slowly."""
        for follower in (self._linear, self._angular):
            follower.speed_cap = max(
                share * _length(follower.velocity), SLOW * follower.limits.velocity)

    def step(self, time: float, dt: float) -> None:
        """Move on to `time`, dt after the last step."""
        if self._places.latest is None:
            self.brake(dt)
            return
        if self.stepped:
            self._take_latest()
            return
        place, velocity, acceleration = self._places.predict(time)
        error = (place[0] - self.position[0], place[1] - self.position[1],
                 place[2] - self.position[2])
        self._shift(self._linear.step(dt, error, velocity, acceleration))
        turn, velocity, acceleration = self._turns.predict(time)
        error = so3.rotation_between(self.quaternion, turn)
        self._turn(self._angular.step(dt, error, velocity, acceleration))
        self._copy()

    def brake(self, dt: float) -> None:
        """Come to rest within the limits, and forget the stream."""
        self._places.forget()
        self._turns.forget()
        self._shift(self._linear.brake(dt))
        self._turn(self._angular.brake(dt))
        self._copy()

    def _take_latest(self) -> None:
        self.position, self.quaternion = self._places.latest, self._turns.latest
        self._linear.reset()
        self._angular.reset()
        self._copy()

    def _shift(self, by: so3.Vector3) -> None:
        x, y, z = self.position
        self.position = (x + by[0], y + by[1], z + by[2])

    def _turn(self, by: so3.Vector3) -> None:
        self.quaternion = so3.normalised(so3.multiply(so3.exponential(by), self.quaternion))

    def _copy(self) -> None:
        self.linear_velocity = self._linear.velocity
        self.angular_velocity = self._angular.velocity
        self.linear_acceleration = self._linear.acceleration
        self.angular_acceleration = self._angular.acceleration


class JointReference:
    """Reference of n joints: arrays `position`, `velocity`, `acceleration` (rad, s).

    `leaves(position, rest)` tells whether an arm that comes to rest there has left where it may be;
    then it does so now, before it is too late, and waits for another target.
    """

    def __init__(
        self,
        limits: Sequence[MotionLimits],
        gains: FollowerGains | None = None,
        memory: float = 0.3,
        stepped: bool = False,
        leaves: Leaves | None = None,
    ) -> None:
        self.stepped = stepped
        self._leaves = leaves
        gains = gains or FollowerGains()
        self._braking = np.array([limit.acceleration for limit in limits])
        self._tail = 0.5 * self._braking / gains.velocity**2  # rad, the last of a way to rest
        self._lag = 1.0 / gains.velocity
        self._delay = 1.0 / gains.acceleration + np.array(
            [0.5 * limit.acceleration / limit.jerk for limit in limits])
        self._axes = [AxisFollower(limit, gains) for limit in limits]
        self._estimator = TargetEstimator(tuple(limits), memory)
        self.position = np.zeros(len(self._axes))
        self.velocity = np.zeros(len(self._axes))
        self.acceleration = np.zeros(len(self._axes))

    def reset(self, position: np.ndarray) -> None:
        """Stand still at this position [n] and forget the stream."""
        for axis, place in zip(self._axes, position):
            axis.reset(float(place))
        self._estimator.forget()
        self._copy()

    def start(self, position: np.ndarray, velocity: np.ndarray, acceleration: np.ndarray) -> None:
        """Begin from a motion [n] in rad, rad/s and rad/s², without a stream."""
        for axis, x, v, a in zip(self._axes, position, velocity, acceleration):
            axis.reset(float(x), float(v), float(a))
        self._estimator.forget()
        self._copy()

    def observe(self, time: float, target: Sequence[float]) -> None:
        """Take a target position [n] meant for `time` (s)."""
        self._estimator.observe(time, tuple(target))

    @property
    def moving(self) -> bool:
        """Whether the reference still moves noticeably (1 mrad/s)."""
        return bool(np.abs(self.velocity).max() > 1e-3)

    def step(self, time: float, dt: float) -> None:
        """Move on to `time`, dt after the last step."""
        if self._estimator.latest is None:
            self.brake(dt)
            return
        if self.stepped:
            self.position[:] = self._estimator.latest
            self.velocity[:] = 0.0
            self.acceleration[:] = 0.0
            for axis, place in zip(self._axes, self._estimator.latest):
                axis.reset(place)
            return
        if self._leaves is not None and self._leaves(self.position, self.rest()):
            self.brake(dt)
            return
        place, velocity, acceleration = self._estimator.predict(time)
        for axis, x, v, a in zip(self._axes, place, velocity, acceleration):
            axis.step(dt, x, v, a)
        self._copy()

    def rest(self) -> np.ndarray:
        """Where the joints [n] would come to rest if they braked from now on."""
        soon = self.velocity + self._delay * self.acceleration
        speed = np.abs(soon)
        length = speed * speed
        length /= 2.0 * self._braking
        length += np.minimum(self._tail, speed * self._lag)
        return self.position + self._delay * self.velocity + np.copysign(length, soon)

    def brake(self, dt: float) -> None:
        """Come to rest within the limits, and forget the stream."""
        self._estimator.forget()
        for axis in self._axes:
            axis.brake(dt)
        self._copy()

    def _copy(self) -> None:
        self.position[:] = [axis.position for axis in self._axes]
        self.velocity[:] = [axis.velocity for axis in self._axes]
        self.acceleration[:] = [axis.acceleration for axis in self._axes]


class PostureReference:
    """The posture q* that spare joints are drawn to: arrays `position`, `velocity` [n] (rad, s).

    It goes to the newest posture at its limits and stays there, however long ago it was given. As
    no more than a soft spring sees it, three stages that are linear but for their limits will do,

        v_d = k (goal − q*),  |v_d| ≤ V;   a_d = 4 k (v_d − v),  |a_d| ≤ A;   |j| ≤ J,

    with k so small that a braking joint needs no more than A. The speed is judged anew every 4 ms;
    `nearer(goal)` then tells how much of the way to a posture is to be gone for now.
    """

    def __init__(
        self, limits: Sequence[MotionLimits],
        nearer: Callable[[np.ndarray], np.ndarray] = np.asarray,
    ) -> None:
        self._nearer = nearer
        n = len(limits)
        self.position, self.velocity, self._acceleration = np.zeros(n), np.zeros(n), np.zeros(n)
        self._goal, self._change = np.zeros(n), np.zeros(n)
        self.moving = False
        self._aimed = False
        self._since = 0.0
        self.configure(limits)

    def configure(self, limits: Sequence[MotionLimits]) -> None:
        """Take other limits, in motion too."""
        self._fastest = np.array([limit.velocity for limit in limits])
        self._most = np.array([limit.acceleration for limit in limits])
        self._jerk = np.array([limit.jerk for limit in limits])
        self._gain = np.minimum(0.75 * self._most / self._fastest, self._jerk / self._most / 16.0)

    def reset(self, position: np.ndarray) -> None:
        """Stay at this posture [n]."""
        self.position[:] = position
        self.velocity[:] = 0.0
        self._acceleration[:] = 0.0
        self.moving = self._aimed = False

    def aim(self, goal: Sequence[float]) -> None:
        """Go to another posture [n]."""
        self._goal[:] = goal
        self._aimed = True
        self.moving = self.moving or bool((self._goal != self.position).any())

    def step(self, dt: float) -> None:
        """Move on by dt."""
        if not self.moving:
            return
        self.position += dt * self.velocity
        self._since += dt
        if self._since > POSTURE_PERIOD:
            self._accelerate(self._since)
            self._since = 0.0

    def _accelerate(self, dt: float) -> None:
        change, velocity, acceleration = self._change, self.velocity, self._acceleration
        if self._aimed:
            np.subtract(self._nearer(self._goal), self.position, out=change)
            change *= self._gain
            np.minimum(change, self._fastest, out=change)
            np.maximum(change, -self._fastest, out=change)
        else:
            change[:] = 0.0
        arrived = not self._aimed or np.abs(self._goal - self.position).max() < STILL
        change -= velocity
        change *= 4.0 * self._gain
        np.minimum(change, self._most, out=change)
        np.maximum(change, -self._most, out=change)
        change -= acceleration
        jump = self._jerk * dt
        np.minimum(change, jump, out=change)
        np.maximum(change, -jump, out=change)
        acceleration += change
        velocity += dt * acceleration
        if arrived and max(velocity.max(), -velocity.min()) < STILL:
            velocity[:] = 0.0
            acceleration[:] = 0.0
            self.moving = False
            if self._aimed:
                self.position[:] = self._goal

    def brake(self, dt: float) -> None:
        """Come to rest within the limits, and forget the posture that was aimed at."""
        self._aimed = False
        self.step(dt)
