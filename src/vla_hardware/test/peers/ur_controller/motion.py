"""How the controller makes its joint reference: `servoj`, `speedj`, stops.

servoj is a PD law on where the arm would be after the look-ahead time T (the manual: it "projects
the current position forward in time with the current velocity", the gain "works like the P-term"):

    q̈ = gain (x − (q + T q̇))

so a ramp is followed T seconds late. The acceleration is held within what the joints have; a target
so far away that they could never follow ends in a protective stop, as on the arm.
"""

from __future__ import annotations

import numpy as np

LARGEST_ACCELERATION = 40.0  # rad/s²
ABSURD_ACCELERATION = 500.0  # rad/s², asked for by a target that is no continuation of the motion
LARGEST_VELOCITY = 3.2  # rad/s
STEP = 0.002  # s


class Reference:
    """Joint reference `q`, `qd`, `qdd` [6] in rad, rad/s, rad/s²."""

    def __init__(self, q: np.ndarray) -> None:
        self.q = q.copy()
        self.qd = np.zeros(6)
        self.qdd = np.zeros(6)
        self.scaling = 1.0  # of the speed slider
        self.largest_qdd = 0.0
        self._law = self._hold
        self._target = q.copy()
        self._lookahead, self._gain, self._rate = 0.1, 300.0, 10.0

    @property
    def still(self) -> bool:
        """Whether it stands."""
        return bool((np.abs(self.qd) < 1e-6).all())

    def servo(self, target: np.ndarray, lookahead: float, gain: float) -> None:
        """Follow a joint position."""
        self._law = self._servo
        self._target, self._lookahead, self._gain = target, lookahead, gain

    def speed(self, target: np.ndarray, acceleration: float) -> None:
        """Take up a joint velocity."""
        self._law = self._speed
        self._target, self._rate = target, acceleration

    def stop(self, rate: float) -> None:
        """Come to rest at this deceleration of the fastest joint in rad/s²."""
        if self._law != self._hold:
            self.speed(np.zeros(6), rate)

    def step(self, dt: float) -> bool:
        """Move on by dt; False when the joints cannot do what is asked."""
        able = True
        for _ in range(max(1, round(dt / STEP))):
            able &= self._step(STEP if dt > STEP else dt)
        return able

    def _step(self, h: float) -> bool:
        before = self.qd.copy()
        self._law(h)
        np.subtract(self.qd, before, out=self.qdd)
        self.qdd /= h
        asked = float(np.abs(self.qdd).max())
        self.largest_qdd = max(self.largest_qdd, asked)
        np.clip(self.qdd, -LARGEST_ACCELERATION, LARGEST_ACCELERATION, out=self.qdd)
        self.qd[:] = before + h * self.qdd
        self.q += h * self.qd
        return asked < ABSURD_ACCELERATION

    def _hold(self, h: float) -> None:
        self.qd[:] = 0.0

    def _servo(self, h: float) -> None:
        # implicit in the velocity: stable for every gain and look-ahead at these steps
        gain, lookahead = self._gain, self._lookahead
        self.qd += h * gain * (self._target - self.q - lookahead * self.qd) / (
            1.0 + h * gain * (lookahead + h))
        most = LARGEST_VELOCITY * self.scaling
        np.clip(self.qd, -most, most, out=self.qd)

    def _speed(self, h: float) -> None:
        change = self.scaling * self._target - self.qd
        fastest = float(np.abs(change).max())
        if fastest > h * self._rate:
            change *= h * self._rate / fastest
        self.qd += change
