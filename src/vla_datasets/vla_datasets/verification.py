"""Check a data set: every problem is one line that names the file, the episode or the feature."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np

from . import metadata as meta
from .errors import DatasetError
from .features import INDEX_FEATURES, Feature
from .metadata import Episode, Metadata
from .packing import quantiles_of_numbers
from .storage import PARTIAL, read_json, read_table
from .video import decode_image, frame_of, packets
from .writer import STAGING

Progress = Callable[[int, int], None]


def verify(
    root: Path | str, *, decode: bool = False, progress: Progress | None = None,
) -> list[str]:
    """The problems of a data set, none when it is sound.

    Checked are the metadata against the files, every number, the order of frames and times, and
    the packets and key frames of every video; with `decode` every image as well.
    """
    try:
        metadata = meta.load(root)
    except DatasetError as error:
        return [str(error)]
    problems = list(_check_leftovers(metadata))
    problems += _check_totals(metadata)
    by_data: dict[Path, list[Episode]] = defaultdict(list)
    by_video: dict[tuple[str, Path], list[Episode]] = defaultdict(list)
    for episode in metadata.episodes:
        by_data[metadata.data_path(episode)].append(episode)
        for key in metadata.video_features:
            if key not in episode.videos:
                problems.append(f"episode {episode.index}: no video for feature '{key}'")
                continue
            by_video[key, metadata.video_path(episode, key)].append(episode)
    total = len(by_data) + len(by_video)
    done = 0
    for path, episodes in by_data.items():
        problems += _check_data(metadata, path, episodes)
        done += 1
        if progress:
            progress(done, total)
    for (key, path), episodes in by_video.items():
        problems += _check_video(metadata, metadata.features[key], path, episodes, decode)
        done += 1
        if progress:
            progress(done, total)
    problems += _check_orphans(metadata, {*by_data, *(path for _, path in by_video)})
    return problems if problems else list(_check_statistics(metadata))


def _check_leftovers(metadata: Metadata) -> Iterator[str]:
    staging = metadata.root / STAGING
    if staging.exists():
        saved = len(list(staging.glob('episode-*')))
        yield (f'{staging}: writing was interrupted, {saved} saved episodes are not packed yet; '
               'resume the writer or repeat the command')
    for path in metadata.root.rglob('*' + PARTIAL):
        yield f'{path}: half written'


def _check_totals(metadata: Metadata) -> Iterator[str]:
    info = read_json(metadata.root / meta.INFO)
    expected = {
        'total_episodes': len(metadata.episodes), 'total_frames': metadata.frames,
        'total_tasks': len(metadata.tasks),
    }
    for key, value in expected.items():
        if info.get(key) != value:
            yield f'{metadata.root / meta.INFO}: {key} is {info.get(key)}, counted {value}'
    start = 0
    for episode in metadata.episodes:
        if episode.start != start:
            yield f'episode {episode.index}: starts at frame {episode.start}, expected {start}'
        if episode.length < 1:
            yield f'episode {episode.index}: has no frames'
        if unknown := [task for task in episode.tasks if task not in metadata.tasks]:
            yield f"episode {episode.index}: task '{unknown[0]}' is not in the list of tasks"
        start = episode.stop


def _check_data(metadata: Metadata, path: Path, episodes: list[Episode]) -> Iterator[str]:
    try:
        table = read_table(path)
    except DatasetError as error:
        yield str(error)
        return
    count = sum(episode.length for episode in episodes)
    if len(table) != count:
        yield f'{path}: {len(table)} rows where {count} are expected'
    if len(table) < count:
        return
    columns: dict[str, np.ndarray] = {}
    for name, feature in metadata.columns.items():
        if name not in table.column_names:
            yield f"{path}: feature '{name}' is missing"
            continue
        if feature.dtype == 'image':
            yield from _check_images(path, feature, table[name].to_pylist())
            continue
        try:
            columns[name] = feature.to_numpy(table[name])[:count]
        except (DatasetError, ValueError, TypeError) as error:
            yield f"{path}: feature '{name}': {error}"
            continue
        if columns[name].dtype.kind == 'f' and not np.isfinite(columns[name]).all():
            bad = np.argwhere(~np.isfinite(columns[name]))[0][0]
            yield f"{path}: feature '{name}': NaN or infinity in row {bad}"
    if not INDEX_FEATURES.keys() <= columns.keys():
        return
    row = 0
    for episode in episodes:
        rows = slice(row, row + episode.length)
        yield from _check_rows(metadata, path, episode, {k: c[rows] for k, c in columns.items()})
        row += episode.length


def _check_images(path: Path, feature: Feature, values: list[dict]) -> Iterator[str]:
    for row, value in enumerate(values):
        try:
            image = decode_image(value['bytes'], f"feature '{feature.name}' in row {row}")
        except (DatasetError, TypeError) as error:
            yield f'{path}: {error}'
            continue
        if image.shape != feature.image_shape:
            yield f"{path}: feature '{feature.name}' in row {row} has shape {image.shape}"


def _check_rows(
    metadata: Metadata, path: Path, episode: Episode, columns: dict[str, np.ndarray],
) -> Iterator[str]:
    frames = np.arange(episode.length)
    expected = {
        'frame_index': frames, 'episode_index': np.full(episode.length, episode.index),
        'index': episode.start + frames,
    }
    for name, values in expected.items():
        if not np.array_equal(columns[name], values):
            bad = int(np.argmax(columns[name] != values))
            yield (f"{path}: episode {episode.index}: feature '{name}' is {columns[name][bad]} "
                   f'at frame {bad}, expected {values[bad]}')
    late = np.abs(columns['timestamp'] - frames / metadata.fps)
    if late.max(initial=0) > 1e-4 + 1e-6 * episode.length / metadata.fps:
        yield (f'{path}: episode {episode.index}: timestamps do not follow fps '
               f'{metadata.fps} (off by {late.max():.4f} s)')
    tasks = columns['task_index']
    if tasks.min() < 0 or tasks.max() >= len(metadata.tasks):
        yield f"{path}: episode {episode.index}: feature 'task_index' names no task"


def _check_video(
    metadata: Metadata, feature: Feature, path: Path, episodes: list[Episode], decode: bool,
) -> Iterator[str]:
    count = sum(episode.length for episode in episodes)
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            height, width, _ = feature.image_shape
            if (stream.height, stream.width) != (height, width):
                yield (f"{path}: feature '{feature.name}': {stream.height} x {stream.width} pixels "
                       f'where {height} x {width} are expected')
            keys = {frame_of(p, metadata.fps): p.is_keyframe for p in packets(container)}
            if keys.keys() != set(range(count)):
                yield f'{path}: {len(keys)} frames where {count} are expected'
            decoded = 0
            if decode:
                container.seek(0, stream=stream)
                decoded = sum(1 for _ in container.decode(stream))
    except FileNotFoundError:
        yield f'{path}: missing'
        return
    except (av.FFmpegError, OSError, IndexError, EOFError) as error:
        yield f'{path}: damaged video ({error})'
        return
    if decode and decoded != count:
        yield f'{path}: {decoded} frames could be decoded where {count} are expected'
    expected = 0
    for episode in episodes:
        first = episode.videos[feature.name].start * metadata.fps
        if abs(first - expected) > 0.01:
            yield (f'{path}: episode {episode.index} is said to start at frame {first:.2f}, '
                   f'expected {expected}')
        elif not keys.get(round(first), False):
            yield f'{path}: episode {episode.index} does not start at a key frame'
        expected += episode.length


def _check_orphans(metadata: Metadata, known: set[Path]) -> Iterator[str]:
    for pattern in ('data/**/*.parquet', 'videos/**/*.mp4'):
        for path in sorted(metadata.root.glob(pattern)):
            if path not in known:
                yield f'{path}: no episode refers to this file'


def _check_statistics(metadata: Metadata) -> Iterator[str]:
    if not metadata.episodes:
        return
    path = metadata.root / meta.STATS
    for name, found in quantiles_of_numbers(metadata).items():
        if name not in metadata.statistics:
            yield f"{path}: feature '{name}' is missing"
            continue
        noted = metadata.statistics[name]
        scale = np.abs(found['max']) + np.abs(found['min']) + 1e-6
        for key in ('min', 'max', 'mean', 'std'):
            if noted[key].shape != found[key].shape:
                yield (f"{path}: feature '{name}': {key} has shape {noted[key].shape}, expected "
                       f'{found[key].shape}')
            elif (np.abs(noted[key] - found[key]) > 1e-3 * scale).any():
                yield f"{path}: feature '{name}': {key} is not that of the data"
    for name, feature in metadata.features.items():
        if feature.is_visual and name not in metadata.statistics:
            yield f"{path}: feature '{name}' is missing"
