"""
Frames of data sets as arrays that a training run reads at random.

Images are decoded once into a memory-mapped file beside the run, so that the data set may be larger
than memory and a resumed run starts at once.
"""
import hashlib
import importlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vla_core.policy_contract import PolicyContract, process_instruction
from vla_datasets import DatasetReader
from vla_learning.configuration import TrainingError
from vla_policies.processing.anchoring import Anchor
from vla_policies.processing.representation import Representation

__all__ = ['FrameStore', 'Rephrase', 'find_function', 'statistics']

Rephrase = Callable[[str, np.random.Generator], str]
PLACES, PIXELS = ('truth.target', 'truth.goal'), 'truth.pixels'
#: An expert's whole chunk from a state; else the actions that follow in the episode are it.
CHUNK = 'expert.chunk'
#: Of an export: the bag of an episode, of which it may be a part, and the time of each frame.
BAG, STAMP = 'bag', 'stamp_ns'
AT_ONCE = 256
#: Spreads below this (m, rad) are noise of a start pose; they must not be blown up.
SMALLEST_SPREAD = 0.01


@dataclass
class FrameStore:
    """
    N frames: images uint8 [N, V, h, w, 3] (memory-mapped), state [N, n], chunks of actions
    [N, H, D] as told (absolute), places [N, 6] in m with known [N, 2], pixels [N, V, 2, 2] in
    [−1, 1] or 2 where nothing is known, episode [N], and the instruction of each episode.
    """

    images: np.ndarray
    state: np.ndarray
    actions: np.ndarray
    places: np.ndarray
    known: np.ndarray
    pixels: np.ndarray
    episode: np.ndarray
    instructions: list[str]

    def __len__(self) -> int:
        return len(self.state)

    @classmethod
    def open(
        cls, folders: Sequence[Path], contract: PolicyContract, stride: int, cache: Path,
        on_frames: Callable[[int, int], None] | None = None,
    ) -> 'FrameStore':
        """
        Read data sets; images come from ``cache`` where a run with the same data left them.

        TrainingError names a feature that the contract wants and a data set lacks.
        """
        parts = [_Part.open(Path(folder), contract, stride) for folder in folders]
        total = sum(len(part.frames) for part in parts)
        images = _images(parts, contract, cache, total, on_frames)
        episodes, instructions = [], []
        for part in parts:
            episodes.append(part.episode + len(instructions))
            instructions += part.instructions
        return cls(
            images, np.concatenate([part.state for part in parts]),
            np.concatenate([part.actions for part in parts]),
            np.concatenate([part.places for part in parts]),
            np.concatenate([part.known for part in parts]),
            np.concatenate([part.pixels for part in parts]),
            np.concatenate(episodes), instructions)

    def phrases(
        self, contract: PolicyContract, count: int, rephrase: Rephrase | None, seed: int,
    ) -> list[list[str]]:
        """``count`` ways to say what each episode does, the recorded one first."""
        random = np.random.default_rng([seed, 7])
        said = []
        for instruction in self.instructions:
            words = [instruction]
            if rephrase is not None:
                words += [rephrase(instruction, random) for _ in range(count - 1)]
            said.append([process_instruction(contract.language, word) for word in words])
        return said


@dataclass
class _Part:
    reader: DatasetReader
    frames: np.ndarray
    state: np.ndarray
    actions: np.ndarray
    places: np.ndarray
    known: np.ndarray
    pixels: np.ndarray
    episode: np.ndarray
    instructions: list[str]

    @classmethod
    def open(cls, folder: Path, contract: PolicyContract, stride: int) -> '_Part':
        reader = DatasetReader(folder)
        _check(reader, contract)
        state = reader.column(contract.state.key).astype(np.float32)
        action = reader.column(contract.action.key).astype(np.float32)
        places = np.zeros((len(reader), 6), np.float32)
        if all(name in reader.features for name in PLACES):
            places = np.concatenate([reader.column(name) for name in PLACES], 1)
        pixels = np.full((len(reader), len(contract.images), 2, 2), 2.0, np.float32)
        if PIXELS in reader.features:
            pixels = reader.column(PIXELS)
        told = reader.column(CHUNK) if CHUNK in reader.features else None
        if told is not None:
            stride = 1  # single states are all different
        else:
            told = _following(reader, action, contract.action.horizon)
        frames, episodes = [], []
        for number in range(len(reader.episodes)):
            span = reader.frames_of(number)
            chosen = np.arange(span.start + number % stride, span.stop, stride)
            frames.append(chosen)
            episodes.append(np.full(len(chosen), number))
        frames = np.concatenate(frames)
        known = np.abs(places[frames].reshape(-1, 2, 3)).max(-1) > 0
        return cls(reader, frames, state[frames], told[frames], places[frames], known,
                   pixels[frames], np.concatenate(episodes),
                   [episode.tasks[0] for episode in reader.episodes])


def _following(reader: DatasetReader, actions: np.ndarray, horizon: int) -> np.ndarray:
    """
    The chunk [N, H, D] of each frame: the ``actions`` [N, D] that follow, the last one held.

    They are followed over a gap in which nothing was observed, along a line; else a camera that
    stutters would teach to stop there.
    """
    chunks = np.empty((len(actions), horizon, actions.shape[1]), actions.dtype)
    for rows, steps in _recordings(reader, horizon):
        ahead = steps[:, None] + np.arange(horizon)
        for number in range(actions.shape[1]):
            chunks[rows, :, number] = np.interp(ahead, steps, actions[rows, number])
    return chunks


def _recordings(
    reader: DatasetReader, longest: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Frames of one recording in order, with their times in steps; no gap is ``longest``."""
    episodes: dict[object, list[int]] = {}
    for number, episode in enumerate(reader.episodes):
        episodes.setdefault(episode.fields.get(BAG, number), []).append(number)
    stamps = reader.column(STAMP).reshape(-1) if STAMP in reader.features else None
    for numbers in episodes.values():
        rows = np.concatenate([reader.frames_of(number) for number in numbers])
        steps = np.arange(len(rows))
        if stamps is not None:
            rows = rows[np.argsort(stamps[rows])]
            steps = np.rint((stamps[rows] - stamps[rows[0]]) * (reader.fps / 1e9)).astype(int)
        cuts = np.flatnonzero(np.diff(steps) >= longest) + 1
        yield from zip(np.split(rows, cuts), np.split(steps, cuts))


def _check(reader: DatasetReader, contract: PolicyContract) -> None:
    if not len(reader):
        raise TrainingError(f'{reader.root}: has no episodes; is it still being written?')
    features = reader.features
    wanted = {entry.key: (entry.processing.height, entry.processing.width, 3)
              for entry in contract.images}
    wanted[contract.state.key] = (contract.state.dimension,)
    wanted[contract.action.key] = (contract.action.space.dimension,)
    for name, shape in wanted.items():
        if name not in features:
            raise TrainingError(f'{reader.root}: has no feature {name!r}, which contract '
                                f'{contract.name} wants')
        if tuple(features[name].shape) != shape:
            raise TrainingError(f'{reader.root}: {name} has shape {tuple(features[name].shape)}, '
                                f'contract {contract.name} wants {shape}')
    if round(contract.rate_hz) != reader.fps:
        raise TrainingError(f'{reader.root}: was recorded at {reader.fps} Hz, contract '
                            f'{contract.name} wants {contract.rate_hz:g} Hz')


def _images(
    parts: Sequence[_Part], contract: PolicyContract, cache: Path, total: int,
    on_frames: Callable[[int, int], None] | None,
) -> np.ndarray:
    """The memory-mapped images, decoded where they are not there yet."""
    keys = [entry.key for entry in contract.images]
    size = contract.images[0].processing
    shape = (total, len(keys), size.height, size.width, 3)
    told = json.dumps([[str(part.reader.root), len(part.reader), part.frames.tolist()]
                       for part in parts] + [keys, shape])
    path = cache / f'{hashlib.sha256(told.encode()).hexdigest()[:16]}.images'
    done = path.with_suffix('.done')
    if not done.exists():
        cache.mkdir(parents=True, exist_ok=True)
        images = np.memmap(path, np.uint8, 'w+', shape=shape)
        row = 0
        for part in parts:
            for begin in range(0, len(part.frames), AT_ONCE):
                frames = part.frames[begin:begin + AT_ONCE]
                for view, key in enumerate(keys):
                    images[row:row + len(frames), view] = part.reader.images(key, frames)
                row += len(frames)
                if on_frames is not None:
                    on_frames(row, total)
        images.flush()
        done.touch()
    return np.memmap(path, np.uint8, 'r', shape=shape)


def statistics(store: FrameStore, told: Representation) -> dict[str, dict[str, list]]:
    """Mean and deviation, extremes and quantiles of state [n] and anchored actions [H, D]."""
    relative = Anchor(told.contract).relative(told.encode(store.actions), store.state)
    return {'state': _summary(store.state), 'action': _summary(relative)}


def _summary(values: np.ndarray) -> dict[str, list]:
    low, high = np.quantile(values, [0.01, 0.99], axis=0)
    return {name: np.asarray(value, np.float64).round(7).tolist() for name, value in {
        'mean': values.mean(0), 'std': np.maximum(values.std(0), SMALLEST_SPREAD),
        'min': values.min(0), 'max': values.max(0), 'q01': low, 'q99': high}.items()}


def find_function(name: str) -> Callable:
    """The function ``module:name``; TrainingError when there is none."""
    module, _, attribute = name.partition(':')
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise TrainingError(f'{name!r} is no module:function ({error})') from error
