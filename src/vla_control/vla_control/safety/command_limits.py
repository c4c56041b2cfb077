"""The last limits before the hardware, per second and absolute, whatever a law computed.

Each limiter remembers the arm's last command through every switch of controllers, so a switch
cannot jump either.
"""

from __future__ import annotations

import numpy as np

from vla_core.limits import clamp_velocity, stopping_speed
from vla_core.profile import JointLimits
from vla_hardware import ControlMode

__all__ = ['EffortLimiter', 'Limiter', 'PositionLimiter', 'VelocityLimiter', 'make_limiter']

PASSING = 1.0 + 1e-6
BRAKING = 0.7  # share of the acceleration planned for catching up
DAMPED_FROM, DAMPED_FULLY = 0.9, 1.05  # shares of a joint's fastest speed
NOTICEABLE = 1e-3  # rad; less is the smoothing of a kink, such as each target of a stream makes


class Limiter:
    """`limit` returns an admissible command [n]; `limited` says if it holds the law's back.

    Most commands pass as they are, which a look at each joint's numbers tells sooner than arrays.
    """

    def __init__(self, limits: JointLimits, period: float) -> None:
        self._limits = limits
        self._dt = period
        self.last = np.zeros(len(limits.effort))
        self.limited = False

    def reset(self, values: np.ndarray) -> None:
        """Take `values` [n] as the last command, at rest."""
        self.last[:] = values

    def limit(
        self, values: np.ndarray, position: np.ndarray, velocity: np.ndarray
    ) -> np.ndarray:
        """The admissible command for a measured state [n]; the array is reused."""
        raise NotImplementedError


class EffortLimiter(Limiter):
    """Torque and torque rate, and barriers at the ends of the joints' ranges and speeds.

    Inside the margin before an end no torque may push outward by more than a spring-damper that
    reaches the full torque inward at the end itself leaves. Around a joint's fastest speed, and
    around the speed from which it still stops before that margin, it is damped, by the full torque
    just beyond: near a singular pose a small pull of the tip is a large acceleration of a joint.
    """

    def __init__(self, limits: JointLimits, period: float, margin: float) -> None:
        super().__init__(limits, period)
        self._step = limits.effort_rate * period
        self._low = limits.position_lower + margin
        self._high = limits.position_upper - margin
        self._stiffness = limits.effort / margin
        self._damping = 0.05 * self._stiffness
        self._braking = 2.0 * BRAKING * limits.acceleration
        self._fast = DAMPED_FROM * limits.velocity
        self._fast_squared = self._fast**2
        self._drag = limits.effort / ((DAMPED_FULLY - DAMPED_FROM) * limits.velocity)
        self._bounds = [tuple(map(float, row)) for row in zip(
            self._low, self._high, limits.effort, self._step, self._braking, self._fast_squared)]
        self._out = np.zeros_like(self.last)

    def limit(
        self, values: np.ndarray, position: np.ndarray, velocity: np.ndarray
    ) -> np.ndarray:
        out, last, most = self._out, self.last, self._limits.effort
        out[:] = values
        if self._pass(values, position, velocity):
            self.limited = False
            last[:] = out
            return out
        above, below = position - self._high, self._low - position
        room = -np.maximum(above, below)  # to the nearer end
        if room.min() < 0.0:
            spring = -self._stiffness * above - self._damping * np.maximum(velocity, 0.0)
            np.minimum(out, most + 2.0 * spring, out=out, where=above > 0.0)
            spring = self._stiffness * below - self._damping * np.minimum(velocity, 0.0)
            np.maximum(out, 2.0 * spring - most, out=out, where=below > 0.0)
        if (velocity * velocity > np.minimum(self._braking * room, self._fast_squared)).any():
            room = np.maximum(np.where(velocity > 0.0, -above, -below), 0.0)
            fast = np.minimum(np.sqrt(self._braking * room), self._fast)
            excess = np.maximum(np.abs(velocity) - fast, 0.0)
            out -= np.copysign(self._drag * excess, velocity)
        np.minimum(out, most, out=out)
        np.maximum(out, -most, out=out)
        np.minimum(out, last + self._step, out=out)
        np.maximum(out, last - self._step, out=out)
        self.limited = bool((out != values).any())
        last[:] = out
        return out

    def _pass(self, values: np.ndarray, position: np.ndarray, velocity: np.ndarray) -> bool:
        """Whether every joint's torque and state are within all limits."""
        for wanted, last, place, v, (low, high, most, step, braking, fast) in zip(
                values.tolist(), self.last.tolist(), position.tolist(), velocity.tolist(),
                self._bounds):
            if not (-most <= wanted <= most and -step <= wanted - last <= step
                    and low <= place <= high and v * v <= fast
                    and v * v <= braking * min(place - low, high - place)):
                return False
        return True


class _Motion(Limiter):
    """Commands of motion."""

    def __init__(self, limits: JointLimits, period: float) -> None:
        super().__init__(limits, period)
        self._bounds = [tuple(map(float, row)) for row in zip(
            limits.position_lower, limits.position_upper, limits.velocity * PASSING,
            limits.acceleration * PASSING, limits.jerk * PASSING)]
        self._velocity = np.zeros_like(self.last)
        self._acceleration = np.zeros_like(self.last)

    @property
    def velocity(self) -> np.ndarray:
        """Velocity [n] of the last command."""
        return self._velocity


class PositionLimiter(_Motion):
    """Position, velocity, acceleration and jerk of commanded positions.

    A command within the limits passes as it is. One that is not is approached as fast as the
    limits let it, from a speed that can still brake.
    """

    def __init__(self, limits: JointLimits, period: float) -> None:
        super().__init__(limits, period)
        self._raw = np.zeros_like(self.last)

    def reset(self, values: np.ndarray) -> None:
        super().reset(values)
        self._raw[:] = values
        self._velocity[:] = 0.0
        self._acceleration[:] = 0.0

    def limit(
        self, values: np.ndarray, position: np.ndarray, velocity: np.ndarray
    ) -> np.ndarray:
        if self._pass(values):
            self.limited = False
            return self.last
        limits, dt = self._limits, self._dt
        wanted = np.minimum(np.maximum(values, limits.position_lower), limits.position_upper)
        rate = (wanted - self.last) / dt
        acceleration = (rate - self._velocity) / dt
        jerk = (acceleration - self._acceleration) / dt
        inside = (
            (np.abs(rate) <= limits.velocity * PASSING)
            & (np.abs(acceleration) <= limits.acceleration * PASSING)
            & (np.abs(jerk) <= limits.jerk * PASSING)
        )
        if not inside.all():
            moving = np.clip((wanted - self._raw) / dt, -limits.velocity, limits.velocity)
            gap = wanted - self.last - moving * dt  # what this period's motion leaves
            closing = stopping_speed(np.abs(gap), BRAKING * limits.acceleration,
                                     BRAKING * limits.jerk)
            closing = np.minimum(closing, np.abs(gap) * min(30.0, 0.5 / dt))
            bounded, bounded_acceleration = clamp_velocity(
                moving + np.sign(gap) * closing, self._velocity, self._acceleration, limits, dt)
            rate = np.where(inside, rate, bounded)
            acceleration = np.where(inside, acceleration, bounded_acceleration)
        self._raw[:] = wanted
        self._velocity[:] = rate
        self._acceleration[:] = acceleration
        self.last += rate * dt
        self.limited = bool((np.abs(self.last - values) > NOTICEABLE).any())
        return self.last

    def _pass(self, values: np.ndarray) -> bool:
        """Take the command as it is when every joint's is within all limits."""
        dt = self._dt
        rates, accelerations = [], []
        for wanted, last, v, a, (low, high, most_v, most_a, most_j) in zip(
                values.tolist(), self.last.tolist(), self._velocity.tolist(),
                self._acceleration.tolist(), self._bounds):
            rate = (wanted - last) / dt
            acceleration = (rate - v) / dt
            if not (low <= wanted <= high and -most_v <= rate <= most_v
                    and -most_a <= acceleration <= most_a
                    and -most_j <= (acceleration - a) / dt <= most_j):
                return False
            rates.append(rate)
            accelerations.append(acceleration)
        self._velocity[:] = rates
        self._acceleration[:] = accelerations
        self._raw[:] = values
        self.last[:] = values
        return True


class VelocityLimiter(_Motion):
    """Velocity, acceleration and jerk of commanded velocities, and braking before a joint's end."""

    def reset(self, values: np.ndarray) -> None:
        super().reset(values)
        self._velocity[:] = values
        self._acceleration[:] = 0.0

    def limit(
        self, values: np.ndarray, position: np.ndarray, velocity: np.ndarray
    ) -> np.ndarray:
        if self._pass(values, position):
            self.limited = False
            return self.last
        limits = self._limits
        up = stopping_speed(limits.position_upper - position, BRAKING * limits.acceleration,
                            limits.jerk)
        down = stopping_speed(position - limits.position_lower, BRAKING * limits.acceleration,
                              limits.jerk)
        wanted = np.clip(values, -down, up)
        rate, acceleration = clamp_velocity(
            wanted, self._velocity, self._acceleration, limits, self._dt)
        self.limited = bool((rate != values).any())
        self._velocity[:] = rate
        self._acceleration[:] = acceleration
        self.last[:] = rate
        return self.last

    def _pass(self, values: np.ndarray, position: np.ndarray) -> bool:
        """Take the command as it is when it is within all limits with room to spare."""
        dt = self._dt
        accelerations = []
        for wanted, v, a, place, (low, high, most_v, most_a, most_j) in zip(
                values.tolist(), self._velocity.tolist(), self._acceleration.tolist(),
                position.tolist(), self._bounds):
            acceleration = (wanted - v) / dt
            size = abs(acceleration)
            room = (high - place) if wanted > 0.0 else (place - low)
            if not (size <= most_a and abs(acceleration - a) <= most_j * dt
                    and abs(wanted) + size * (dt + 0.5 * size / most_j) <= most_v
                    and wanted * wanted <= 0.5 * most_a * room
                    and abs(wanted) * (most_a / most_j) <= room):
                return False
            accelerations.append(acceleration)
        self._acceleration[:] = accelerations
        self._velocity[:] = values
        self.last[:] = values
        return True


def make_limiter(
    mode: ControlMode, limits: JointLimits, period: float, margin: float
) -> Limiter:
    """The limiter of a control mode."""
    if mode is ControlMode.EFFORT:
        return EffortLimiter(limits, period, margin)
    return (PositionLimiter if mode is ControlMode.POSITION else VelocityLimiter)(limits, period)
