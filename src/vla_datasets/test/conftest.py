"""A small data set whose every value follows from episode and step."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from vla_datasets import DatasetReader, DatasetWriter

FRONT = 'observation.images.front'
STILL = 'observation.images.still'
NAMES = ['height', 'width', 'channels']


class Sample:
    """Writes episodes and checks that they are read as they were written."""

    fps = 20
    front = FRONT
    still = STILL
    features = {
        'observation.state': {'dtype': 'float32', 'shape': (3,), 'names': ['x', 'y', 'z']},
        'action': {'dtype': 'float32', 'shape': (2,), 'names': None},
        'effort': {'dtype': 'float64', 'shape': (2, 2), 'names': None},
        'stamp_ns': {'dtype': 'int64', 'shape': (1,), 'names': None},
        'next.done': {'dtype': 'bool', 'shape': (1,), 'names': None},
        'operator': {'dtype': 'string', 'shape': (1,), 'names': None},
        FRONT: {'dtype': 'video', 'shape': (48, 64, 3), 'names': NAMES},
        STILL: {'dtype': 'image', 'shape': (6, 5, 3), 'names': NAMES},
    }

    def length(self, seed: int) -> int:
        return 4 + seed % 3

    def task(self, seed: int) -> str:
        return ('pick the cube', 'push it')[seed % 2]

    def image(self, seed: int, step: int, height: int, width: int) -> np.ndarray:
        ramp = np.add.outer(np.arange(height), np.arange(width))[..., None] * 0.5
        return (ramp + [30 + 20 * (seed % 8), 40 + 12 * step, 90]).astype(np.uint8)

    def frame(self, seed: int, step: int) -> dict:
        random = np.random.default_rng(100 * seed + step)
        return {
            'observation.state': random.normal(size=3).astype(np.float32),
            'action': np.array([seed, step], dtype=np.float32),
            'effort': random.normal(size=(2, 2)),
            'stamp_ns': 10 ** 18 + step,
            'next.done': step == self.length(seed) - 1,
            'operator': 'policy' if step % 2 else 'person',
            FRONT: self.image(seed, step, 48, 64),
            STILL: self.image(seed, step, 6, 5),
        }

    def append(self, writer: DatasetWriter, seed: int) -> None:
        for step in range(self.length(seed)):
            writer.add_frame(self.frame(seed, step), task=self.task(seed))
        writer.save_episode(seed=seed, outcome='success' if seed % 2 else 'failure')

    def write(self, root: Path, seeds: Iterable[int], **settings: object) -> Path:
        with DatasetWriter.create(
            root, fps=self.fps, features=self.features, robot_type='franka', **settings,
        ) as writer:
            for seed in seeds:
                self.append(writer, seed)
        return root

    def check(self, root: Path, seeds: Iterable[int]) -> DatasetReader:
        """Every frame read must be the one that was written."""
        reader = DatasetReader(root)
        assert [episode.fields['seed'] for episode in reader.episodes] == list(seeds)
        for number, seed in enumerate(seeds):
            frames = reader.frames_of(number)
            assert len(frames) == self.length(seed)
            for step, index in enumerate(frames):
                self.check_frame(reader[index], seed, step)
        return reader

    def check_frame(self, read: dict, seed: int, step: int) -> None:
        for name, value in self.frame(seed, step).items():
            if name == FRONT:
                assert np.abs(read[name].astype(int) - value).mean() < 3
            else:
                assert np.array_equal(read[name], value), name
        assert read['task'] == self.task(seed)
        assert read['frame_index'] == step
        assert abs(read['timestamp'] - step / self.fps) < 1e-6


@pytest.fixture(scope='session')
def sample() -> Sample:
    return Sample()


@pytest.fixture(scope='session')
def written(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of five episodes, seeds 0 to 4; to be read only."""
    return sample.write(tmp_path_factory.mktemp('written') / 'five', range(5))


@pytest.fixture
def in_child() -> Callable[[Callable[[], object]], int]:
    """Run a function in a process of its own; returns its exit status, negative for a signal."""

    def run(action: Callable[[], object]) -> int:
        child = os.fork()
        if child == 0:
            try:
                action()
                os._exit(0)
            except BaseException:
                os._exit(1)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    return run
