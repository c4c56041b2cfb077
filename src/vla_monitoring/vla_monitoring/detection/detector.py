"""
A detector: a scorer, the band that its scores stay in, and the card that says where it is from.

A folder of detectors has one folder for each purpose, with ``detector.yaml`` and ``arrays.npz``:

    failure               this rollout is going to fail
    absent_target         what the instruction names is not there (abstention)
    out_of_distribution   the policy is where no success has been
"""
import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import yaml
from pydantic import Field

from vla_core import share
from vla_core.validation import (
    ConfigurationError,
    Name,
    Real,
    StrictModel,
    near_matches,
    read_yaml,
)
from vla_monitoring.detection.conformal import Band
from vla_monitoring.detection.rollouts import Rollout
from vla_monitoring.detection.scorers import SCORERS, Scorer

__all__ = [
    'PURPOSES', 'Card', 'Detector', 'DetectorError', 'Feature', 'FeatureError', 'Purpose',
    'Verdict', 'Watch', 'find_detectors', 'load_detectors',
]

Feature = Literal['embedding', 'grounding']
Purpose = Literal['failure', 'absent_target', 'out_of_distribution']
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

#: What an alarm of each purpose says.
ALARM_TEXTS: dict[str, str] = {
    'failure': 'this is going to fail',
    'absent_target': 'what the instruction names does not seem to be there',
    'out_of_distribution': 'the policy is where no success has been',
}


class DetectorError(ConfigurationError):
    """A detector that cannot be read; one line."""


class FeatureError(ValueError):
    """Features that no detector can judge."""


class Card(StrictModel):
    """Where a detector comes from and how it stood the test."""

    purpose: Purpose
    scorer: Name
    policy: str = Field(description='whose features it reads')
    reads: tuple[Feature, ...] = Field(
        ('embedding',), min_length=1, description='features, side by side in this order')
    dimension: int = Field(gt=0, description='of all of them')
    period_s: Real = Field(gt=0, description='between two steps of its rollouts')
    steps: int = Field(0, ge=0, description='steps that it looks at; 0: all of them')
    error_rate: Real = Field(gt=0, lt=1, description='chosen rate of false alarms')
    factor: Real = Field(description='k of the band')
    trained_on: tuple[str, ...] = Field(description='tasks whose outcomes it has seen')
    calibrated_on: tuple[str, ...] = Field(description='tasks whose successes shaped the band')
    held_out: tuple[str, ...] = Field((), description='tasks that it was tested on')
    rollouts: int = Field(ge=0, description='rollouts in all')
    figures: dict[str, Real] = Field({}, description='on the tasks that were held out')
    sha256: str = Field(description='of arrays.npz')


@dataclass(frozen=True)
class Verdict:
    """What a detector says at a step of the rollout."""

    purpose: Purpose
    step: int
    score: float
    threshold: float
    alarm: bool

    @property
    def text(self) -> str:
        """One line for people."""
        what = ALARM_TEXTS[self.purpose] if self.alarm else 'within what successes do'
        return f'{what} (score {self.score:.2f}, threshold {self.threshold:.2f})'


@dataclass(frozen=True, eq=False)
class Detector:
    """A scorer with its band."""

    card: Card
    scorer: Scorer
    band: Band

    def save(self, folder: Path) -> None:
        """Write ``folder``/<purpose>/."""
        place = folder / self.card.purpose
        place.mkdir(parents=True, exist_ok=True)
        np.savez(place / 'arrays.npz', **{
            **self.scorer.arrays, 'band_mean': self.band.mean, 'band_width': self.band.width})
        card = self.card.model_copy(update={'sha256': _digest(place / 'arrays.npz')})
        (place / 'detector.yaml').write_text(
            yaml.safe_dump(card.model_dump(mode='json'), sort_keys=False), encoding='utf-8')

    @classmethod
    def load(cls, place: Path) -> 'Detector':
        """Read one that `save` wrote; DetectorError names what is wrong."""
        card = read_yaml(place / 'detector.yaml', Card, DetectorError)
        if card.scorer not in SCORERS:
            raise DetectorError(f'{place}: no scorer {card.scorer!r}; known: {", ".join(SCORERS)}')
        arrays = place / 'arrays.npz'
        try:
            if _digest(arrays) != card.sha256:
                raise DetectorError(f'{arrays}: is not the file that detector.yaml was written for')
            with np.load(arrays, allow_pickle=False) as file:
                found = dict(file)
            scorer = SCORERS[card.scorer](found)
            band = Band(found['band_mean'], found['band_width'], card.factor)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise DetectorError(f'{arrays}: cannot be read: {error}') from error
        if scorer.dimension != card.dimension:
            raise DetectorError(
                f'{place}: dimension: is {card.dimension}, the weights are for {scorer.dimension}')
        return cls(card, scorer, band)

    def excesses(self, rollout: Rollout) -> np.ndarray:
        """How far above the band's mean, in widths [T], along a rollout, over its steps."""
        features = rollout.features(self.card.reads)
        return self.band.excesses(self.scorer.scores(features[:self.card.steps or None]))

    def read(self, features: Mapping[str, np.ndarray]) -> np.ndarray:
        """What it reads of a chunk's features; FeatureError when that is not for it."""
        for name in self.card.reads:
            if name not in features:
                raise FeatureError(f'policy gives no {name}')
        read = np.concatenate([
            np.asarray(features[name], np.float32).ravel() for name in self.card.reads])
        if len(read) != self.card.dimension:
            raise FeatureError(
                f'{" and ".join(self.card.reads)} of {len(read)} numbers: the detector of '
                f'{self.card.policy!r} reads {self.card.dimension}')
        if not np.all(np.isfinite(read)):
            raise FeatureError(f'{" and ".join(self.card.reads)}: not finite')
        return read


class Watch:
    """One detector on the running rollout; ``restart`` at the start of each."""

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self.restart()

    def restart(self) -> None:
        """A new episode or instruction."""
        self._state = self.detector.scorer.begin()
        self._step = 0
        self._last_ns: int | None = None
        self._verdict: Verdict | None = None

    def judge(self, features: Mapping[str, np.ndarray], stamp_ns: int) -> Verdict | None:
        """
        The verdict after the features of a chunk whose observation is of ``stamp_ns``.

        Steps are those of the rollouts that it was trained on: what comes sooner changes nothing,
        and None is the answer before the first. FeatureError when the features are not for it.
        """
        read = self.detector.read(features)
        period_ns = self.detector.card.period_s * 1e9
        if self._last_ns is not None and 0 <= stamp_ns - self._last_ns < 0.75 * period_ns:
            return self._verdict
        self._last_ns = stamp_ns
        card, band = self.detector.card, self.detector.band
        if card.steps and self._step >= card.steps:
            return self._verdict
        self._state, score = self.detector.scorer.step(self._state, read)
        self._verdict = Verdict(
            card.purpose, self._step, score, band.threshold(self._step),
            band.excess(self._step, score) > band.factor)
        self._step += 1
        return self._verdict


def find_detectors(name_or_path: str) -> Path:
    """The folder of detectors of a path, or of a name in ``config/detectors``."""
    path = Path(name_or_path).expanduser()
    if path.is_dir() or len(path.parts) != 1:
        return path
    folders = list(share.folders('vla_bringup', 'config/detectors'))
    known = sorted({place.name for folder in folders for place in folder.iterdir()})
    if path.name not in known:
        raise DetectorError(f'no detectors {name_or_path!r}; {near_matches(path.name, known)}')
    return next(folder / path.name for folder in folders if (folder / path.name).is_dir())


def load_detectors(folder: Path) -> dict[Purpose, Detector]:
    """Every detector in ``folder``; DetectorError when there is none."""
    found = {purpose: Detector.load(folder / purpose) for purpose in PURPOSES
             if (folder / purpose / 'detector.yaml').is_file()}
    if not found:
        raise DetectorError(f'{folder}: holds no detector; train some with '
                            'python -m vla_monitoring.train_detector')
    return found


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
