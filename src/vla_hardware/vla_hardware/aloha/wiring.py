"""How servos make an arm: `config/dynamixel/<robot>.yaml`, typed, unknown keys refused.

A kind of arm says which servo moves which joint; an arm is one of a kind on one port.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from vla_core import share
from vla_core.profile import ArmProfile, RobotProfile
from vla_core.validation import (
    ConfigurationError,
    Name,
    Real,
    StrictModel,
    near_matches,
    problem,
    read_yaml,
)
from vla_hardware.aloha.control_table import CENTRE, MODELS, PULSES, RADIANS, ServoModel
from vla_hardware.aloha.crank import Crank

__all__ = ['ArmKind', 'ArmWiring', 'GripperWiring', 'ServoWiring', 'Wiring', 'load_wiring']


class ServoWiring(StrictModel):
    """The servo of one joint, and perhaps a second one, mounted as its mirror image."""

    id: int = Field(ge=0, le=252)
    model: Literal['XM540-W270', 'XM430-W350', 'XL430-W250']
    reversed: bool = Field(False, description='drive mode; a shadow has the other one')
    shadow: int | None = Field(
        None, ge=0, le=252, description='id of a second servo whose secondary id is this id')
    zero: Real = Field(0.0, description="rad, the servo's angle where the joint is at 0")
    ratio: Real = Field(1.0, gt=0, description='turns of the servo for a turn of the joint')
    p_gain: int = Field(800, gt=0, le=16383, description='position P gain, in its register')
    i_gain: int = Field(0, ge=0, le=16383)
    d_gain: int = Field(0, ge=0, le=16383)

    @property
    def data_sheet(self) -> ServoModel:
        """What the maker says of it."""
        return MODELS[self.model]

    @property
    def ids(self) -> tuple[int, ...]:
        """Its own id and its shadow's."""
        return (self.id,) if self.shadow is None else (self.id, self.shadow)

    @property
    def stiffness(self) -> float:
        """N·m/rad of the firmware's position control at the joint."""
        return len(self.ids) * self.data_sheet.stiffness(self.p_gain) * self.ratio**2

    @property
    def delay(self) -> float:
        """Seconds by which the joint trails a moving goal: back-EMF by stiffness."""
        return self.data_sheet.damping / self.data_sheet.stiffness(self.p_gain)

    def to_pulses(self, position: float) -> int:
        """Position register for a joint's position in rad."""
        return round((position * self.ratio + self.zero) / RADIANS) + CENTRE

    def to_radians(self, pulses: float) -> float:
        """A joint's position in rad for the position register."""
        return ((pulses - CENTRE) * RADIANS - self.zero) / self.ratio


class GripperWiring(StrictModel):
    """The servo of a gripper and its crank."""

    servo: ServoWiring
    horn: Real = Field(gt=0, description='m, radius of the horn')
    rod: Real = Field(gt=0, description='m, length of the rod')
    closed: Real | None = Field(
        None, description="rad, the servo's angle when closed; without it the profile's place")
    open: Real | None = Field(None, description="rad, the servo's angle when open; as closed")
    max_current: Real = Field(0.8, gt=0, description='A, whatever effort is asked for')

    @property
    def crank(self) -> Crank:
        """Its geometry."""
        return Crank(self.horn, self.rod)


class ArmKind(StrictModel):
    """The servos of a kind of arm, from the base to the tip."""

    joints: tuple[ServoWiring, ...] = Field(min_length=1)
    gripper: GripperWiring | None = None

    @property
    def servos(self) -> tuple[ServoWiring, ...]:
        """Those of the joints and then the gripper's."""
        return (*self.joints, *((self.gripper.servo,) if self.gripper else ()))

    @property
    def ids(self) -> tuple[int, ...]:
        """All ids on the bus, shadows included."""
        return tuple(id_ for servo in self.servos for id_ in servo.ids)

    @model_validator(mode='after')
    def _check(self) -> ArmKind:
        ids = self.ids
        for index, id_ in enumerate(ids):
            if id_ in ids[:index]:
                raise problem('joints', f'id {id_} appears twice; each servo has its own')
        return self


class ArmWiring(StrictModel):
    """One arm: its kind, its port, and what its calibration found."""

    kind: Name
    port: str = Field(min_length=1, description='serial device of its U2D2')
    homing_offsets: dict[int, int] = Field(
        {}, description='pulses in the homing offset register, by id; others are not looked at')

    @model_validator(mode='after')
    def _check(self) -> ArmWiring:
        for id_, offset in self.homing_offsets.items():
            if abs(offset) > PULSES:
                raise problem(f'homing_offsets.{id_}', f'must be within ±{PULSES} pulses')
        return self


class Wiring(StrictModel):
    """All arms of a robot, and how closely their buses are watched."""

    kinds: dict[Name, ArmKind]
    arms: dict[Name, ArmWiring]
    baud_rate: Literal[57600, 115200, 1000000, 2000000, 3000000, 4000000] = 1000000
    response_timeout: Real = Field(
        0.010, gt=0, description="s to wait for an answer beyond its bytes' own time")
    link_timeout: Real = Field(
        0.25, gt=0, description='s without a good answer after which the bus counts as lost')
    corrupt_share: Real = Field(
        0.3, gt=0, le=1, description='share of bad answers in a second that is a fault')
    temperature_margin: Real = Field(
        5.0, ge=0, description="K below a servo's own limit at which the robot stops")
    min_voltage: Real = Field(10.0, gt=0, description='V')
    max_voltage: Real = Field(14.0, gt=0, description='V')
    shadow_tolerance: Real = Field(
        0.05, gt=0, description='rad by which a shadow may differ from its servo')

    @model_validator(mode='after')
    def _check(self) -> Wiring:
        for name, arm in self.arms.items():
            if arm.kind not in self.kinds:
                raise problem(f'arms.{name}.kind',
                              f'no kind {arm.kind!r}; {near_matches(arm.kind, self.kinds)}')
        return self

    def kind(self, arm: ArmProfile) -> ArmKind:
        """The servos of an arm of a profile; ConfigurationError when they do not fit it."""
        if arm.name not in self.arms:
            raise ConfigurationError(
                f'arms: no arm {arm.name!r} is wired; {near_matches(arm.name, self.arms)}')
        name = self.arms[arm.name].kind
        kind = self.kinds[name]
        if len(kind.joints) != len(arm.joints):
            raise ConfigurationError(f'kinds.{name}.joints: has {len(kind.joints)} servos, arm '
                                     f'{arm.name!r} has {len(arm.joints)} joints')
        if (kind.gripper is None) != (arm.gripper is None):
            raise ConfigurationError(f'kinds.{name}.gripper: must be there if and only if arm '
                                     f'{arm.name!r} of the profile has a gripper')
        return kind


def load_wiring(name_or_path: str, profile: RobotProfile) -> Wiring:
    """Read the wiring by name or from a YAML file; '' takes the profile's name."""
    text = name_or_path or profile.name
    if '/' in text or text.endswith(('.yaml', '.yml')):
        return read_yaml(Path(text), Wiring, ConfigurationError)
    path = share.find('vla_bringup', 'config/dynamixel', f'{text}.yaml')
    if path is None:
        known = sorted({file.stem for folder in share.folders('vla_bringup', 'config/dynamixel')
                        for file in folder.glob('*.yaml')})
        raise ConfigurationError(f'no Dynamixel wiring {text!r}; {near_matches(text, known)}')
    return read_yaml(path, Wiring, ConfigurationError)
