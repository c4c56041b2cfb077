"""Which controllers a robot has: `config/controllers/<robot>.yaml`, typed, unknown keys refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from vla_control.controllers import CONTROLLERS
from vla_control.core import ControllerSpec
from vla_control.loop import RealTime
from vla_control.node.broadcasting import BROADCASTERS, BroadcasterParameters
from vla_control.safety.parameters import SafetyParameters
from vla_core import share
from vla_core.profile import ArmProfile, RobotProfile
from vla_core.validation import (
    ConfigurationError,
    StrictModel,
    near_matches,
    problem,
    read_yaml,
)

__all__ = ['ControllerConfiguration', 'ControllerEntry', 'load_configuration', 'parameters_model',
           'topic_prefix']

Start = Literal['active', 'inactive', 'unloaded']


class ControllerEntry(StrictModel):
    """One controller or broadcaster, known under its name."""

    type: str = Field(min_length=1, description='a type of controller or broadcaster')
    arm: str = Field('', description='its arm; broadcasters of the whole robot have none')
    start: Start = Field('inactive', description='state in which it starts')
    parameters: dict[str, Any] = Field({}, description='nested, or with dotted names')

    @model_validator(mode='after')
    def _check(self) -> ControllerEntry:
        known = {**CONTROLLERS, **BROADCASTERS}
        if self.type not in known:
            raise problem('type', f'no type {self.type!r}; {near_matches(self.type, known)}')
        if self.type in CONTROLLERS and not self.arm:
            raise problem('arm', f'a controller of type {self.type} needs an arm')
        return self

    @property
    def broadcasts(self) -> bool:
        """Whether it only reports; such a controller lives in the node, not in the loop."""
        return self.type in BROADCASTERS

    @property
    def spec(self) -> ControllerSpec:
        """What the loop is told of it."""
        return ControllerSpec(type=self.type, arm=self.arm, parameters=self.parameters)


class ControllerConfiguration(StrictModel):
    """All controllers of one robot, and what its loop is told."""

    controllers: dict[str, ControllerEntry]
    safety: SafetyParameters = SafetyParameters()
    real_time: RealTime = RealTime()

    def check(self, profile: RobotProfile) -> None:
        """ConfigurationError when a controller names an arm that the robot lacks."""
        arms = [arm.name for arm in (*profile.arms, *profile.leaders)]
        for name, entry in self.controllers.items():
            if entry.arm and entry.arm not in arms:
                raise ConfigurationError(f'controllers.{name}.arm: robot {profile.name} has no arm '
                                         f'{entry.arm!r}; {near_matches(entry.arm, arms)}')


def load_configuration(name_or_path: str) -> ControllerConfiguration:
    """Read a configuration by a robot's name or from a YAML file; ConfigurationError else."""
    if '/' in name_or_path or name_or_path.endswith(('.yaml', '.yml')):
        return read_yaml(Path(name_or_path), ControllerConfiguration, ConfigurationError)
    path = share.find('vla_bringup', 'config/controllers', f'{name_or_path}.yaml')
    if path is None:
        known = sorted({file.stem for folder in share.folders('vla_bringup', 'config/controllers')
                        for file in folder.glob('*.yaml')})
        raise ConfigurationError(f'no controllers are configured for robot {name_or_path!r}; '
                                 f'{near_matches(name_or_path, known)}')
    return read_yaml(path, ControllerConfiguration, ConfigurationError)


def parameters_model(entry: ControllerEntry, profile: RobotProfile) -> type[StrictModel]:
    """The typed parameters of a controller or broadcaster."""
    if entry.broadcasts:
        return BroadcasterParameters
    return CONTROLLERS[entry.type].parameters_model(_arm(profile, entry.arm))


def _arm(profile: RobotProfile, name: str) -> ArmProfile:
    return next(arm for arm in (*profile.arms, *profile.leaders) if arm.name == name)


def topic_prefix(profile: RobotProfile, arm: str) -> str:
    """What an arm's topics begin with: nothing on a robot with one arm, else `left/`."""
    return '' if len(profile.arms) + len(profile.leaders) == 1 else f'{arm}/'
