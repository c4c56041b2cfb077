"""
What the numbers of one action mean.

An action of D numbers is laid out arm after arm. Each arm has its part, the joints or a
translation and a rotation, and then one gripper number where the space has grippers:

    joint kinds       [joint, …, gripper]
    pose, pose_delta  [x, y, z, rotation …, gripper]
    twist             [vx, vy, vz, wx, wy, wz, gripper]

Translations are in m or m/s, angles in rad or rad/s.
"""
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from pydantic import Field, model_validator

from vla_core.profile import ArmProfile, RobotProfile
from vla_core.validation import ConfigurationError, Frame, Name, StrictModel, near_matches, problem

__all__ = [
    'ActionKind', 'ActionSpace', 'ActionSpaceMismatch', 'ArmSlices', 'DeltaReference',
    'GripperConvention', 'RotationForm',
]

# The order of each is that of the constants in vla_interfaces/msg/ActionSpace.
ActionKind = Literal[
    'joint_position', 'joint_velocity', 'joint_delta', 'pose', 'pose_delta', 'twist']
RotationForm = Literal['none', 'quaternion_xyzw', 'rotation_vector', 'rpy', 'rotation_6d']
DeltaReference = Literal['none', 'observation', 'previous']
GripperConvention = Literal[
    'none', 'normalised_open', 'normalised_closed', 'binary_open', 'width', 'joint']

#: Names of the numbers of each rotation form, in their order.
ROTATION_LABELS: dict[str, tuple[str, ...]] = {
    'quaternion_xyzw': ('qx', 'qy', 'qz', 'qw'),
    'rotation_vector': ('rx', 'ry', 'rz'),
    'rpy': ('roll', 'pitch', 'yaw'),
    'rotation_6d': ('r11', 'r21', 'r31', 'r12', 'r22', 'r32'),
}
_TWIST_LABELS = ('vx', 'vy', 'vz', 'wx', 'wy', 'wz')


class ActionSpaceMismatch(ConfigurationError):  # noqa: N818
    """Two action spaces, or a space and a robot, disagree; ``field`` names where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f'action space: {field}: {message}')
        self.field = field


@dataclass(frozen=True)
class ArmSlices:
    """
    Where one arm lies in an action.

    ``arm`` covers all of it but the gripper. ``translation`` and ``rotation`` are parts of it for
    the end-effector kinds, linear and angular velocity for a twist, and None for joint kinds.
    """

    arm: slice
    translation: slice | None
    rotation: slice | None
    gripper: int | None


class ActionSpace(StrictModel):
    """
    Meaning of an action; two spaces are interchangeable only if every field agrees.

    ``joints_per_arm`` splits the names of a joint kind among several arms, in order; it stays
    empty for one arm and for the end-effector kinds, where each name is an arm.
    """

    kind: ActionKind
    names: tuple[Name, ...] = Field(min_length=1, description='joint names or arm names')
    joints_per_arm: tuple[int, ...] = ()
    frame: Frame | Literal[''] = Field('', description='frame of poses, deltas and twists')
    rotation: RotationForm = 'none'
    delta_reference: DeltaReference = 'none'
    gripper: GripperConvention = 'none'
    statistics_id: str = ''

    @model_validator(mode='before')
    @classmethod
    def _one_arm_needs_no_split(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get('joints_per_arm'), list | tuple):
            split = data['joints_per_arm']
            names = data.get('names')
            if isinstance(names, list | tuple) and list(split) == [len(names)]:
                return {**data, 'joints_per_arm': ()}
        return data

    @model_validator(mode='after')
    def _check(self) -> 'ActionSpace':
        if len(set(self.names)) < len(self.names):
            raise problem('names', 'a name appears twice; each must be there once')
        if self.is_joint_kind:
            self._need(self.frame == '', 'frame', 'must be empty')
        else:
            self._need(self.frame != '', 'frame', 'is missing; name the frame of the numbers')
            self._need(not self.joints_per_arm, 'joints_per_arm', 'must be empty')
        if self.kind in ('pose', 'pose_delta'):
            self._need(
                self.rotation != 'none', 'rotation', 'is missing; name the form of the rotation')
        else:
            self._need(self.rotation == 'none', 'rotation', 'must be none')
        if self.kind in ('joint_delta', 'pose_delta'):
            self._need(
                self.delta_reference != 'none', 'delta_reference',
                'is missing; say observation or previous')
        else:
            self._need(self.delta_reference == 'none', 'delta_reference', 'must be none')
        split = self.joints_per_arm
        if split and (min(split) < 1 or sum(split) != len(self.names)):
            raise problem(
                'joints_per_arm', f'must be positive and add up to the {len(self.names)} names')
        return self

    def _need(self, holds: bool, field: str, message: str) -> None:
        if not holds:
            raise problem(field, f'{message} for kind {self.kind} (got {getattr(self, field)!r})')

    @classmethod
    def of_robot(
        cls, profile: RobotProfile, kind: ActionKind = 'joint_position', *,
        frame: str = '', rotation: RotationForm = 'none',
        delta_reference: DeltaReference = 'none', gripper: GripperConvention = 'none',
        statistics_id: str = '',
    ) -> 'ActionSpace':
        """The space of ``kind`` over all arms of ``profile``."""
        joints = kind.startswith('joint')
        return cls(
            kind=kind,
            names=profile.joints if joints else tuple(arm.name for arm in profile.arms),
            joints_per_arm=tuple(len(arm.joints) for arm in profile.arms) if joints else (),
            frame=frame, rotation=rotation, delta_reference=delta_reference, gripper=gripper,
            statistics_id=statistics_id)

    @property
    def is_joint_kind(self) -> bool:
        """Whether the names are joints rather than arms."""
        return self.kind.startswith('joint')

    @property
    def is_delta(self) -> bool:
        """Whether the numbers are added to a reference."""
        return self.delta_reference != 'none'

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """A name for each of the D numbers; 'gripper', or 'gripper_1' … with several arms."""
        labels: list[str] = []
        for index, parts in enumerate(self._parts):
            labels.extend(parts)
            if self.gripper != 'none' and self.is_joint_kind:
                labels.append('gripper' if len(self._parts) == 1 else f'gripper_{index + 1}')
            elif self.gripper != 'none':
                labels.append(f'{self.names[index]}.gripper')
        return tuple(labels)

    @property
    def dimension(self) -> int:
        """D, how many numbers an action has."""
        return len(self.labels)

    @cached_property
    def slices(self) -> tuple[ArmSlices, ...]:
        """Where each arm lies, in the order of the data."""
        slices, start = [], 0
        for parts in self._parts:
            end = start + len(parts)
            joints = self.is_joint_kind
            slices.append(ArmSlices(
                arm=slice(start, end),
                translation=None if joints else slice(start, start + 3),
                rotation=None if joints else slice(start + 3, end),
                gripper=None if self.gripper == 'none' else end))
            start = end + (self.gripper != 'none')
        return tuple(slices)

    @cached_property
    def gripper_indices(self) -> np.ndarray:
        """Indices of the gripper numbers, int64 [arms] or [0]."""
        return np.array(
            [part.gripper for part in self.slices if part.gripper is not None], dtype=np.int64)

    def check_compatible(self, other: 'ActionSpace') -> None:
        """Raise ActionSpaceMismatch, naming the first field in which ``other`` differs."""
        for field in type(self).model_fields:
            mine, theirs = getattr(self, field), getattr(other, field)
            if mine != theirs:
                raise ActionSpaceMismatch(field, f'expected {_say(mine)}, got {_say(theirs)}')

    def check_robot(self, profile: RobotProfile) -> None:
        """Raise ActionSpaceMismatch when ``profile`` has not the joints, arms or grippers."""
        known = profile.joints if self.is_joint_kind else [arm.name for arm in profile.arms]
        for name in self.names:
            if name not in known:
                raise ActionSpaceMismatch(
                    'names', f'robot {profile.name} has no {name!r}; {near_matches(name, known)}')
        for arm in self._arms(profile):
            if self.gripper != 'none' and arm.gripper is None:
                raise ActionSpaceMismatch(
                    'gripper', f'arm {arm.name!r} of robot {profile.name} has no gripper')

    def _arms(self, profile: RobotProfile) -> list[ArmProfile]:
        """The profile's arm of each of `slices`."""
        if not self.is_joint_kind:
            return [profile.arm(name) for name in self.names]
        arms = []
        for joints in self._parts:
            owners = [arm for arm in profile.arms if set(joints) <= set(arm.joints)]
            if not owners:
                raise ActionSpaceMismatch(
                    'joints_per_arm',
                    f'{", ".join(joints)} are not joints of one arm of robot {profile.name}')
            arms.append(owners[0])
        return arms

    @cached_property
    def _parts(self) -> tuple[tuple[str, ...], ...]:
        """Labels of each arm, without its gripper."""
        if self.is_joint_kind:
            ends = np.cumsum(self.joints_per_arm or (len(self.names),)).tolist()
            return tuple(
                self.names[start:end] for start, end in zip([0, *ends[:-1]], ends))
        own = (_TWIST_LABELS if self.kind == 'twist'
               else ('x', 'y', 'z', *ROTATION_LABELS[self.rotation]))
        return tuple(tuple(f'{arm}.{label}' for label in own) for arm in self.names)


def code(form: Any, value: str) -> int:
    """Number of ``value`` in the message, the place it has in the literal type ``form``."""
    return get_args(form).index(value)


def _say(value: Any) -> str:
    return f'[{", ".join(map(str, value))}]' if isinstance(value, tuple) else repr(value)
