"""
Chunks of one action space as chunks of another: joints or tips, absolute, deltas or velocities.

A policy or a data set speaks one `ActionSpace`, a robot or a training may want another. What is
relative is made absolute at the state it starts from (`vla_core.anchoring`); joints become poses
by forward kinematics, poses joints by the inverse one, each row near the one before; frames that
stand still, rotation forms and gripper conventions are turned into one another; and what shall be
relative is taken from the same state again.
"""
from dataclasses import replace

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace, ActionSpaceMismatch
from vla_core.anchoring import Anchoring
from vla_core.gripper import from_opening, to_opening
from vla_core.kinematics import ArmKinematics
from vla_core.profile import ArmProfile, RobotProfile
from vla_core.rotation import from_quaternion, to_quaternion

__all__ = ['ActionConversion']


class ActionConversion:
    """
    From chunks of ``source`` to chunks of ``target`` on the robot of ``profile``.

    ActionSpaceMismatch, with the field, where that cannot be: an arm or gripper that the source
    does not speak of, some but not all joints of an arm beside poses, a frame that moves.
    """

    def __init__(self, source: ActionSpace, target: ActionSpace, profile: RobotProfile) -> None:
        self.source, self.target = source, target
        self._profile = profile
        self._from, self._to = Anchoring.of(source, profile), Anchoring.of(target, profile)
        self._arms = [_arm(profile, names) for names in _names(target)]
        spoken = {_arm(profile, names).name: index for index, names in enumerate(_names(source))}
        for arm in self._arms:
            if arm.name not in spoken:
                raise ActionSpaceMismatch('names', f'the source does not speak of arm {arm.name!r}')
        if target.gripper != 'none' and source.gripper == 'none':
            raise ActionSpaceMismatch(
                'gripper', f'{target.gripper} cannot be told: the source has no gripper')
        self._places = [spoken[arm.name] for arm in self._arms]
        self._kinematics = {
            arm.name: ArmKinematics(profile, arm) for arm in profile.arms
            if not (source.is_joint_kind and target.is_joint_kind)}
        for arm, place, wanted in zip(self._arms, self._places, _names(target)):
            self._check(arm, _names(source)[place], wanted)

    def _check(self, arm: ArmProfile, given: tuple[str, ...], wanted: tuple[str, ...]) -> None:
        """That the numbers of one arm say what is wanted of it."""
        for space, names in ((self.source, given), (self.target, wanted)):
            other = self.target if space is self.source else self.source
            if space.is_joint_kind and not other.is_joint_kind and set(names) != set(arm.joints):
                raise ActionSpaceMismatch(
                    'names', f'poses of arm {arm.name!r} need all its joints, not only '
                             f'{", ".join(names)}')
            if space.kind == 'pose' and self._kinematics:
                try:
                    self._kinematics[arm.name].in_base(space.frame, np.eye(7)[6])
                except ValueError as error:
                    raise ActionSpaceMismatch('frame', str(error)) from error
        if self.source.is_joint_kind and self.target.is_joint_kind and set(given) != set(wanted):
            raise ActionSpaceMismatch(
                'names', f'arm {arm.name!r}: {", ".join(wanted)} are not the joints of the source, '
                         f'{", ".join(given)}')

    def convert(self, chunk: ActionChunk, joints: np.ndarray) -> ActionChunk:
        """
        ``chunk`` [H, D] in the target's space, [H, D'], predicted from the same state.

        ``joints`` [n] are those of the profile, in its order, at the stamp of the chunk, in rad.
        Uncertainty and samples, which are in the units of the source, are left behind.
        `vla_core.kinematics.Unreachable` where no joints bring a tip to its pose.
        """
        self.source.check_compatible(chunk.space)
        joints = np.asarray(joints, np.float64)
        rows = self._from.anchor(chunk, self._state(self._from.absolute, joints))
        told = np.empty((len(rows), self._to.absolute.dimension))
        for number, (arm, place) in enumerate(zip(self._arms, self._places)):
            part, into = self._from.absolute.slices[place], self._to.absolute.slices[number]
            told[:, into.arm] = self._converted(
                arm, rows[:, part.arm], _names(self.source)[place], _names(self.target)[number],
                joints)
            if into.gripper is not None:
                opening = to_opening(rows[:, part.gripper], self.source.gripper, arm.gripper)
                told[:, into.gripper] = from_opening(opening, self.target.gripper, arm.gripper)
        data = self._to.relative(
            told, np.asarray(chunk.times_s), self._state(self._to.absolute, joints))
        features = {name: value for name, value in chunk.features.items() if name != 'samples'}
        return replace(chunk, space=self.target, data=data.astype(np.float32), uncertainty=None,
                       features=features)

    def _converted(
        self, arm: ArmProfile, rows: np.ndarray, given: tuple[str, ...], wanted: tuple[str, ...],
        joints: np.ndarray,
    ) -> np.ndarray:
        """Numbers [H, ·] of one arm's absolute target for those of its absolute source."""
        source, target = self._from.absolute, self._to.absolute
        if source.is_joint_kind and target.is_joint_kind:
            return rows[:, [given.index(name) for name in wanted]]
        kinematics = self._kinematics[arm.name]
        if source.is_joint_kind:
            order = [given.index(name) for name in arm.joints]
            return np.array([_told(target, kinematics, kinematics.forward(row[order]))
                             for row in rows])
        poses = [kinematics.in_base(source.frame, np.concatenate(
            [row[:3], to_quaternion(source.rotation, row[3:])])) for row in rows]
        if not target.is_joint_kind:
            return np.array([_told(target, kinematics, pose) for pose in poses])
        order = [arm.joints.index(name) for name in wanted]
        near = self._joints_of(arm, joints)
        found = []
        for pose in poses:
            near = kinematics.inverse(pose, near)
            found.append(near[order])
        return np.array(found)

    def _state(self, space: ActionSpace, joints: np.ndarray) -> np.ndarray:
        """Where the robot is, [D] of the absolute ``space``; grippers, which stay, are 0."""
        state = np.zeros(space.dimension)
        for names, part in zip(_names(space), space.slices):
            if space.is_joint_kind:
                order = [self._profile.joints.index(name) for name in names]
                state[part.arm] = joints[order]
            else:
                arm = self._profile.arm(names[0])
                kinematics = self._kinematics[arm.name]
                pose = kinematics.forward(self._joints_of(arm, joints))
                state[part.arm] = _told(space, kinematics, pose)
        return state

    def _joints_of(self, arm: ArmProfile, joints: np.ndarray) -> np.ndarray:
        return joints[[self._profile.joints.index(name) for name in arm.joints]]


def _names(space: ActionSpace) -> list[tuple[str, ...]]:
    """Of each arm's part the joints, or the arm itself."""
    if not space.is_joint_kind:
        return [(name,) for name in space.names]
    return [tuple(space.labels[part.arm]) for part in space.slices]


def _arm(profile: RobotProfile, names: tuple[str, ...]) -> ArmProfile:
    return next(arm for arm in profile.arms
                if arm.name == names[0] or names[0] in arm.joints)


def _told(space: ActionSpace, kinematics: ArmKinematics, pose: np.ndarray) -> np.ndarray:
    """Translation and rotation as a pose ``space`` has them, for a tip pose [7] in the base."""
    pose = kinematics.from_base(space.frame, pose)
    return np.concatenate([pose[:3], from_quaternion(space.rotation, pose[3:])])
