"""
What a policy expects of the robot and gives back, read from ``config/policies``.

One contract, and the processing in this module and in `vla_core.image_processing`, drive
recording, data set export, training and live inference, so that a policy sees live exactly what
it was trained on.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import yaml
from pydantic import Field, StringConstraints, model_validator

from vla_core import share
from vla_core.action_space import ROTATION_LABELS, ActionSpace, RotationForm
from vla_core.conversion import reorder
from vla_core.image_processing import ImageProcessing, process_image
from vla_core.observation import Observation
from vla_core.profile import RobotProfile
from vla_core.rotation import (
    matrix_to_rotation_6d,
    normalise,
    quaternion_to_matrix,
    quaternion_to_rotation_vector,
    quaternion_to_rpy,
)
from vla_core.validation import (
    ConfigurationError,
    Name,
    Real,
    StrictModel,
    near_matches,
    problem,
    read_yaml,
)

__all__ = [
    'ActionContract', 'CameraSample', 'ContractError', 'ImageContract', 'JointSample',
    'LanguageContract', 'PolicyContract', 'PoseSample', 'StateContract', 'StatePart',
    'Statistics', 'assemble_observation', 'assemble_state', 'process_instruction',
]

Key = Annotated[str, StringConstraints(pattern=r'^[A-Za-z][A-Za-z0-9_./]*$', max_length=200)]
Topic = Annotated[str, StringConstraints(pattern=r'^[~/A-Za-z][A-Za-z0-9_/]*$', max_length=200)]

_JOINT_QUANTITIES = {
    'joint_position': 'position', 'joint_velocity': 'velocity', 'joint_effort': 'effort'}
_ROTATIONS = {
    'quaternion_xyzw': lambda q: np.where(q[..., 3:] < 0, -q, q),
    'rotation_vector': quaternion_to_rotation_vector,
    'rpy': quaternion_to_rpy,
    'rotation_6d': lambda q: matrix_to_rotation_6d(quaternion_to_matrix(q))}


class ContractError(ConfigurationError):
    """A policy contract, or an input to it, that is missing or wrong; the message is one line."""


class ImageContract(StrictModel):
    """One image of the observation: where it comes from and what is made of it."""

    key: Key = Field(description='name in the observation and in data sets')
    topic: Topic
    type: Literal['sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'] = (
        'sensor_msgs/msg/Image')
    processing: ImageProcessing
    max_age_s: Real = Field(0.2, gt=0, description='an older image is stale')


class StatePart(StrictModel):
    """
    Some numbers of the state.

    Joint sources give one number for each of ``names``, found by name in a JointState. A gripper
    opening (0 closed, 1 open) and a tip pose [x, y, z, rotation …] belong to ``arm``; the pose
    comes as a PoseStamped. Units are rad, rad/s and N·m (m, m/s, N for a joint that slides), m for
    a position; ``unit: deg`` turns joint angles and their velocities into degrees.
    """

    source: Literal['joint_position', 'joint_velocity', 'joint_effort', 'gripper', 'tip_pose']
    topic: Topic
    names: tuple[Name, ...] = ()
    arm: Name | Literal[''] = ''
    rotation: RotationForm = 'none'
    unit: Literal['si', 'deg'] = 'si'

    @model_validator(mode='after')
    def _check(self) -> 'StatePart':
        joints = self.source in _JOINT_QUANTITIES
        for field, wanted in (('names', joints), ('arm', not joints)):
            if bool(getattr(self, field)) != wanted:
                raise problem(field, f'is needed for source {self.source}' if wanted
                              else f'has no meaning for source {self.source}; leave it out')
        if len(set(self.names)) < len(self.names):
            raise problem('names', 'a name appears twice; each must be there once')
        if (self.rotation != 'none') != (self.source == 'tip_pose'):
            raise problem('rotation', 'goes with source tip_pose, and only with that')
        if self.unit == 'deg' and self.source not in ('joint_position', 'joint_velocity'):
            raise problem('unit', f'deg has no meaning for source {self.source}; leave it out')
        return self

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each number."""
        if self.source in _JOINT_QUANTITIES:
            suffix = '' if self.source == 'joint_position' else (
                '.' + _JOINT_QUANTITIES[self.source])
            return tuple(name + suffix for name in self.names)
        if self.source == 'gripper':
            return (f'{self.arm}.gripper',)
        return tuple(f'{self.arm}.{label}'
                     for label in ('x', 'y', 'z', *ROTATION_LABELS[self.rotation]))


class StateContract(StrictModel):
    """The state vector, part after part."""

    key: Key = 'observation.state'
    parts: tuple[StatePart, ...] = Field(min_length=1)
    max_age_s: Real = Field(0.05, gt=0, description='an older sample is stale')

    @model_validator(mode='after')
    def _check(self) -> 'StateContract':
        labels = self.labels
        for index, label in enumerate(labels):
            if label in labels[:index]:
                raise problem('parts', f'{label!r} appears twice; each must be there once')
        return self

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each of the n numbers."""
        return tuple(label for part in self.parts for label in part.labels)

    @property
    def dimension(self) -> int:
        """n."""
        return len(self.labels)


class ActionContract(StrictModel):
    """What the policy gives: chunks of ``horizon`` actions, ``1 / rate_hz`` apart."""

    key: Key = 'action'
    space: ActionSpace
    horizon: int = Field(gt=0, le=1000, description='steps in a chunk')
    replan_steps: int | None = Field(
        None, gt=0, description='steps that are executed before the policy is asked again; null: '
                                'with every observation')

    @model_validator(mode='after')
    def _check(self) -> 'ActionContract':
        if self.replan_steps is not None and self.replan_steps > self.horizon:
            raise problem('replan_steps', f'must be at most the horizon, {self.horizon} '
                                          f'(got {self.replan_steps})')
        return self


class Statistics(StrictModel):
    """The numbers that state and action are normalised with."""

    id: str = Field(min_length=1, description='also the statistics id of the action space')
    method: Literal['none', 'mean_std', 'min_max', 'quantile'] = 'quantile'
    file: str = Field('', description='JSON file beside the checkpoint; empty: in the checkpoint')


class LanguageContract(StrictModel):
    """How an instruction becomes the text that the policy reads."""

    key: Key = 'task'
    template: str = Field('{instruction}', description="text around '{instruction}'")
    lower_case: bool = False
    max_characters: int = Field(500, gt=0)

    @model_validator(mode='after')
    def _check(self) -> 'LanguageContract':
        if '{instruction}' not in self.template:
            raise problem('template', "must contain '{instruction}'")
        return self


class PolicyContract(StrictModel):
    """Everything that recording, training and inference must agree on about one policy."""

    name: Name
    description: str = ''
    robot: Name = Field(description='robot profile')
    rate_hz: Real = Field(gt=0, description='rate of the actions, and of the data set')
    images: tuple[ImageContract, ...] = ()
    state: StateContract | None = None
    action: ActionContract
    statistics: Statistics | None = None
    language: LanguageContract = LanguageContract()
    max_skew_s: Real = Field(0.1, gt=0, description='between the oldest and the newest stream')

    @model_validator(mode='after')
    def _check(self) -> 'PolicyContract':
        if not self.images and self.state is None:
            raise problem('images', 'a policy needs images or a state; it has neither')
        keys = [image.key for image in self.images]
        keys += [self.state.key] if self.state else []
        keys += [self.action.key, self.language.key]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                raise problem('images', f'key {key!r} is used twice; each must be its own')
        expected = self.statistics.id if self.statistics else ''
        if self.action.space.statistics_id != expected:
            raise problem(
                'action.space.statistics_id',
                f'must be {expected!r}, as under statistics.id '
                f'(got {self.action.space.statistics_id!r})')
        return self

    @classmethod
    def load(cls, name_or_path: str | Path) -> 'PolicyContract':
        """
        Read a contract by name or from a YAML file.

        A name is looked up in the installed ``config/policies`` of vla_bringup, else in the
        checkout's. ContractError, in one line, names file and field and says what to do.
        """
        text = str(name_or_path)
        if isinstance(name_or_path, Path) or '/' in text or text.endswith(('.yaml', '.yml')):
            return read_yaml(Path(name_or_path), cls, ContractError)
        path = share.find('vla_bringup', 'config/policies', f'{text}.yaml')
        if path is None:
            raise ContractError(
                f'no policy contract {text!r}; {near_matches(text, cls.available())}')
        return read_yaml(path, cls, ContractError)

    @staticmethod
    def available() -> list[str]:
        """Names that `load` finds, sorted."""
        return sorted({path.stem for folder in share.folders('vla_bringup', 'config/policies')
                       for path in folder.glob('*.yaml')})

    def save(self, path: Path) -> None:
        """Write the contract as YAML that `load` reads back equal."""
        path.write_text(yaml.safe_dump(
            self.model_dump(mode='json'), sort_keys=False, allow_unicode=True), encoding='utf-8')

    @property
    def topics(self) -> dict[str, str]:
        """Topic → message type of every stream the observation needs."""
        topics = {image.topic: image.type for image in self.images}
        for part in self.state.parts if self.state else ():
            topics[part.topic] = ('geometry_msgs/msg/PoseStamped' if part.source == 'tip_pose'
                                  else 'sensor_msgs/msg/JointState')
        return topics

    def check_robot(self, profile: RobotProfile) -> None:
        """Raise ContractError or ActionSpaceMismatch when ``profile`` cannot serve the contract."""
        if profile.name != self.robot:
            raise ContractError(
                f'contract {self.name}: robot: is for {self.robot!r}, not {profile.name!r}')
        arms = (*profile.arms, *profile.leaders)
        joints = [joint for arm in arms
                  for joint in (*arm.joints, *(arm.gripper.joints if arm.gripper else ()))]
        for index, part in enumerate(self.state.parts if self.state else ()):
            field = f'contract {self.name}: state.parts[{index}]'
            for name in part.names:
                if name not in joints:
                    raise ContractError(
                        f'{field}.names: robot {profile.name} has no joint {name!r}; '
                        f'{near_matches(name, joints)}')
            if part.arm and profile.arm(part.arm).gripper is None and part.source == 'gripper':
                raise ContractError(f'{field}.arm: arm {part.arm!r} has no gripper')
        self.action.space.check_robot(profile)


@dataclass(frozen=True, eq=False)
class CameraSample:
    """An image as it came: uint8 in ``encoding``, with its time of capture."""

    image: np.ndarray
    encoding: str
    stamp_ns: int


@dataclass(frozen=True, eq=False)
class JointSample:
    """Joints [n] by name, in any order; rad, rad/s, N·m. Empty where not measured."""

    names: tuple[str, ...]
    stamp_ns: int
    position: np.ndarray
    velocity: np.ndarray = ()
    effort: np.ndarray = ()


@dataclass(frozen=True, eq=False)
class PoseSample:
    """Position [3] in m and quaternion [4] xyzw."""

    position: np.ndarray
    quaternion: np.ndarray
    stamp_ns: int


Sample = CameraSample | JointSample | PoseSample


def assemble_observation(
    contract: PolicyContract, profile: RobotProfile, samples: Mapping[str, Sample],
    instruction: str, stamp_ns: int,
) -> Observation:
    """
    The observation that the policy sees at ``stamp_ns``, from one sample of each topic.

    Deterministic: the same samples give the same bytes, live or from a file. ContractError names
    a topic that has no sample or gives what the contract cannot use.
    """
    images = {}
    for entry in contract.images:
        sample = _sample(samples, entry.topic, CameraSample)
        images[entry.key] = process_image(sample.image, sample.encoding, entry.processing)
    state = contract.state
    return Observation(
        stamp_ns=stamp_ns,
        images=images,
        state=(assemble_state(state, profile, samples) if state
               else np.zeros(0, dtype=np.float32)),
        state_names=state.labels if state else (),
        instruction=process_instruction(contract.language, instruction),
        stream_stamps_ns={topic: samples[topic].stamp_ns for topic in contract.topics})


def assemble_state(
    contract: StateContract, profile: RobotProfile, samples: Mapping[str, Sample],
) -> np.ndarray:
    """The state, float32 [n], by name and never by order, from a sample of each topic."""
    return np.concatenate(
        [np.atleast_1d(_part(part, profile, samples)) for part in contract.parts]
    ).astype(np.float32)


def process_instruction(contract: LanguageContract, instruction: str) -> str:
    """
    The text that the policy reads: single spaces, case and template as in the contract.

    ContractError for an instruction that is empty or too long.
    """
    text = ' '.join(instruction.split())
    if not text:
        raise ContractError('instruction: is empty; say what to do')
    if len(text) > contract.max_characters:
        raise ContractError(
            f'instruction: has {len(text)} characters, at most {contract.max_characters} are read')
    if contract.lower_case:
        text = text.lower()
    return contract.template.replace('{instruction}', text)


def _part(part: StatePart, profile: RobotProfile, samples: Mapping[str, Sample]) -> np.ndarray:
    if part.source == 'tip_pose':
        pose = _sample(samples, part.topic, PoseSample)
        quaternion = normalise(pose.quaternion)
        return np.concatenate([pose.position, _ROTATIONS[part.rotation](quaternion)])
    joints = _sample(samples, part.topic, JointSample)
    if part.source == 'gripper':
        gripper = profile.arm(part.arm).gripper
        if gripper is None:
            raise ContractError(f'state: arm {part.arm!r} of {profile.name} has no gripper')
        position = _joint_values(part.topic, joints, 'position', gripper.joints[:1])
        return gripper.from_joint(position)
    values = _joint_values(part.topic, joints, _JOINT_QUANTITIES[part.source], part.names)
    return np.rad2deg(values) if part.unit == 'deg' else values


def _joint_values(
    topic: str, joints: JointSample, quantity: str, names: tuple[str, ...],
) -> np.ndarray:
    try:
        return reorder(joints.names, getattr(joints, quantity), names)
    except ValueError as failure:
        raise ContractError(f'topic {topic}: {quantity}: {failure}') from failure


def _sample(samples: Mapping[str, Sample], topic: str, kind: type) -> Sample:
    if topic not in samples:
        raise ContractError(f'topic {topic}: no sample yet; is its publisher running?')
    if not isinstance(samples[topic], kind):
        raise ContractError(
            f'topic {topic}: gives {type(samples[topic]).__name__}, needs {kind.__name__}')
    return samples[topic]
