"""
One arm under a person's hand: dead-man, clutch, scaling, and the motion within limits.

The arm moves while the dead-man is held, the clutch is not pressed and the device says where;
in every other case its reference comes to rest. A device that is placed (a pose, a leader with
``relative``) takes hold of the arm anew each time, so that nothing jumps after a clutch.
"""
from dataclasses import dataclass

import numpy as np

from vla_core.profile import ArmProfile
from vla_teleop.axes import Anchor, Axes
from vla_teleop.motion import JointMotion, Limits, PoseMotion
from vla_teleop.sample import ArmInput

__all__ = ['ArmDrive', 'DriveSettings']

SLOW = 0.25  # share of speed and scale while `slow` is held
CAUGHT_UP = 0.05  # rad: a leader nearer than this is followed at full speed


@dataclass(frozen=True)
class DriveSettings:
    """Speeds in m/s, rad/s; ``share`` of the profile's limits that bounds them and all joints."""

    linear_speed: float = 0.2
    angular_speed: float = 0.8
    share: float = 0.25
    scale: float = 1.0  # metres of the tip a metre of a pose device
    catch_up: float = 0.3  # share of the joint limits until a leader's pose is reached
    relative: bool = False  # joints: by their changes, as poses are


class ArmDrive:
    """
    The reference of one arm. `begin_pose` or `begin_joints` first, then `update` every tick.

    ``motion`` is a PoseMotion, a JointMotion, or None while the drive is idle.
    """

    def __init__(self, arm: ArmProfile, settings: DriveSettings) -> None:
        self.arm, self.settings = arm, settings
        self.motion: PoseMotion | JointMotion | None = None
        self.engaged = False
        self._tip = Limits.of_tip(
            arm, settings.linear_speed, settings.angular_speed, settings.share)
        self._joints = Limits.of_joints(arm, settings.share)
        self._anchor: Anchor | None = None
        self._joint_offset: np.ndarray | None = None
        self._caught_up = False

    @property
    def at_rest(self) -> bool:
        """Whether the reference stands still; an idle drive does."""
        return self.motion is None or self.motion.at_rest

    def begin_pose(self, position: np.ndarray, quaternion: np.ndarray) -> None:
        """Begin at rest at a pose in the arm's base frame."""
        space = self.arm.workspace
        self.idle()
        self.motion = PoseMotion(position, quaternion, space.lower, space.upper)

    def begin_joints(self, place: np.ndarray) -> None:
        """Begin at rest at joint positions [n]."""
        limits = self.arm.limits
        self.idle()
        self.motion = JointMotion(place, limits.position_lower, limits.position_upper)

    def idle(self) -> None:
        """Have no reference."""
        self.motion, self.engaged = None, False
        self._let_go()

    def wants(self, given: ArmInput | None) -> bool:
        """Whether an input is of the kind that `motion` follows."""
        if given is None or self.motion is None:
            return False
        if isinstance(self.motion, JointMotion):
            return given.joints is not None
        return given.twist is not None or given.position is not None

    def update(
        self, given: ArmInput | None, held: frozenset[str], axes: Axes, dt: float,
    ) -> None:
        """Move on by ``dt`` s."""
        self.engaged = 'dead_man' in held and 'clutch' not in held and self.wants(given)
        if self.motion is None:
            return
        if not self.engaged:
            self._let_go()
        share = SLOW if 'slow' in held else 1.0
        if isinstance(self.motion, JointMotion):
            self._move_joints(given, share, dt)
        else:
            self._move_tip(given, axes, share, dt)

    def _let_go(self) -> None:
        self._anchor, self._joint_offset, self._caught_up = None, None, False

    def _move_tip(self, given: ArmInput, axes: Axes, share: float, dt: float) -> None:
        motion, (linear, angular) = self.motion, self._tip
        if not self.engaged:
            motion.drive(np.zeros(6), linear, angular, dt)
        elif given.twist is not None:
            self._anchor = None
            speeds = np.repeat([share * linear.velocity, share * angular.velocity], 3)
            wanted = axes.twist(given.twist, motion.quaternion) * speeds
            motion.drive(wanted, linear, angular, dt)
        else:
            scale = share * self.settings.scale
            if self._anchor is None or (self._anchor.axes, self._anchor.scale) != (axes, scale):
                self._anchor = Anchor(axes, scale, (given.position, given.rotation),
                                      (motion.position, motion.quaternion))
            motion.approach(*self._anchor.target(given.position, given.rotation),
                            linear.slowed(share), angular.slowed(share), dt)

    def _move_joints(self, given: ArmInput, share: float, dt: float) -> None:
        motion = self.motion
        if not self.engaged:
            motion.brake(self._joints, dt)
            return
        target = np.array([given.joints.get(name, place) for name, place in zip(
            self.arm.joints, motion.place)])
        if self.settings.relative:
            if self._joint_offset is None:
                self._joint_offset = motion.place - target
            target = target + self._joint_offset
            self._caught_up = True
        self._caught_up |= bool(np.abs(target - motion.place).max() < CAUGHT_UP)
        pace = share * (1.0 if self._caught_up else self.settings.catch_up)
        motion.approach(target, self._joints.slowed(pace), dt)
