"""
The action of a step: what the robot was told to reach one period later.

Step i of a chunk is due (i + 1) / rate after its observation, so the action of a frame at t is what
held at t + 1 / rate: the newest target of each arm by then, or the committed plan at that time. A
gripper that has not been told anything yet counts as it is measured.
"""
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_core.action_space import ActionSpace, ActionSpaceMismatch
from vla_core.conversion import (
    ConversionError,
    chunk_from_message,
    pose_from_message,
    reorder,
)
from vla_core.gripper import from_opening
from vla_core.profile import ArmProfile, RobotProfile
from vla_core.rotation import (
    matrix_to_rotation_6d,
    normalise,
    quaternion_to_matrix,
    quaternion_to_rotation_vector,
    quaternion_to_rpy,
    shortest,
)
from vla_recording import topics
from vla_recording.errors import EpisodeError
from vla_recording.timeline import Place, Span

__all__ = ['ActionSource', 'CommittedChunks', 'Decoder', 'RecordedTargets', 'source_of']

Decoder = Callable[[str, Place], Any]
"""The decoded message of a topic of the bag at a place."""
_KINDS = ('pose', 'joint_position', 'joint_velocity', 'twist')


@dataclass(frozen=True)
class ActionSource:
    """Where actions come from; ``stamped`` and ``unstamped`` are topics of the bag."""

    space: ActionSpace
    stamped: frozenset[str]
    unstamped: frozenset[str] = frozenset()

    def at(self, span: Span, due_ns: int, decode: Decoder) -> np.ndarray | None:
        """The action, float32 [D], that holds at ``due_ns``; None before there is one."""
        raise NotImplementedError

    def missing(self, counts: Mapping[str, int]) -> list[str]:
        """Topics without which there is no action, of those that the bag lacks."""
        raise NotImplementedError


@dataclass(frozen=True)
class CommittedChunks(ActionSource):
    """From the plan that execution had committed to."""

    topic: str = ''

    def missing(self, counts: Mapping[str, int]) -> list[str]:
        """The topic of chunks, where nothing was recorded on it."""
        return [] if counts.get(self.topic) else [self.topic]

    def at(self, span: Span, due_ns: int, decode: Decoder) -> np.ndarray | None:
        """The row of the newest plan that is nearest to ``due_ns``; its last row is held."""
        place = span.latest(self.topic, due_ns)
        if place is None:
            return None
        chunk = chunk_from_message(decode(self.topic, place))
        try:
            self.space.check_compatible(chunk.space)
        except ActionSpaceMismatch as error:
            raise EpisodeError(f'{self.topic}: is not in the space of the contract: {error}') \
                from error
        row = int(np.argmin(np.abs(chunk.stamps_ns - due_ns)))
        return np.asarray(chunk.data[row], dtype=np.float32)


@dataclass(frozen=True)
class RecordedTargets(ActionSource):
    """From the target topics, whoever published: a person, a policy or both."""

    arms: tuple[ArmProfile, ...] = ()
    targets: tuple[str, ...] = ()
    grippers: tuple[str, ...] = ()
    joints: str = ''

    def missing(self, counts: Mapping[str, int]) -> list[str]:
        """Target topics of arms, where nothing was recorded on them."""
        return [topic for topic in self.targets if not counts.get(topic)]

    def at(self, span: Span, due_ns: int, decode: Decoder) -> np.ndarray | None:
        """The newest target of every arm, in the space of the contract."""
        parts = []
        for index, (arm, topic) in enumerate(zip(self.arms, self.targets)):
            place = span.latest(topic, due_ns)
            if place is None:
                return None
            parts.append(self._arm(index, topic, decode(topic, place)))
            if self.space.gripper != 'none':
                opening = self._opening(arm, self.grippers[index], span, due_ns, decode)
                if opening is None:
                    return None
                parts.append(np.atleast_1d(
                    from_opening(opening, self.space.gripper, arm.gripper)))
        return np.concatenate(parts).astype(np.float32)

    def _arm(self, index: int, topic: str, message: Any) -> np.ndarray:
        space = self.space
        if space.is_joint_kind:
            part = space.slices[index].arm
            names = space.labels[part]
            field = 'velocity' if space.kind == 'joint_velocity' else 'position'
            try:
                return reorder(list(message.name), getattr(message, field), names)
            except ConversionError as error:
                raise EpisodeError(f'{topic}: {error}') from error
        frame = message.header.frame_id
        if frame and frame != space.frame:
            raise EpisodeError(f'{topic}: is in frame {frame!r}, the contract wants '
                               f'{space.frame!r}')
        if space.kind == 'twist':
            v, w = message.twist.linear, message.twist.angular
            return np.array([v.x, v.y, v.z, w.x, w.y, w.z])
        position, quaternion = pose_from_message(message.pose)
        return np.concatenate([position, rotation_numbers(normalise(quaternion), space.rotation)])

    def _opening(
        self, arm: ArmProfile, topic: str, span: Span, due_ns: int, decode: Decoder,
    ) -> float | None:
        if (place := span.latest(topic, due_ns)) is not None:
            return float(arm.gripper.from_joint(decode(topic, place).data[0]))
        if (place := span.latest(self.joints, due_ns)) is None:
            return None
        state = decode(self.joints, place)
        return float(arm.gripper.from_joint(
            reorder(list(state.name), state.position, arm.gripper.joints[:1])[0]))


def rotation_numbers(quaternion: np.ndarray, form: str) -> np.ndarray:
    """A unit quaternion xyzw in the rotation form of an action space."""
    return {
        'quaternion_xyzw': lambda q: shortest(q, np.array([0.0, 0.0, 0.0, 1.0])),
        'rotation_vector': quaternion_to_rotation_vector,
        'rpy': quaternion_to_rpy,
        'rotation_6d': lambda q: matrix_to_rotation_6d(quaternion_to_matrix(q)),
    }[form](quaternion)


def source_of(
    kind: str, space: ActionSpace, profile: RobotProfile, name: Callable[[str], str],
) -> ActionSource:
    """
    The source 'targets' or 'committed' for a space; ``name`` gives the topic in the bag.

    EpisodeError for a space that recorded targets cannot be read into.
    """
    if kind == 'committed':
        topic = name(topics.CHUNKS)
        return CommittedChunks(space, frozenset({topic}), topic=topic)
    if space.kind not in _KINDS:
        raise EpisodeError(
            f'actions of kind {space.kind} are not what controllers are told; export absolute ones '
            f'({", ".join(_KINDS)}), or take them from committed chunks with --actions committed')
    arms = tuple(_arms(space, profile))
    targets = tuple(name(topics.target(profile, arm.name, space.kind)) for arm in arms)
    grippers = tuple(name(topics.gripper_commands(profile, arm.name)) for arm in arms)
    joints = name(topics.JOINT_STATES)
    with_gripper = space.gripper != 'none'
    return RecordedTargets(
        space, frozenset(targets) | ({joints} if with_gripper else set()),
        frozenset(grippers if with_gripper else ()), arms=arms, targets=targets,
        grippers=grippers, joints=joints)


def _arms(space: ActionSpace, profile: RobotProfile) -> list[ArmProfile]:
    """The arm of each part of an action."""
    space.check_robot(profile)
    if not space.is_joint_kind:
        return [profile.arm(name) for name in space.names]
    return [next(arm for arm in profile.arms if set(space.labels[part.arm]) <= set(arm.joints))
            for part in space.slices]
