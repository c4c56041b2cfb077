"""Commands that the robot accepts, whatever is asked of it.

The robot compares each command with the last one that *it* received and aborts the motion where
the step is too large. Every limiter here therefore starts from the robot's own record of the last
command (`tau_J_d`; `q_d`, `dq_d`, `ddq_d`; `O_T_EE_c`, `O_dP_EE_c`), so that a lost datagram costs
nothing but its own period. Limits are kept with `SHARE` of them to spare.

Source: Franka Control Interface documentation, "Robot and interface specifications", Franka
Research 3: limits in joint space, position-based velocity limits, Cartesian limits.
"""

from __future__ import annotations

import numpy as np

from vla_core.limits import clamp_rate, clamp_velocity, stopping_speed
from vla_core.profile import CartesianLimits, JointLimits
from vla_core.rotation import (
    quaternion_inverse,
    quaternion_multiply,
    quaternion_to_rotation_vector,
    rotation_vector_to_quaternion,
    shortest,
)

__all__ = ['JointMotionLimiter', 'TipMotionLimiter', 'TorqueLimiter', 'velocity_envelope']

SHARE = 0.99
JERK_SHARE = 0.9  # the robot's records are float32, which a third derivative feels
TIP_SHARE = 0.25  # of the tip's acceleration and jerk: the joints behind it have limits too
BRAKING = 0.7  # share of the acceleration planned for catching up
AGREEMENT = 4e-7  # rad, m: a record nearer than this is our own command, as float32 tells it
SPEED_AGREEMENT = 1e-4  # rad/s: the same for its first derivative
LOOKAHEAD = 0.005  # s by which a joint brakes before its envelope

# Joint 1 to 7: where the envelope ends (rad), its offset (rad/s) and deceleration (rad/s²).
ENVELOPE_LOWER = np.array([-2.7501, -1.7918, -2.9065, -3.0481, -2.8101, 0.54092, -3.0196])
ENVELOPE_UPPER = np.array([2.7501, 1.7918, 2.9065, -0.1458, 2.8101, 4.5205, 3.0196])
ENVELOPE_OFFSET = np.array([0.30, 0.20, 0.20, 0.30, 0.35, 0.35, 0.35])
ENVELOPE_DECELERATION = np.array([6.0, 2.585, 3.5, 4.0, 17.0, 5.5, 17.0])


def velocity_envelope(position: np.ndarray, limits: JointLimits) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest velocity [7] that the robot allows at a position [7]."""
    def speed(room: np.ndarray) -> np.ndarray:
        ramp = np.sqrt(2.0 * ENVELOPE_DECELERATION * np.maximum(room, 0.0)) - ENVELOPE_OFFSET
        return np.clip(ramp, 0.0, limits.velocity)
    return -speed(position - ENVELOPE_LOWER), speed(ENVELOPE_UPPER - position)


class TorqueLimiter:
    """Torques [7] and their rate; N·m."""

    def __init__(self, limits: JointLimits, period: float) -> None:
        self._most = limits.effort
        self._rate = SHARE * limits.effort_rate
        self._dt = period

    def limit(self, torque: np.ndarray, received: np.ndarray) -> np.ndarray:
        """The torque [7] nearest to `torque` that the robot accepts after `received` [7]."""
        return clamp_rate(np.clip(torque, -self._most, self._most), received, self._rate, self._dt)


class JointMotionLimiter:
    """Joint positions and velocities [7] within envelope, acceleration and jerk."""

    def __init__(self, limits: JointLimits, period: float) -> None:
        self._dt = period
        self._limits = limits.model_copy(update={
            'velocity': SHARE * limits.velocity, 'acceleration': SHARE * limits.acceleration,
            'jerk': JERK_SHARE * limits.jerk})
        n = len(limits.velocity)
        self.position, self.velocity, self.acceleration = np.zeros(n), np.zeros(n), np.zeros(n)
        self._asked = np.zeros(n)

    def start(self, position: np.ndarray) -> None:
        """Begin at rest at a position [7]."""
        self.position[:] = self._asked[:] = position
        self.velocity[:] = self.acceleration[:] = 0.0

    def confirm(
        self, position: np.ndarray, velocity: np.ndarray, acceleration: np.ndarray,
    ) -> None:
        """Take the robot's record of the last command [7] where it is not ours: that was lost."""
        if (np.abs(position - self.position).max() > AGREEMENT
                or np.abs(velocity - self.velocity).max() > SPEED_AGREEMENT):
            self.position[:], self.velocity[:] = position, velocity
            self.acceleration[:] = acceleration

    def limit_position(self, wanted: np.ndarray) -> np.ndarray:
        """The position [7] to command next on the way to `wanted` [7]."""
        limits, dt = self._limits, self._dt
        wanted = np.clip(wanted, limits.position_lower, limits.position_upper)
        moving = np.clip((wanted - self._asked) / dt, -limits.velocity, limits.velocity)
        self._asked[:] = wanted
        direct = (wanted - self.position) / dt
        change = (direct - self.velocity) / dt
        inside = ((np.abs(change) <= limits.acceleration)
                  & (np.abs(change - self.acceleration) <= limits.jerk * dt))
        gap = wanted - self.position - moving * dt
        closing = np.minimum(
            stopping_speed(np.abs(gap), BRAKING * limits.acceleration, BRAKING * limits.jerk),
            30.0 * np.abs(gap))
        self._step(np.where(inside, direct, moving + np.sign(gap) * closing))
        return self.position

    def limit_velocity(self, wanted: np.ndarray) -> np.ndarray:
        """The velocity [7] to command next on the way to `wanted` [7]."""
        limits = self._limits
        most = stopping_speed(
            limits.position_upper - self.position, BRAKING * limits.acceleration, limits.jerk)
        least = stopping_speed(
            self.position - limits.position_lower, BRAKING * limits.acceleration, limits.jerk)
        self._step(np.clip(wanted, -least, most))
        return self.velocity

    def _step(self, velocity: np.ndarray) -> None:
        ahead = self.position + self.velocity * LOOKAHEAD
        low, high = velocity_envelope(ahead, self._limits)
        self.velocity, self.acceleration = clamp_velocity(
            np.clip(velocity, SHARE * low, SHARE * high), self.velocity, self.acceleration,
            self._limits, self._dt)
        self.position += self.velocity * self._dt


class _VectorMotion:
    """A velocity [3] whose norm, and the norms of whose derivatives, stay within limits."""

    def __init__(self, velocity: float, acceleration: float, jerk: float, period: float) -> None:
        self._most = SHARE * velocity, TIP_SHARE * acceleration, TIP_SHARE * jerk
        self._dt = period
        self.stop()

    def stop(self) -> None:
        """Rest."""
        self.velocity, self.acceleration = np.zeros(3), np.zeros(3)
        self._before = self.acceleration

    def lose(self, mean: np.ndarray, cycles: int) -> None:
        """The last step was not made; the robot moved at `mean` [3] for `cycles` periods."""
        self.acceleration = self._before
        self.velocity = mean + self.acceleration * (0.5 * (cycles - 1) * self._dt)

    def approach(self, gap: np.ndarray, moving: np.ndarray) -> np.ndarray:
        """The velocity that closes a gap [3] to something that moves at `moving` [3]."""
        _, acceleration, jerk = self._most
        distance = float(np.linalg.norm(gap))
        if distance < 1e-12:
            return moving
        speed = min(float(stopping_speed(distance, BRAKING * acceleration, BRAKING * jerk)),
                    30.0 * distance)
        return moving + gap * (speed / distance)

    def step(self, wanted: np.ndarray) -> np.ndarray:
        """The velocity [3] of the next period on the way to `wanted` [3]."""
        dt, (most, acceleration, jerk) = self._dt, self._most
        change = (_shortened(wanted, most) - self.velocity) / dt
        room = max(most - float(np.linalg.norm(self.velocity)), 0.0)
        speeding_up = float(change @ self.velocity) > 0.0
        bound = min(acceleration, jerk / acceleration * room) if speeding_up else acceleration
        change = _shortened(change, bound)
        change = self.acceleration + _shortened(change - self.acceleration, jerk * dt)
        self._before = self.acceleration
        self.velocity = self.velocity + change * dt
        self.acceleration = change
        return self.velocity


def _shortened(vector: np.ndarray, most: float) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return vector if length <= most else vector * (most / length)


class TipMotionLimiter:
    """Poses [x, y, z, qx, qy, qz, qw] and twists [6] of the end effector, base axes."""

    def __init__(self, limits: CartesianLimits, period: float) -> None:
        self._dt = period
        self._linear = _VectorMotion(
            limits.linear_velocity, limits.linear_acceleration, limits.linear_jerk, period)
        self._angular = _VectorMotion(
            limits.angular_velocity, limits.angular_acceleration, limits.angular_jerk, period)
        self.pose = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
        self._asked, self._record = self.pose.copy(), self.pose.copy()

    def start(self, pose: np.ndarray) -> None:
        """Begin at rest at a pose [7]."""
        self.pose[:] = self._asked[:] = self._record[:] = pose
        self._linear.stop()
        self._angular.stop()

    def confirm_pose(self, pose: np.ndarray, cycles: int) -> None:
        """Take the robot's record of the last pose [7], `cycles` after the one before.

        Where it is not ours, ours was lost, and the robot went on by itself at its acceleration.
        """
        if np.abs(pose[:3] - self.pose[:3]).max() > AGREEMENT:
            span = cycles * self._dt
            self._linear.lose((pose[:3] - self._record[:3]) / span, cycles)
            self._angular.lose(_rotation(self._record[3:], pose[3:]) / span, cycles)
            self.pose[:] = pose
        self._record[:] = pose

    def confirm_twist(self, twist: np.ndarray) -> None:
        """Take the robot's record of the last twist [6]."""
        self._linear.velocity, self._angular.velocity = twist[:3], twist[3:]

    def limit_twist(self, wanted: np.ndarray) -> np.ndarray:
        """The twist [6] to command next on the way to `wanted` [6]."""
        return np.concatenate(
            (self._linear.step(wanted[:3]), self._angular.step(wanted[3:])))

    def limit_pose(self, wanted: np.ndarray) -> np.ndarray:
        """The pose [7] to command next on the way to `wanted` [7]."""
        dt = self._dt
        moving = (wanted[:3] - self._asked[:3]) / dt
        turning = _rotation(self._asked[3:], wanted[3:]) / dt
        self._asked[:] = wanted
        linear = self._linear.step(self._linear.approach(
            wanted[:3] - self.pose[:3] - moving * dt, moving))
        angular = self._angular.step(self._angular.approach(
            _rotation(self.pose[3:], wanted[3:]) - turning * dt, turning))
        self.pose[:3] += linear * dt
        turned = quaternion_multiply(rotation_vector_to_quaternion(angular * dt), self.pose[3:])
        self.pose[3:] = turned / np.linalg.norm(turned)
        return self.pose


def _rotation(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Rotation vector [3] along base axes that turns one quaternion into another."""
    return quaternion_to_rotation_vector(
        quaternion_multiply(shortest(end, start), quaternion_inverse(start)))
