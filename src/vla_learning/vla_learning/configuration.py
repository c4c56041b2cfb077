"""What is trained, on what, for how long: ``config/training/*.yaml``."""
from pathlib import Path
from typing import Literal

from pydantic import Field

from vla_core import share
from vla_core.validation import ConfigurationError, Real, StrictModel, near_matches, read_yaml
from vla_policies.mini.configuration import MiniConfiguration
from vla_policies.policy import PolicyError
from vla_policies.registry import shipped

__all__ = ['EvaluationPlan', 'TrainingConfiguration', 'TrainingError']


class TrainingError(ConfigurationError):
    """A training that cannot be run as asked; one line."""


class EvaluationPlan(StrictModel):
    """Lockstep episodes while training goes on; seeds from ``seed`` on, which no data has."""

    suite: str
    robot: str = ''
    families: tuple[str, ...] = ()
    episodes: int = Field(5, ge=1, description='of each family')
    seed: int = Field(500_000, ge=0)
    every_s: Real = Field(900.0, gt=0, description='of training')


class TrainingConfiguration(StrictModel):
    """One training run; everything that its result depends on beside the data."""

    policy: MiniConfiguration
    contract: str = Field(description='policy contract, a name or a file')
    data: tuple[str, ...] = Field(min_length=1, description='folders of data sets')
    rephrase: str = Field('', description='module:function(instruction, random), other words of '
                                          'training for the same request')
    phrases: int = Field(6, ge=1, description='words of an episode that are tried')
    frame_stride: int = Field(2, ge=1, description='of how many frames one is learned from')
    initial: str = Field('', description='policy whose weights are started from: a folder, or the '
                                         'name of one that is shipped')
    freeze_backbone: bool = Field(False, description='train the head alone')
    samples: int = Field(700_000, ge=1, description='frames seen in all, repeats counted')
    batch: int = Field(64, ge=1)
    learning_rate: Real = Field(1e-3, gt=0)
    warm_up: Real = Field(0.03, ge=0, lt=1, description='share of the run')
    weight_decay: Real = Field(1e-4, ge=0)
    gradient_norm: Real = Field(1.0, gt=0, description='clipped above')
    average: Real = Field(0.999, ge=0, lt=1, description='decay of the moving average of weights')
    place_weight: Real = Field(0.5, ge=0, description='of telling where target and goal are')
    look_weight: Real = Field(0.1, ge=0, description='of looking there in the pictures')
    precision: Literal['float32', 'bfloat16'] = Field(
        'bfloat16', description='float32 is taken on a device that has no bfloat16')
    seed: int = Field(0, ge=0)
    evaluation: EvaluationPlan | None = None

    @property
    def initial_folder(self) -> Path | None:
        """Of the policy that is started from; TrainingError names those that are shipped."""
        if not self.initial or Path(self.initial).is_dir():
            return Path(self.initial) if self.initial else None
        try:
            return shipped(self.initial)
        except PolicyError as error:
            raise TrainingError(f'initial: {error}') from error

    @classmethod
    def load(cls, name_or_path: str) -> 'TrainingConfiguration':
        """Read a file, or a name in ``config/training``; TrainingError in one line."""
        path = Path(name_or_path)
        if path.suffix not in ('.yaml', '.yml'):
            found = share.find('vla_bringup', 'config/training', f'{name_or_path}.yaml')
            if found is None:
                known = [path.stem for folder in share.folders('vla_bringup', 'config/training')
                         for path in folder.glob('*.yaml')]
                raise TrainingError(
                    f'no training {name_or_path!r}; {near_matches(name_or_path, known)}')
            path = found
        return read_yaml(path, cls, TrainingError)
