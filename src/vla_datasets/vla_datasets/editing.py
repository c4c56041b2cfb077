"""Merge, split, filter and convert: episodes move between data sets, video is never re-encoded.

All of these can be interrupted and run again: what is written is a valid data set up to the last
commit, and the same call goes on from there. What was being written is noted in
`.staging/plan.json`; another call into the same folder is refused.
"""
from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from . import metadata as meta
from .errors import DatasetError
from .features import INDEX_FEATURES, difference
from .metadata import OLD_DATA, OLD_VERSION, OLD_VIDEOS, VERSION, Episode, Metadata
from .packing import MB, EpisodePart, Packer, parts_of
from .storage import (
    FolderLock,
    naming_full_disk,
    partial_path,
    put_in_place,
    read_json,
    remove_partial_files,
    write_json,
)
from .video import VideoJoiner
from .writer import STAGING

Progress = Callable[[int, int], None]
"""Called with the number of episodes done and in all."""


def merge(
    sources: Sequence[Path | str], target: Path | str, progress: Progress | None = None,
) -> Metadata:
    """Write all episodes of the sources, in order, into one data set of version 3.0.

    Refused by name: another fps, another robot, another feature.
    """
    if not sources:
        raise DatasetError('merge: no data sets given')
    found = [meta.load(source) for source in sources]
    first = found[0]
    for other in found[1:]:
        where = f'{other.root} and {first.root}'
        if other.fps != first.fps:
            raise DatasetError(f'{where}: fps is {other.fps} in one and {first.fps} in the other')
        if other.robot_type != first.robot_type:
            raise DatasetError(
                f'{where}: robot_type is {other.robot_type} in one and {first.robot_type} in the '
                'other')
        if problem := difference(first.features, other.features):
            raise DatasetError(f'{where}: {problem}')
    return _write([(source, source.episodes) for source in found], Path(target), progress)


def split(
    source: Path | str, targets: Mapping[Path | str, Sequence[int]],
    progress: Progress | None = None,
) -> dict[Path, Metadata]:
    """Write the named episodes of a data set into one data set each."""
    found = meta.load(source)
    chosen = {Path(t): [_episode(found, index) for index in e] for t, e in targets.items()}
    total = sum(len(episodes) for episodes in chosen.values())
    written: dict[Path, Metadata] = {}
    done = 0
    for target, episodes in chosen.items():
        def report(here: int, _: int, before: int = done) -> None:
            if progress:
                progress(before + here, total)
        written[target] = _write([(found, episodes)], target, report)
        done += len(episodes)
    return written


def shares(count: int, ratios: Mapping[str, float], seed: int) -> dict[str, list[int]]:
    """Deal episodes 0 … count − 1 at random into shares of the given ratios, each in order.

    The ratios must be positive and sum to 1; rounding goes to the later shares.
    """
    values = np.array(list(ratios.values()), dtype=np.float64)
    if len(values) == 0 or (values <= 0).any() or abs(values.sum() - 1) > 1e-6:
        raise DatasetError(f'ratios {dict(ratios)}: must be positive and sum to 1')
    order = np.random.default_rng(seed).permutation(count)
    cuts = np.floor(np.cumsum(values)[:-1] * count + 1e-9).astype(int)
    return {
        name: sorted(part.tolist()) for name, part in zip(ratios, np.split(order, cuts))
    }


def select(
    source: Path | str, target: Path | str, keep: Callable[[Episode], bool],
    progress: Progress | None = None,
) -> Metadata:
    """Write the episodes for which `keep` is true into a data set of their own."""
    found = meta.load(source)
    episodes = [episode for episode in found.episodes if keep(episode)]
    return _write([(found, episodes)], Path(target), progress)


def convert(
    source: Path | str, target: Path | str, version: str, progress: Progress | None = None,
) -> Metadata:
    """Write a data set in version 'v3.0' or 'v2.1'."""
    found = meta.load(source)
    if version == VERSION:
        return _write([(found, found.episodes)], Path(target), progress)
    if version == OLD_VERSION:
        return _write_old(found, Path(target), progress)
    raise DatasetError(f"version '{version}': choose {VERSION} or {OLD_VERSION}")


def _episode(metadata: Metadata, index: int) -> Episode:
    if not 0 <= index < len(metadata.episodes):
        raise DatasetError(
            f'{metadata.root}: no episode {index}, only {len(metadata.episodes)} episodes')
    return metadata.episodes[index]


def _begin(target: Path, plan: list[list[object]], empty: Metadata) -> FolderLock:
    """Take the target folder; go on with a plan that was interrupted there."""
    plan_path = target / STAGING / 'plan.json'
    started = plan_path.exists()
    if target.exists() and any(target.iterdir()) and not started:
        raise DatasetError(f'{target}: not empty; choose another folder')
    lock = FolderLock(target / STAGING, f'{target}: another process is writing it')
    if started and read_json(plan_path) != plan:
        lock.release()
        raise DatasetError(
            f'{target}: something else was being written here; remove the folder or repeat '
            'the command that began it')
    remove_partial_files(target)
    write_json(plan_path, plan)
    if not meta.exists(target) and empty.version == VERSION:
        meta.save(empty)
    return lock


def _write(
    sources: Iterable[tuple[Metadata, Sequence[Episode]]], target: Path,
    progress: Progress | None,
) -> Metadata:
    sources = list(sources)
    parts: list[EpisodePart] = []
    plan: list[list[object]] = []
    for source, episodes in sources:
        parts += parts_of(source, episodes)
        plan += [[str(source.root.resolve()), e.index, e.length] for e in episodes]
    first = sources[0][0]
    sizes = {
        'data_files_size_in_mb': first.data_files_size_in_mb,
        'video_files_size_in_mb': first.video_files_size_in_mb, 'chunks_size': first.chunks_size,
    }
    empty = Metadata(target, first.fps, first.features, first.robot_type, **sizes)
    lock = _begin(target, plan, empty)
    try:
        packer = Packer(meta.load(target))
        for part in parts[packer.episodes:]:
            packer.add(part)
            if packer.pending_bytes > empty.video_files_size_in_mb * MB:
                packer.commit()
            if progress:
                progress(packer.episodes, len(parts))
        packer.close()
        shutil.rmtree(target / STAGING)
        return packer.metadata
    finally:
        lock.release()


def _write_old(source: Metadata, target: Path, progress: Progress | None) -> Metadata:
    result = replace(
        source, root=target, version=OLD_VERSION, data_template=OLD_DATA, video_template=OLD_VIDEOS)
    plan: list[list[object]] = [
        [str(source.root.resolve()), e.index, e.length] for e in source.episodes]
    lock = _begin(target, plan, result)
    try:
        for episode, part in zip(result.episodes, parts_of(source, source.episodes)):
            _write_old_episode(result, episode, part)
            if progress:
                progress(episode.index + 1, len(result.episodes))
        meta.save_old(result)
        shutil.rmtree(target / STAGING)
        return result
    finally:
        lock.release()


def _write_old_episode(metadata: Metadata, episode: Episode, part: EpisodePart) -> None:
    for key, segment in part.videos.items():
        path = metadata.video_path(episode, key)
        if not path.exists():
            joiner = VideoJoiner(partial_path(path), metadata.fps)
            joiner.add(segment)
            joiner.close()
            put_in_place(path)
    path = metadata.data_path(episode)
    names = [*INDEX_FEATURES, *(name for name in metadata.columns if name not in INDEX_FEATURES)]
    with naming_full_disk(str(path)):
        pq.write_table(part.table().select(names), partial_path(path))
        put_in_place(path)
