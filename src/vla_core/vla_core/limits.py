"""
Limits of motion: clamping, reporting, and how far an arm still goes while it brakes.

Everything is pure NumPy on arrays [n], one number a joint, SI units. Control, execution and
safety share these, so that they agree on what a limit means.
"""
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vla_core.profile import JointLimits

Array = NDArray[np.float64]

__all__ = [
    'Braking', 'LimitViolation', 'braking', 'clamp_acceleration', 'clamp_position', 'clamp_rate',
    'clamp_velocity', 'stopping_speed', 'violations',
]


@dataclass(frozen=True)
class LimitViolation:
    """One joint beyond one limit; as text it is one line."""

    joint: str
    limit: str
    value: float
    bound: float
    unit: str

    def __str__(self) -> str:
        return (f'{self.joint}: {self.limit} {self.value:.6g} {self.unit} is beyond the limit '
                f'{self.bound:.6g} {self.unit}')


_SYMMETRIC_UNITS = {
    'velocity': 'rad/s', 'acceleration': 'rad/s²', 'jerk': 'rad/s³', 'effort': 'N·m',
    'effort_rate': 'N·m/s'}


def violations(
    joints: Sequence[str], limits: JointLimits, *, position: ArrayLike | None = None,
    velocity: ArrayLike | None = None, acceleration: ArrayLike | None = None,
    jerk: ArrayLike | None = None, effort: ArrayLike | None = None,
    effort_rate: ArrayLike | None = None, tolerance: float = 1e-9,
) -> list[LimitViolation]:
    """
    Every limit that the given quantities [n] exceed by more than ``tolerance`` of it.

    A quantity that is not finite exceeds its limit.
    """
    found: list[LimitViolation] = []

    def report(name: str, values: Array, bound: Array, unit: str, sign: float = 1.0) -> None:
        slack = tolerance * np.maximum(1.0, np.abs(bound))
        beyond = ~(sign * values <= sign * bound + slack)
        found.extend(
            LimitViolation(joints[i], name, float(values[i]), float(bound[i]), unit)
            for i in np.flatnonzero(beyond))

    if position is not None:
        values = np.asarray(position, dtype=np.float64)
        report('position', values, limits.position_upper, 'rad')
        low = np.where(np.isnan(values), limits.position_lower, values)
        report('position', low, limits.position_lower, 'rad', sign=-1.0)
    given = {'velocity': velocity, 'acceleration': acceleration, 'jerk': jerk, 'effort': effort,
             'effort_rate': effort_rate}
    for name, quantity in given.items():
        if quantity is not None:
            values = np.asarray(quantity, dtype=np.float64)
            bound = np.copysign(getattr(limits, name), values)
            report(name, np.abs(values), np.abs(bound), _SYMMETRIC_UNITS[name])
    return found


def clamp_position(position: ArrayLike, limits: JointLimits) -> Array:
    """Positions [..., n] moved into the limits of each joint."""
    return np.clip(np.asarray(position, dtype=np.float64),
                   limits.position_lower, limits.position_upper)


def clamp_rate(value: ArrayLike, previous: ArrayLike, rate: ArrayLike, dt: float) -> Array:
    """
    ``value`` [n] moved so that it changes from ``previous`` by at most ``rate`` per second.

    ``dt`` in s. Serves every per-second limit: torque rate, position by velocity, and so on.
    """
    previous = np.asarray(previous, dtype=np.float64)
    step = np.asarray(rate, dtype=np.float64) * dt
    return np.clip(np.asarray(value, dtype=np.float64), previous - step, previous + step)


def clamp_velocity(
    velocity: ArrayLike, previous: ArrayLike, previous_acceleration: ArrayLike,
    limits: JointLimits, dt: float,
) -> tuple[Array, Array]:
    """
    One step of ``dt`` s towards ``velocity`` [n] within velocity, acceleration and jerk limits.

    Returns the velocity reached and the acceleration over the step. From a state that this
    function itself produced (rest is one) all three limits hold exactly, because the
    acceleration is always one that the jerk limit can still take back to zero before the velocity
    limit: see `clamp_acceleration`.
    """
    previous = np.asarray(previous, dtype=np.float64)
    wanted = np.clip(np.asarray(velocity, dtype=np.float64), -limits.velocity, limits.velocity)
    acceleration = clamp_acceleration(
        (wanted - previous) / dt, previous, previous_acceleration, limits, dt)
    return previous + acceleration * dt, acceleration


def clamp_acceleration(
    acceleration: ArrayLike, velocity: ArrayLike, previous: ArrayLike,
    limits: JointLimits, dt: float,
) -> Array:
    """
    ``acceleration`` [n] for the next ``dt`` s, within acceleration, jerk and velocity limits.

    Bringing an acceleration a to zero by jerk J in steps of dt adds the velocity
    Σ max(a − k J dt, 0) dt over k = 0, 1, …; it must fit into what is left to the velocity limit.
    With x = a / (J dt), g = gap / (J dt²) and n the least integer with n (n + 1) / 2 ≥ g, the
    largest such x is g / n + (n − 1) / 2. Where limits contradict, jerk wins.
    """
    velocity = np.asarray(velocity, dtype=np.float64)
    previous = np.asarray(previous, dtype=np.float64)
    step = limits.jerk * dt
    upper = np.minimum(_largest_start(limits.velocity - velocity, step, dt), limits.acceleration)
    lower = -np.minimum(_largest_start(limits.velocity + velocity, step, dt), limits.acceleration)
    wanted = np.clip(np.asarray(acceleration, dtype=np.float64), lower, upper)
    return np.clip(wanted, previous - step, previous + step)


def _largest_start(gap: Array, step: Array, dt: float) -> Array:
    g = gap / (step * dt)
    n = np.maximum(np.ceil(0.5 * (np.sqrt(1.0 + 8.0 * np.maximum(g, 0.0)) - 1.0)), 1.0)
    return (g / n + 0.5 * (n - 1.0)) * step


@dataclass(frozen=True, eq=False)
class Braking:
    """
    The fastest stop within acceleration and jerk limits; each field is [n].

    ``time_s`` until velocity and acceleration are zero, ``displacement`` of the place where that
    is, and ``lower`` ≤ 0 ≤ ``upper``, how far the joint gets to either side on the way.
    """

    time_s: Array
    displacement: Array
    lower: Array
    upper: Array


def braking(
    velocity: ArrayLike, acceleration: ArrayLike, max_acceleration: ArrayLike, jerk: ArrayLike,
) -> Braking:
    """
    How a joint at ``velocity`` and ``acceleration`` [n] comes to rest.

    The time-optimal profile: acceleration goes by full jerk to a peak against the motion, stays
    there if the peak is ``max_acceleration``, and comes back to zero. An acceleration already
    beyond the limit is not raised further. Rad or m, s.
    """
    v0, a0, A, J = np.broadcast_arrays(*(
        np.asarray(x, dtype=np.float64) for x in (velocity, acceleration, max_acceleration, jerk)))
    # Velocity left once the acceleration alone is gone: it says which way to brake.
    sign = np.where(v0 + a0 * np.abs(a0) / (2 * J) < 0, -1.0, 1.0)
    v, a = sign * v0, sign * a0
    peak = np.sqrt(np.maximum(J * v + 0.5 * a * a, 0.0))
    limit = np.maximum(A, -a)
    hold = np.where(peak > limit, (J * v + 0.5 * a * a - limit * limit) / (J * limit), 0.0)
    peak = np.minimum(peak, limit)
    down, up = np.maximum(a + peak, 0.0) / J, peak / J

    x1 = v * down + a * down**2 / 2 - J * down**3 / 6
    v1 = v + a * down - J * down**2 / 2
    x2 = v1 * hold - peak * hold**2 / 2
    # The last phase read backwards from rest: a parabola of full jerk.
    x3 = J * up**3 / 6
    end = x1 + x2 + x3

    # A joint still moving back turns once on the way, where its velocity crosses zero.
    turn = np.where(v < 0, (a - np.sqrt(np.maximum(a * a + 2 * J * v, 0.0))) / J, 0.0)
    back = v * turn + a * turn**2 / 2 - J * turn**3 / 6
    near, far = np.minimum(back, 0.0), np.maximum(end, 0.0)
    near = np.minimum(near, end)
    return Braking(
        time_s=down + hold + up,
        displacement=sign * end,
        lower=np.where(sign > 0, near, -far),
        upper=np.where(sign > 0, far, -near))


def stopping_speed(
    distance: ArrayLike, max_acceleration: ArrayLike, jerk: ArrayLike,
) -> Array:
    """
    Highest speed [n], at zero acceleration, from which a joint stops within ``distance`` [n].

    With the acceleration limit A and jerk limit J a stop from v takes the distance
    v √(v / J) up to v = A² / J and v (v / A + A / J) / 2 above. A negative distance gives 0.
    """
    d = np.maximum(np.asarray(distance, dtype=np.float64), 0.0)
    A = np.asarray(max_acceleration, dtype=np.float64)
    J = np.asarray(jerk, dtype=np.float64)
    triangular = np.cbrt(d * d * J)
    trapezoidal = 0.5 * A * (np.sqrt((A / J)**2 + 8.0 * d / A) - A / J)
    return np.where(triangular <= A * A / J, triangular, trapezoidal)
