"""
From what devices say to targets of every arm and gripper; no ROS.

A reference begins at rest where the arm was last told to be, if it is there, else where it is
measured; and it ends when it has rested for a while, so that others may move the arm.
"""
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from vla_core.profile import RobotProfile
from vla_core.rotation import angle_between
from vla_teleop.arm_drive import ArmDrive, DriveSettings
from vla_teleop.authority import InCharge
from vla_teleop.axes import Axes
from vla_teleop.gripper_drive import GripperDrive
from vla_teleop.motion import PoseMotion
from vla_teleop.sample import ANY_ARM, ArmInput, TeleopSample

__all__ = ['ArmState', 'ArmTarget', 'Teleoperator']

NEAR_M, NEAR_RAD, NEAR_JOINT = 0.05, 0.3, 0.15  # of a measured arm from what it was told
WIDE_OPEN = 0.97  # openings from here on hold nothing
EARLY_S = 1.0  # that a toggle may come before the charge is taken

Pose = tuple[np.ndarray, np.ndarray]


@dataclass(eq=False)
class ArmState:
    """What is known of one arm; poses in its base frame, None where nothing came yet."""

    pose: Pose | None = None
    joints: np.ndarray | None = field(default=None, metadata={'shape': '[n] rad'})
    opening: float | None = None
    told_pose: Pose | None = None  # the newest targets, whoever sent them
    told_joints: np.ndarray | None = None
    told_opening: float | None = None

    @property
    def start_pose(self) -> Pose | None:
        """Where a reference may begin without a jump."""
        if self.pose is None or self.told_pose is None:
            return self.pose
        near = (np.linalg.norm(self.pose[0] - self.told_pose[0]) < NEAR_M
                and angle_between(self.pose[1], self.told_pose[1]) < NEAR_RAD)
        return self.told_pose if near else self.pose

    @property
    def start_joints(self) -> np.ndarray | None:
        """The same for joints."""
        if self.joints is None or self.told_joints is None:
            return self.joints
        near = np.abs(self.joints - self.told_joints).max() < NEAR_JOINT
        return self.told_joints if near else self.joints

    @property
    def start_opening(self) -> float | None:
        """The same for the gripper, which rests on what it holds before it is where it was told."""
        wide = self.opening is not None and self.opening >= WIDE_OPEN
        return self.opening if self.told_opening is None or wide else self.told_opening


@dataclass(frozen=True, eq=False)
class ArmTarget:
    """What one arm is told now; None where it is told nothing."""

    pose: Pose | None = None
    joints: np.ndarray | None = None
    velocity: np.ndarray | None = None  # of the joints
    opening: float | None = None


class Teleoperator:
    """Drives every arm of a robot. `update` once a tick."""

    def __init__(
        self, profile: RobotProfile, settings: DriveSettings, *, arm: str = '',
        axes: Axes = Axes(), gripper_speed: float = 1.0, hold_s: float = 1.0,  # noqa: B008 - frozen
    ) -> None:
        """``arm`` is what devices for one arm move first; empty: the first of the profile."""
        self.profile = profile
        self.arm = profile.arm(arm).name if arm else profile.arms[0].name
        self.axes = axes
        self._hold_s = hold_s
        self._drives = {one.name: ArmDrive(one, settings) for one in profile.arms}
        self._grippers = {one.name: GripperDrive(one.gripper, gripper_speed)
                          for one in profile.arms if one.gripper}
        self._rested_s = {one.name: 0.0 for one in profile.arms}
        self._still_s = dict.fromkeys(self._grippers, 0.0)
        self._ours = False
        self._early_s = 0.0  # that a toggle pressed before the charge was taken still counts

    @property
    def at_rest(self) -> bool:
        """Whether every reference stands still."""
        return all(drive.at_rest for drive in self._drives.values())

    @property
    def engaged(self) -> bool:
        """Whether a person moves an arm now."""
        return any(drive.engaged for drive in self._drives.values())

    def update(
        self, sample: TeleopSample, states: Mapping[str, ArmState], in_charge: InCharge,
        person_moves: bool, dt: float,
        policy_opening: Callable[[str], float | None] = lambda arm: None,
    ) -> dict[str, ArmTarget]:
        """
        Targets by arm for ``dt`` s later.

        In nobody's or the policy's charge nothing is told; while charge is handed back
        (``person_moves`` false) the arms come to rest.
        """
        if in_charge not in ('person', 'shared'):
            self._end()
            self._early_s = max(EARLY_S if 'toggle_gripper' in sample.pressed else
                                self._early_s - dt, 0.0) if 'dead_man' in sample.held else 0.0
            return {}
        if not self._ours:
            self._ours = True
            for name, gripper in self._grippers.items():
                gripper.begin(states[name].start_opening)
            if self._early_s > 0.0:
                sample = replace(sample, pressed=(*sample.pressed, 'toggle_gripper'))
        held = sample.held if person_moves else frozenset()
        if person_moves:
            self._press(sample, in_charge)
        targets = {}
        for name, drive in self._drives.items():
            given = self._input(sample, name, states[name]) if person_moves else None
            self._begin(drive, given, held, states[name])
            if isinstance(drive.motion, PoseMotion) and states[name].pose is not None:
                drive.motion.measured(states[name].pose[0])
            drive.update(given, held, self.axes, dt)
            self._rested_s[name] = 0.0 if drive.engaged or not drive.at_rest else (
                self._rested_s[name] + dt)
            if self._rested_s[name] > self._hold_s:
                drive.idle()
            targets[name] = self._target(
                drive, self._opening(name, given, held, in_charge, policy_opening, dt))
        return targets

    def _end(self) -> None:
        if self._ours:
            self._ours = False
            for drive in self._drives.values():
                drive.idle()

    def _press(self, sample: TeleopSample, in_charge: InCharge) -> None:
        names = list(self._drives)
        for pressed in sample.pressed:
            if pressed == 'frame':
                self.axes = Axes('base' if self.axes.frame == 'tool' else 'tool', self.axes.yaw)
            elif pressed == 'next_arm':
                self.arm = names[(names.index(self.arm) + 1) % len(names)]
            elif pressed == 'toggle_gripper' and in_charge == 'person' and (
                    'dead_man' in sample.held and self.arm in self._grippers):
                self._grippers[self.arm].toggle()

    def _input(self, sample: TeleopSample, name: str, state: ArmState) -> ArmInput | None:
        """What moves an arm; nothing does while it is not known where the arm is."""
        given = sample.arms.get(name)
        if given is None and name == self.arm:
            given = sample.arms.get(ANY_ARM)
        if given is None or (state.pose if given.joints is None else state.joints) is None:
            return None
        return given

    def _begin(
        self, drive: ArmDrive, given: ArmInput | None, held: frozenset[str], state: ArmState,
    ) -> None:
        if given is None or not given.moves or 'dead_man' not in held or 'clutch' in held:
            return
        if drive.motion is not None and (drive.wants(given) or not drive.at_rest):
            return
        if given.joints is not None and state.start_joints is not None:
            drive.begin_joints(state.start_joints)
        elif given.joints is None and state.start_pose is not None:
            drive.begin_pose(*state.start_pose)
        self._rested_s[drive.arm.name] = 0.0

    def _opening(
        self, name: str, given: ArmInput | None, held: frozenset[str], in_charge: InCharge,
        policy_opening: Callable[[str], float | None], dt: float,
    ) -> float | None:
        gripper = self._grippers.get(name)
        if gripper is None:
            return None
        before = gripper.opening
        if in_charge == 'shared':
            gripper.follow(policy_opening(name), dt)
        else:
            own = held if given is not None else held - {'open', 'close'}
            gripper.update(None if given is None else given.opening, own, dt)
        self._still_s[name] = 0.0 if gripper.opening != before else self._still_s[name] + dt
        return gripper.opening if self._still_s[name] <= self._hold_s else None

    @staticmethod
    def _target(drive: ArmDrive, opening: float | None) -> ArmTarget:
        motion = drive.motion
        if motion is None:
            return ArmTarget(opening=opening)
        if isinstance(motion, PoseMotion):
            return ArmTarget(pose=(motion.position, motion.quaternion), opening=opening)
        return ArmTarget(joints=motion.place, velocity=motion.velocity, opening=opening)
