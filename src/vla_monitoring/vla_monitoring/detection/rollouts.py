"""
Rollouts as detection needs them: what the policy had in mind at each chunk, and what came of it.

One file an episode, so that a collection goes on where it was broken off.
"""
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vla_core.validation import ConfigurationError

__all__ = ['Rollout', 'RolloutError', 'load_rollouts', 'rollout_path']

ABSENT = 'absent_target'


class RolloutError(ConfigurationError):
    """Rollouts that are missing or contradict each other; one line."""


@dataclass(frozen=True, eq=False)
class Rollout:
    """
    One episode of T chunks.

    ``times_s`` [T] are those of the observations, from the start of the episode; ``embeddings``
    [T, E] and ``groundings`` [T, G] are float32, G = 0 for a policy that gives none. ``axes`` are
    those of vla_simulation's evaluation.
    """

    suite: str
    family: str
    seed: int
    axes: tuple[str, ...]
    instruction: str
    success: bool
    failure: str
    duration_s: float
    times_s: np.ndarray
    embeddings: np.ndarray
    groundings: np.ndarray

    def features(self, names: Sequence[str]) -> np.ndarray:
        """The features of those ``names`` side by side [T, n]: embedding, grounding."""
        return np.concatenate([getattr(self, f'{name}s') for name in names], axis=1)

    @property
    def absent(self) -> bool:
        """Whether what the instruction names was not there."""
        return ABSENT in self.axes

    def save(self, folder: Path) -> Path:
        """Write ``folder``/<name>.npz whole or not at all, and return its path."""
        path = rollout_path(folder, self.suite, self.family, self.seed, self.axes)
        folder.mkdir(parents=True, exist_ok=True)
        facts = {key: value for key, value in asdict(self).items()
                 if key not in ('times_s', 'embeddings', 'groundings')}
        unfinished = path.with_suffix('.part')
        with unfinished.open('wb') as file:
            np.savez_compressed(file, facts=np.array(json.dumps(facts)), times_s=self.times_s,
                                embeddings=self.embeddings.astype(np.float32),
                                groundings=self.groundings.astype(np.float32))
        unfinished.replace(path)
        return path

    @classmethod
    def load(cls, path: Path) -> 'Rollout':
        """Read a file that `save` wrote; RolloutError names what is wrong with it."""
        try:
            with np.load(path, allow_pickle=False) as file:
                facts: dict[str, Any] = json.loads(file['facts'].item())
                rollout = cls(**{**facts, 'axes': tuple(facts['axes'])},
                              times_s=file['times_s'], embeddings=file['embeddings'],
                              groundings=file['groundings'])
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise RolloutError(f'{path}: is no rollout: {error}') from error
        for name in ('embeddings', 'groundings'):
            shape = getattr(rollout, name).shape
            if len(shape) != 2 or shape[0] != len(rollout.times_s):
                raise RolloutError(f'{path}: {name} of shape {shape} do not fit '
                                   f'{len(rollout.times_s)} times')
        return rollout


def rollout_path(folder: Path, suite: str, family: str, seed: int, axes: Iterable[str]) -> Path:
    """Where the rollout of an episode is kept."""
    return folder / f'{suite}-{family}-{"+".join(axes) or "none"}-{seed}.npz'


def load_rollouts(folder: Path) -> list[Rollout]:
    """Every rollout in ``folder``, in the order of their names; RolloutError when there is none."""
    rollouts = [Rollout.load(path) for path in sorted(folder.glob('*.npz'))]
    if not rollouts:
        raise RolloutError(f'{folder}: holds no rollouts; collect some with '
                           'python -m vla_monitoring.collect_rollouts')
    for name in ('embeddings', 'groundings'):
        sizes = {getattr(rollout, name).shape[1] for rollout in rollouts}
        if len(sizes) > 1:
            raise RolloutError(f'{folder}: {name} of different sizes {sorted(sizes)}: these '
                               'rollouts are of different policies')
    return rollouts
