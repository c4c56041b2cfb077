"""
What a robot is: joints, frames, limits, grippers and cameras, read from ``config/robots``.

One file feeds simulation, control, execution, policies and recording. Units are SI: m, rad, s, N,
N·m, Hz; a joint that slides has m for rad and N for N·m. Arrays are read-only float64.
"""
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from vla_core import share
from vla_core.validation import (
    ConfigurationError,
    Frame,
    Name,
    Real,
    StrictModel,
    Vector,
    near_matches,
    problem,
    read_yaml,
)

__all__ = [
    'ArmProfile', 'CameraProfile', 'CartesianLimits', 'ControlMode', 'GripperProfile',
    'JointLimits', 'ProfileError', 'RobotProfile', 'Workspace',
]

ControlMode = Literal['effort', 'position', 'velocity']

_POSITIVE_LIMITS = ('velocity', 'acceleration', 'jerk', 'effort', 'effort_rate')


class ProfileError(ConfigurationError):
    """A robot profile that is missing or wrong; the message is one line."""


class JointLimits(StrictModel):
    """Limits of n joints, each field an array [n]."""

    position_lower: Vector = Field(description='rad')
    position_upper: Vector = Field(description='rad')
    velocity: Vector = Field(description='rad/s')
    acceleration: Vector = Field(description='rad/s²')
    jerk: Vector = Field(description='rad/s³')
    effort: Vector = Field(description='N·m')
    effort_rate: Vector = Field(description='N·m/s')

    @model_validator(mode='after')
    def _check(self) -> 'JointLimits':
        for name in _POSITIVE_LIMITS:
            values = getattr(self, name)
            if np.any(values <= 0):
                joint = int(np.argmax(values <= 0))
                raise problem(f'{name}[{joint}]', f'must be positive (got {values[joint]:g})')
        return self


class CartesianLimits(StrictModel):
    """Limits of the tip: m/s, m/s², m/s³ and rad/s, rad/s², rad/s³."""

    linear_velocity: Real = Field(gt=0)
    linear_acceleration: Real = Field(gt=0)
    linear_jerk: Real = Field(gt=0)
    angular_velocity: Real = Field(gt=0)
    angular_acceleration: Real = Field(gt=0)
    angular_jerk: Real = Field(gt=0)


class Workspace(StrictModel):
    """The box [x, y, z] in m, in the arm's base frame, that the tip may not leave."""

    lower: Vector
    upper: Vector

    @model_validator(mode='after')
    def _check(self) -> 'Workspace':
        for name in ('lower', 'upper'):
            if len(getattr(self, name)) != 3:
                raise problem(
                    name, f'needs 3 numbers x, y, z in m, has {len(getattr(self, name))}')
        for axis, below in zip('xyz', self.lower < self.upper):
            if not below:
                raise problem('lower', f'must lie below upper on {axis}')
        return self


class GripperProfile(StrictModel):
    """
    A gripper: 0 is closed and 1 is open everywhere in the project.

    `to_joint` and `from_joint` convert to the position of ``joints[0]``; further joints follow it
    by the mimic tags of the robot's description.
    """

    joints: tuple[Name, ...] = Field(min_length=1)
    closed: Real = Field(description='position of joints[0] when closed, m or rad')
    open: Real = Field(description='position of joints[0] when open, m or rad')
    max_velocity: Real = Field(gt=0, description='joint units per second')
    max_effort: Real = Field(gt=0, description='N or N·m')
    width_per_unit: Real = Field(gt=0, description='opening in m per joint unit')

    @model_validator(mode='after')
    def _check(self) -> 'GripperProfile':
        if self.closed == self.open:
            raise problem('open', 'must differ from closed')
        return self

    def to_joint(self, opening: float | np.ndarray) -> float | np.ndarray:
        """Position of joints[0] for ``opening`` in [0, 1]; outside values are clipped."""
        within = np.minimum(np.maximum(opening, 0.0), 1.0)  # in every tick; np.clip takes longer
        return self.closed + within * (self.open - self.closed)

    def from_joint(self, position: float | np.ndarray) -> float | np.ndarray:
        """Opening for a position of joints[0]; a measured one may lie a little outside [0, 1]."""
        return (position - self.closed) / (self.open - self.closed)

    def to_width(self, opening: float | np.ndarray) -> float | np.ndarray:
        """Distance between the fingers in m for ``opening`` in [0, 1]."""
        return np.abs(self.to_joint(opening) - self.closed) * self.width_per_unit

    def from_width(self, width: float | np.ndarray) -> float | np.ndarray:
        """Opening for a distance between the fingers in m."""
        return width / (abs(self.open - self.closed) * self.width_per_unit)


class ArmProfile(StrictModel):
    """One arm: its chain of n joints from ``base_frame`` to ``tip_frame``."""

    name: Name
    base_frame: Frame
    tip_frame: Frame
    joints: tuple[Name, ...] = Field(min_length=1)
    home: Vector = Field(description='rad')
    limits: JointLimits
    cartesian: CartesianLimits
    workspace: Workspace
    gripper: GripperProfile | None = None

    @model_validator(mode='after')
    def _check(self) -> 'ArmProfile':
        count = len(self.joints)
        arrays = {'home': self.home, **{
            f'limits.{name}': getattr(self.limits, name) for name in JointLimits.model_fields}}
        for field, array in arrays.items():
            if len(array) != count:
                raise problem(
                    field, f'needs {count} numbers, one for each of joints, has {len(array)}')
        lower, upper = self.limits.position_lower, self.limits.position_upper
        for index, joint in enumerate(self.joints):
            if not lower[index] < upper[index]:
                raise problem(
                    f'limits.position_lower[{index}]',
                    f'must be below position_upper for {joint} '
                    f'(got {lower[index]:g} and {upper[index]:g})')
            if not lower[index] <= self.home[index] <= upper[index]:
                raise problem(
                    f'home[{index}]',
                    f'must lie within the limits of {joint}, '
                    f'{lower[index]:g} to {upper[index]:g} (got {self.home[index]:g})')
        return self


class CameraProfile(StrictModel):
    """One camera: its optical frame (z forward, x right, y down), image size and rate."""

    name: Name
    frame: Frame
    width: int = Field(gt=0, le=16384, description='pixels')
    height: int = Field(gt=0, le=16384, description='pixels')
    rate_hz: Real = Field(gt=0)
    fovy: Real = Field(default=45.0, gt=0, lt=180, description='vertical field of view, degrees')


class RobotProfile(StrictModel):
    """A robot: one or more arms, the leaders that people move, cameras, and its description."""

    name: Name
    description: str = ''
    model: str = Field(min_length=1, description='file in urdf/')
    model_arguments: dict[str, str] = Field(default={}, description='xacro arguments')
    root_frame: Frame = 'world'
    rate_hz: Real = Field(gt=0, description='rate of the hardware')
    control_modes: tuple[ControlMode, ...] = Field(min_length=1)
    gravity_compensated: bool = Field(
        default=False, description='the firmware carries the arm; effort commands exclude gravity')
    arms: tuple[ArmProfile, ...] = Field(min_length=1)
    leaders: tuple[ArmProfile, ...] = ()
    cameras: tuple[CameraProfile, ...] = ()
    policy: str = Field(
        default='', description='what robot.launch.py serves unasked: the name of a policy that '
                                'comes with the project, or a folder; empty: none')

    @field_validator('model_arguments', mode='before')
    @classmethod
    def _write_as_xacro_does(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {key: str(item).lower() if isinstance(item, bool) else
                str(item) if isinstance(item, int | float) else item
                for key, item in value.items()}

    @model_validator(mode='after')
    def _check(self) -> 'RobotProfile':
        for field in ('arms', 'leaders', 'cameras'):
            names = [part.name for part in getattr(self, field)]
            _refuse_duplicates(names, field, 'name')
        _refuse_duplicates(self.control_modes, 'control_modes', 'mode')
        _refuse_duplicates(
            [joint for arm in (*self.arms, *self.leaders)
             for joint in (*arm.joints, *(arm.gripper.joints if arm.gripper else ()))],
            'arms', 'joint')
        return self

    @classmethod
    def load(cls, name_or_path: str | Path) -> 'RobotProfile':
        """
        Read a profile by name ('franka') or from a YAML file.

        A name is looked up in the installed ``config/robots`` of vla_bringup, else in the
        checkout's. ProfileError, in one line, names file and field and says what to do.
        """
        text = str(name_or_path)
        if isinstance(name_or_path, Path) or '/' in text or text.endswith(('.yaml', '.yml')):
            return read_yaml(Path(name_or_path), cls, ProfileError)
        path = share.find('vla_bringup', 'config/robots', f'{text}.yaml')
        if path is None:
            raise ProfileError(
                f'no robot profile {text!r}; {near_matches(text, cls.available())}')
        return read_yaml(path, cls, ProfileError)

    @staticmethod
    def available() -> list[str]:
        """Names that `load` finds, sorted."""
        return sorted({path.stem for folder in share.folders('vla_bringup', 'config/robots')
                       for path in folder.glob('*.yaml')})

    def find_model(self) -> Path:
        """The file of ``model`` in the installed vla_description, else in the checkout."""
        path = share.find('vla_description', 'urdf', self.model)
        if path is None:
            raise ProfileError(
                f'robot {self.name}: model: no file {self.model!r} in urdf/; '
                'build vla_description or mend the name')
        return path

    def arm(self, name: str) -> ArmProfile:
        """The arm called ``name``; ProfileError names the arms there are."""
        return _named(self.arms, name, f'robot {self.name} has no arm {name!r}')

    def leader(self, name: str) -> ArmProfile:
        """The leader called ``name``; ProfileError names the leaders there are."""
        return _named(self.leaders, name, f'robot {self.name} has no leader {name!r}')

    def camera(self, name: str) -> CameraProfile:
        """The camera called ``name``; ProfileError names the cameras there are."""
        return _named(self.cameras, name, f'robot {self.name} has no camera {name!r}')

    @cached_property
    def joints(self) -> tuple[str, ...]:
        """Joint names over all arms, without grippers and leaders."""
        return tuple(joint for arm in self.arms for joint in arm.joints)

    @cached_property
    def home(self) -> np.ndarray:
        """Home position over all arms, in the order of `joints`, rad."""
        return _concatenated([arm.home for arm in self.arms])

    @cached_property
    def limits(self) -> JointLimits:
        """Limits over all arms, in the order of `joints`."""
        return JointLimits(**{
            name: _concatenated([getattr(arm.limits, name) for arm in self.arms])
            for name in JointLimits.model_fields})


def _concatenated(arrays: list[np.ndarray]) -> np.ndarray:
    joined = np.concatenate(arrays)
    joined.flags.writeable = False
    return joined


def _refuse_duplicates(names: list[str] | tuple[str, ...], field: str, what: str) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise problem(field, f'{what} {name!r} appears twice; each must be there once')


def _named(parts: tuple, name: str, failure: str):
    for part in parts:
        if part.name == name:
            return part
    raise ProfileError(f'{failure}; {near_matches(name, [part.name for part in parts])}')
