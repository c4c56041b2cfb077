"""
Motion of a reference within limits of speed and acceleration, toward a velocity or a place.

With error e = x* − x and limits V, A the velocity that is wanted is

    v_d = min(V, √(A |e|), k |e|) e/|e|,        k = RATE

whose braking never needs more than A: on the square root the deceleration is A/2, on the line it is
k²|e| ≤ A, since the line begins at |e| = A/k² (the square-root controller of ArduPilot). The
velocity itself changes by no more than A dt a step. Limits are those of a vector's length: a
tip goes the straight way. Controllers add the limits of jerk (`vla_control.follower`).
"""
from dataclasses import dataclass

import numpy as np

from vla_core.profile import ArmProfile
from vla_core.rotation import (
    IDENTITY,
    normalise,
    quaternion_inverse,
    quaternion_multiply,
    quaternion_to_rotation_vector,
    rotation_vector_to_quaternion,
    shortest,
)

__all__ = ['JointMotion', 'Limits', 'PoseMotion', 'VectorMotion']

RATE = 12.0  # 1/s
LEASH = 0.06  # m
REST = 1e-6  # m or rad: nearer than this is there


@dataclass(frozen=True)
class Limits:
    """Largest speed and acceleration, in units per s and s²; numbers, or arrays [n] of joints."""

    velocity: float | np.ndarray
    acceleration: float | np.ndarray

    def slowed(self, share: float) -> 'Limits':
        """The same with the speed times ``share``."""
        return Limits(self.velocity * share, self.acceleration)

    @staticmethod
    def of_tip(arm: ArmProfile, linear_m_s: float, angular_rad_s: float, share: float) -> tuple:
        """Limits of translation and rotation: as wanted, within ``share`` of the profile's."""
        tip = arm.cartesian
        return (Limits(min(linear_m_s, share * tip.linear_velocity),
                       share * tip.linear_acceleration),
                Limits(min(angular_rad_s, share * tip.angular_velocity),
                       share * tip.angular_acceleration))

    @staticmethod
    def of_joints(arm: ArmProfile, share: float) -> 'Limits':
        """Limits of n joints: ``share`` of the profile's."""
        return Limits(share * arm.limits.velocity, share * arm.limits.acceleration)


class VectorMotion:
    """A point [3] whose velocity's length is limited."""

    def __init__(self, place: np.ndarray) -> None:
        self.place = np.array(place, np.float64)
        self.velocity = np.zeros_like(self.place)

    def towards(self, target: np.ndarray, limits: Limits) -> np.ndarray:
        """The velocity that is wanted in order to come to rest at ``target``."""
        error = target - self.place
        distance = float(np.linalg.norm(error))
        if distance < REST:
            return np.zeros_like(error)
        speed = min(limits.velocity, np.sqrt(limits.acceleration * distance), RATE * distance)
        return error * (speed / distance)

    def step(self, wanted: np.ndarray, limits: Limits, dt: float) -> np.ndarray:
        """Move for ``dt`` s with a velocity as near ``wanted`` as the limits let; the way made."""
        wanted = _shortened(wanted, limits.velocity)
        change = _shortened(wanted - self.velocity, limits.acceleration * dt)
        self.velocity = self.velocity + change
        way = self.velocity * dt
        self.place = self.place + way
        return way


class PoseMotion:
    """
    A tip's pose in its base frame: position [3] m and quaternion [4], within a workspace.

    At the walls the outward velocity falls to zero so that the reference comes to rest there; a
    reference that begins outside moves inward only. It does not lead the arm by more than `LEASH`:
    an arm that is held back, by an obstacle or the end of its reach, is waited for.
    """

    def __init__(
        self, position: np.ndarray, quaternion: np.ndarray, lower: np.ndarray, upper: np.ndarray,
    ) -> None:
        self._linear = VectorMotion(position)
        self._turn = VectorMotion(np.zeros(3))
        self.quaternion = normalise(quaternion)
        self._lower, self._upper = lower, upper
        self._lead = np.zeros(3)

    def measured(self, position: np.ndarray) -> None:
        """Where the tip really is, m."""
        self._lead = self.position - position

    @property
    def position(self) -> np.ndarray:
        return self._linear.place

    @property
    def at_rest(self) -> bool:
        """Whether it stands still."""
        return not (self._linear.velocity.any() or self._turn.velocity.any())

    @property
    def speeds(self) -> tuple[float, float]:
        """m/s and rad/s."""
        return (float(np.linalg.norm(self._linear.velocity)),
                float(np.linalg.norm(self._turn.velocity)))

    def drive(self, twist: np.ndarray, linear: Limits, angular: Limits, dt: float) -> None:
        """Move with a twist [6] in base axes, m/s and rad/s."""
        self._step(twist[:3], twist[3:], linear, angular, dt)

    def approach(
        self, position: np.ndarray, quaternion: np.ndarray, linear: Limits, angular: Limits,
        dt: float,
    ) -> None:
        """Move toward a pose in order to come to rest there."""
        inside = np.clip(position, np.minimum(self._lower, self.position),
                         np.maximum(self._upper, self.position))
        away = quaternion_to_rotation_vector(shortest(quaternion_multiply(
            quaternion, quaternion_inverse(self.quaternion)), IDENTITY))
        self._turn.place = np.zeros(3)
        self._step(self._linear.towards(inside, linear), self._turn.towards(away, angular),
                   linear, angular, dt)

    def _step(
        self, linear_velocity: np.ndarray, angular_velocity: np.ndarray, linear: Limits,
        angular: Limits, dt: float,
    ) -> None:
        leashed = self._on_leash(_shortened(linear_velocity, linear.velocity))
        self._linear.step(self._before_walls(leashed, linear.acceleration), linear, dt)
        turn = self._turn.step(angular_velocity, angular, dt)
        self.quaternion = normalise(quaternion_multiply(
            rotation_vector_to_quaternion(turn), self.quaternion))

    def _on_leash(self, velocity: np.ndarray) -> np.ndarray:
        distance = float(np.linalg.norm(self._lead))
        if distance <= LEASH:
            return velocity
        away = self._lead / distance
        return velocity - max(float(velocity @ away), 0.0) * away

    def _before_walls(self, velocity: np.ndarray, acceleration: float) -> np.ndarray:
        share = 0.5 * acceleration  # three axes may have to brake at once
        up = np.maximum(self._upper - self.position, 0.0)
        down = np.maximum(self.position - self._lower, 0.0)
        return np.clip(velocity, -np.minimum(np.sqrt(share * down), RATE * down),
                       np.minimum(np.sqrt(share * up), RATE * up))


class JointMotion:
    """n joints, each within its own speed, acceleration and range."""

    def __init__(self, place: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
        self.place = np.array(place, np.float64)
        self.velocity = np.zeros_like(self.place)
        self._lower, self._upper = lower, upper

    @property
    def at_rest(self) -> bool:
        """Whether all stand still."""
        return not self.velocity.any()

    def approach(self, target: np.ndarray, limits: Limits, dt: float) -> None:
        """Move toward ``target`` [n] in order to come to rest there."""
        inside = np.clip(target, np.minimum(self._lower, self.place),
                         np.maximum(self._upper, self.place))
        error = inside - self.place
        distance = np.abs(error)
        speed = np.minimum(np.minimum(limits.velocity, np.sqrt(limits.acceleration * distance)),
                           np.where(distance < REST, 0.0, RATE * distance))
        self._step(np.sign(error) * speed, limits, dt)

    def brake(self, limits: Limits, dt: float) -> None:
        """Come to rest."""
        self._step(np.zeros_like(self.place), limits, dt)

    def _step(self, wanted: np.ndarray, limits: Limits, dt: float) -> None:
        most = limits.acceleration * dt
        self.velocity = self.velocity + np.clip(wanted - self.velocity, -most, most)
        self.place = self.place + self.velocity * dt


def _shortened(vector: np.ndarray, most: float) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return vector * (most / length) if length > most else vector
