"""Motion toward a moving target with limited velocity, acceleration and jerk.

The state (x, v, a) of the reference follows the target's (x*, v*, a*) through three nested stages,
each linear near the target and a braking parabola far from it (e = x* − x):

    v_d = v* + g(e; k₁, A),                        |v_d| ≤ V
    a_d = a* + g'(e) (v* − v) + g(v_d − v; k₂, J),  |a_d| ≤ A
    j   = k₃ (a_d − a),                            |j| ≤ J

    g(e; k, c) = k e                               for |e| ≤ c/k²
               = sign(e) √(2c (|e| − c/(2k²)))     beyond

Near the target the error obeys e⃛ + k₃ ë + k₃(k₁+k₂) ė + k₃k₁k₂ e = 0: it vanishes for every target
of constant acceleration, so a stream is followed without lag, while a step becomes a smooth motion
at the limits. The square root is the speed from which A still stops in time (the "square-root
controller" of ArduPilot's position control).
Limits hold at any rate: a long period is walked in steps of at most 2 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, sqrt

from .so3 import Vector3

__all__ = ['AxisFollower', 'FollowerGains', 'MotionLimits', 'VectorFollower']

LONGEST_STEP = 0.002  # s
INSIDE = 0.98  # share of the velocity limit that is asked for: jerk needs room to round the corner
BRAKING = 0.75  # share of the acceleration planned for braking, likewise


@dataclass(frozen=True)
class FollowerGains:
    """Rates in 1/s of the three stages; k₃ must stay well below one over the step."""

    position: float = 25.0
    velocity: float = 60.0
    acceleration: float = 200.0


@dataclass(frozen=True)
class MotionLimits:
    """Largest velocity, acceleration and jerk, in units of the axis per s, s², s³."""

    velocity: float
    acceleration: float
    jerk: float

    def scaled(self, share: float) -> MotionLimits:
        """The same with every limit times `share`."""
        return MotionLimits(self.velocity * share, self.acceleration * share, self.jerk * share)


class AxisFollower:
    """One joint's reference: `position`, `velocity`, `acceleration`."""

    __slots__ = ('_a_brake', '_gains', '_j_brake', '_limits', 'acceleration', 'position',
                 'velocity')

    def __init__(self, limits: MotionLimits, gains: FollowerGains | None = None) -> None:
        self._limits = limits
        self._gains = gains or FollowerGains()
        self._a_brake = BRAKING * limits.acceleration
        self._j_brake = BRAKING * limits.jerk
        self.position = self.velocity = self.acceleration = 0.0

    def reset(self, position: float, velocity: float = 0.0, acceleration: float = 0.0) -> None:
        """Start from this state."""
        self.position, self.velocity, self.acceleration = position, velocity, acceleration

    def step(self, dt: float, target: float, velocity: float, acceleration: float) -> None:
        """Move on by dt toward a target that will be there, with this velocity, at its end."""
        parts = 1 if dt <= LONGEST_STEP else ceil(dt / LONGEST_STEP)
        h = dt / parts
        for part in range(parts):
            back = h * (part + 1) - dt  # how far before the end of the period, s
            place = target + back * (velocity + 0.5 * acceleration * back)
            own = self.position + h * self.velocity
            self._step(h, place - own, velocity + acceleration * back, acceleration)

    def pursue_velocity(self, dt: float, velocity: float) -> None:
        """Move on by dt toward a velocity, wherever that leads."""
        parts = 1 if dt <= LONGEST_STEP else ceil(dt / LONGEST_STEP)
        for _ in range(parts):
            self._step(dt / parts, 0.0, velocity, 0.0)

    def brake(self, dt: float) -> None:
        """Move on by dt while coming to rest within the limits."""
        self.pursue_velocity(dt, 0.0)

    # In `_step` the error is to where the present velocity leads, so both ends are at one time.

    def _step(self, h: float, e: float, vt: float, at: float) -> None:
        k1, k2, k3 = self._gains.position, self._gains.velocity, self._gains.acceleration
        v, a = self.velocity, self.acceleration
        limits = self._limits
        vmax = INSIDE * limits.velocity
        size = abs(e)
        corner = self._a_brake / (k1 * k1)
        if size <= corner:
            gain = slope = k1
        else:
            gain = sqrt(2.0 * self._a_brake * (size - 0.5 * corner)) / size
            slope = self._a_brake / (gain * size)
        vd = vt + gain * e
        feed = at + slope * (vt - v) if e else at
        if vd > vmax:
            vd, feed = vmax, min(feed, 0.0)
        elif vd < -vmax:
            vd, feed = -vmax, max(feed, 0.0)
        ev = vd - v
        size = abs(ev)
        corner = self._j_brake / (k2 * k2)
        if size > corner:
            ev *= sqrt(2.0 * self._j_brake * (size - 0.5 * corner)) / size
        else:
            ev *= k2
        amax = limits.acceleration
        ad = min(max(feed + ev, -amax), amax)
        jmax = limits.jerk
        j = min(max(min(k3, 1.0 / h) * (ad - a), -jmax), jmax)
        a += j * h
        self.position += v * h + 0.5 * a * h * h
        self.velocity = v + a * h
        self.acceleration = a


class VectorFollower:
    """A reference in space whose limits hold for the length of the vectors: steps go straight.

    It knows only differences, so it serves for rotations too: `step` takes the error and returns
    the displacement of this period; `velocity` and `acceleration` are tuples of three.
    """

    __slots__ = ('_a_brake', '_gains', '_j_brake', 'acceleration', 'limits', 'speed_cap',
                 'velocity')

    def __init__(self, limits: MotionLimits, gains: FollowerGains | None = None) -> None:
        self.limits = limits
        self._gains = gains or FollowerGains()
        self._a_brake = BRAKING * limits.acceleration
        self._j_brake = BRAKING * limits.jerk
        self.speed_cap = inf  # a further limit of the speed, for the time being
        self.velocity: Vector3 = (0.0, 0.0, 0.0)
        self.acceleration: Vector3 = (0.0, 0.0, 0.0)

    def reset(self) -> None:
        """Start at rest."""
        self.velocity = self.acceleration = (0.0, 0.0, 0.0)

    def brake(self, dt: float) -> Vector3:
        """Displacement over dt while coming to rest within the limits."""
        parts = 1 if dt <= LONGEST_STEP else ceil(dt / LONGEST_STEP)
        zero = (0.0, 0.0, 0.0)
        x = y = z = 0.0
        for _ in range(parts):
            dx, dy, dz = self._step(dt / parts, zero, zero, zero)
            x, y, z = x + dx, y + dy, z + dz
        return x, y, z

    def step(
        self, dt: float, error: Vector3, velocity: Vector3, acceleration: Vector3
    ) -> Vector3:
        """Displacement over dt, toward a target that will be `error` away at its end."""
        if dt <= LONGEST_STEP:
            ex, ey, ez = error
            vx, vy, vz = self.velocity
            own = (ex - dt * vx, ey - dt * vy, ez - dt * vz)
            return self._step(dt, own, velocity, acceleration)
        parts = ceil(dt / LONGEST_STEP)
        h = dt / parts
        x = y = z = 0.0
        for part in range(parts):
            back = h * (part + 1) - dt  # how far before the end of the period, s
            moved = tuple(v + a * back for v, a in zip(velocity, acceleration))
            ex, ey, ez = (
                e + back * (v + 0.5 * a * back)
                for e, v, a in zip(error, velocity, acceleration)
            )
            vx, vy, vz = self.velocity
            own = (ex - x - h * vx, ey - y - h * vy, ez - z - h * vz)
            dx, dy, dz = self._step(h, own, moved, acceleration)
            x, y, z = x + dx, y + dy, z + dz
        return x, y, z

    def _step(self, h: float, error: Vector3, vt: Vector3, at: Vector3) -> Vector3:
        k1, k2, k3 = self._gains.position, self._gains.velocity, self._gains.acceleration
        ex, ey, ez = error
        tx, ty, tz = vt
        vx, vy, vz = self.velocity
        ax, ay, az = self.acceleration
        limits = self.limits
        size = sqrt(ex * ex + ey * ey + ez * ez)
        corner = self._a_brake / (k1 * k1)
        if size <= corner:
            gain = slope = k1
        else:
            gain = sqrt(2.0 * self._a_brake * (size - 0.5 * corner)) / size
            slope = self._a_brake / (gain * size)
        dx, dy, dz = tx + gain * ex, ty + gain * ey, tz + gain * ez
        if size == 0.0:  # braking, or exactly there: nothing to converge to
            slope = 0.0
        fx, fy, fz = at[0] + slope * (tx - vx), at[1] + slope * (ty - vy), at[2] + slope * (tz - vz)
        size = sqrt(dx * dx + dy * dy + dz * dz)
        vmax = min(INSIDE * limits.velocity, self.speed_cap)
        if size > vmax:
            share = vmax / size
            dx, dy, dz = dx * share, dy * share, dz * share
            # at the speed limit only what turns or slows the motion is fed forward
            along = max((fx * dx + fy * dy + fz * dz) / (vmax * vmax + 1e-12), 0.0)
            fx, fy, fz = fx - along * dx, fy - along * dy, fz - along * dz
        dx, dy, dz = dx - vx, dy - vy, dz - vz
        size = sqrt(dx * dx + dy * dy + dz * dz)
        corner = self._j_brake / (k2 * k2)
        gain = k2 if size <= corner else sqrt(2.0 * self._j_brake * (size - 0.5 * corner)) / size
        fx, fy, fz = fx + gain * dx, fy + gain * dy, fz + gain * dz
        size = sqrt(fx * fx + fy * fy + fz * fz)
        if size > limits.acceleration:
            share = limits.acceleration / size
            fx, fy, fz = fx * share, fy * share, fz * share
        k3 = min(k3, 1.0 / h)
        jx, jy, jz = k3 * (fx - ax), k3 * (fy - ay), k3 * (fz - az)
        size = sqrt(jx * jx + jy * jy + jz * jz)
        share = h if size <= limits.jerk else h * limits.jerk / size
        ax, ay, az = ax + jx * share, ay + jy * share, az + jz * share
        half = 0.5 * h * h
        moved = (vx * h + ax * half, vy * h + ay * half, vz * h + az * half)
        self.velocity = (vx + ax * h, vy + ay * h, vz + az * h)
        self.acceleration = (ax, ay, az)
        return moved
