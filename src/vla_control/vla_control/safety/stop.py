"""The stop that wins over everything, and how an arm comes to rest under it.

The stop is latched: it stays, with its first reason, until it is released on purpose. A stopped arm
brakes each joint within acceleration and jerk limits and then holds its place; so does an arm whose
controllers are all inactive. A leader arm does not hold: it is braked by damping, for a person's
hand to move.
"""

from __future__ import annotations

import numpy as np

from vla_control.arm_model import ArmModel
from vla_control.follower import MotionLimits
from vla_control.laws.joint_drive import JointDrive
from vla_control.target import JointReference
from vla_hardware import ArmCapabilities, ControlMode

__all__ = ['Rest', 'StopLatch']


class StopLatch:
    """The latch: engaged with a reason until released."""

    def __init__(self) -> None:
        self.reason = ''
        self.count = 0

    @property
    def engaged(self) -> bool:
        """Whether the stop holds."""
        return bool(self.reason)

    def engage(self, reason: str) -> bool:
        """Engage; True when it was not engaged before. The first reason stays."""
        if self.reason:
            return False
        self.reason = reason or 'stop requested'
        self.count += 1
        return True

    def release(self) -> None:
        """Release, on purpose."""
        self.reason = ''


class Rest:
    """Brings one arm to rest and keeps it there, in the mode that it is in."""

    def __init__(
        self, model: ArmModel, capabilities: ArmCapabilities, floats: bool = False
    ) -> None:
        limits = model.profile.limits
        self._drives = {
            mode: JointDrive(model, capabilities, mode) for mode in capabilities.modes}
        self._drive = self._drives[capabilities.modes[0]]
        self._floats = floats
        self._reference = JointReference([
            MotionLimits(v, 0.8 * a, 0.8 * j) for v, a, j in
            zip(limits.velocity, limits.acceleration, limits.jerk)])

    def start(self, mode: ControlMode, position: np.ndarray, velocity: np.ndarray) -> None:
        """Begin from a motion [n]: the last command of a position arm, else what is measured."""
        self._drive = self._drives[mode]
        self._reference.start(position, velocity, np.zeros_like(position))

    @property
    def moving(self) -> bool:
        """Whether the arm still brakes."""
        return self._reference.moving

    def compute(self, dt: float, position: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """Command [n] in the unit of the mode, for a measured state [n]."""
        reference = self._reference
        if self._floats:
            reference.start(position, 0.5 * velocity, reference.acceleration * 0.0)
        reference.brake(dt)
        return self._drive.command(
            position, velocity, reference.position, reference.velocity, reference.acceleration)
