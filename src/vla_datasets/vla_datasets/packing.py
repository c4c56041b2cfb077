"""Packing: episodes, wherever they come from, into the files of version 3.0.

The writer, merge, split, filter and convert all end here. Files are filled up to their size limit
and then the next is begun. The last file of a data set is continued by writing its known content
and the new episodes to a partial file that takes its place: what the old metadata says of it stays
true, so an interruption at any point leaves a valid data set.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from . import metadata as meta, statistics
from .errors import DatasetError
from .features import Feature
from .metadata import DATA, VIDEOS, Episode, FilePlace, Metadata, VideoPlace
from .statistics import Statistics
from .storage import naming_full_disk, partial_path, put_in_place, read_table
from .video import VideoJoiner, VideoSegment, describe

MB = 2 ** 20


@dataclass(frozen=True)
class EpisodePart:
    """A complete episode on its way into a data set.

    table: reads the columns of its features, and `task_index` as an index into `tasks`.
    statistics: of what cameras saw; those of numbers are computed here.
    """

    length: int
    tasks: Sequence[str]
    table: Callable[[], pa.Table]
    videos: Mapping[str, VideoSegment] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    statistics: Mapping[str, Statistics] = field(default_factory=dict)


class _DataFile:
    """The parquet file that is being filled; one row group an episode."""

    def __init__(self, root: Path, place: FilePlace, schema: pa.Schema) -> None:
        self.place = place
        self._path = root / place.path(DATA)
        self._file = partial_path(self._path).open('wb')
        self._writer = pq.ParquetWriter(self._file, schema, compression='snappy')

    @property
    def size(self) -> int:
        return self._file.tell()

    def add(self, table: pa.Table) -> None:
        with naming_full_disk(str(self._path)):
            self._writer.write_table(table, row_group_size=max(1, len(table)))

    def close(self) -> None:
        with naming_full_disk(str(self._path)):
            self._writer.close()
            self._file.close()
            put_in_place(self._path)


class _VideoFile:
    """The MP4 file of one camera that is being filled."""

    def __init__(self, root: Path, place: FilePlace, key: str, fps: int) -> None:
        self.place = place
        self._path = root / place.path(VIDEOS, video_key=key)
        self.joiner = VideoJoiner(partial_path(self._path), fps)

    def close(self) -> None:
        self.joiner.close()
        put_in_place(self._path)


class Packer:
    """Append episodes to the data set that `metadata` describes (version 3.0)."""

    def __init__(self, metadata: Metadata) -> None:
        if metadata.version != meta.VERSION:
            raise DatasetError(
                f'{metadata.root}: version {metadata.version} cannot be appended to; convert it '
                f'to {meta.VERSION} first')
        self.metadata = metadata
        self._root = metadata.root
        self._tasks = list(metadata.tasks)
        self._task_index = {task: index for index, task in enumerate(self._tasks)}
        self._episodes = [_with_fitting_statistics(e, metadata) for e in metadata.episodes]
        self._frames = metadata.frames
        self._data: _DataFile | None = None
        self._videos: dict[str, _VideoFile] = {}
        self._schema = pa.schema(
            [(name, feature.arrow_type) for name, feature in metadata.columns.items()])
        self.pending_bytes = 0

    @property
    def episodes(self) -> int:
        """How many episodes there are, committed or not."""
        return len(self._episodes)

    def add(self, part: EpisodePart) -> Episode:
        """Append an episode; it is part of the data set after the next commit."""
        table, tasks = self._complete(part)
        data = self._data_file(table)
        data.add(table)
        videos = {
            key: self._add_video(key, part.videos[key]) for key in self.metadata.video_features}
        numbers = {
            name: statistics.summarize(feature.to_numpy(table[name]))
            for name, feature in self.metadata.columns.items() if feature.is_number
        }
        episode = Episode(
            len(self._episodes), self._frames, part.length, tasks, data.place, videos,
            dict(part.fields), {**part.statistics, **numbers})
        self._episodes.append(episode)
        self._frames += part.length
        self.pending_bytes += table.nbytes + sum(v.size for v in part.videos.values())
        return episode

    def _complete(self, part: EpisodePart) -> tuple[pa.Table, tuple[str, ...]]:
        """The episode's rows with all columns of the data set, and the tasks it names."""
        source = part.table()
        if len(source) != part.length:
            raise DatasetError(
                f'episode {len(self._episodes)}: {len(source)} rows where {part.length} frames '
                'are expected')
        local = source['task_index'].to_numpy()
        used = [part.tasks[index] for index in dict.fromkeys(local.tolist())]
        for task in used:
            if task not in self._task_index:
                self._task_index[task] = len(self._tasks)
                self._tasks.append(task)
        frames = np.arange(part.length)
        columns: dict[str, Any] = {
            'timestamp': (frames / self.metadata.fps).astype(np.float32),
            'frame_index': frames,
            'episode_index': np.full(part.length, len(self._episodes)),
            'index': self._frames + frames,
            'task_index': np.array([self._task_index[part.tasks[index]] for index in local]),
        }
        for name in self.metadata.columns:
            if name not in columns:
                columns[name] = source[name]
        arrays = [columns[name] for name in self._schema.names]
        table = pa.table(arrays, names=self._schema.names)
        return table.cast(self._schema), tuple(used)

    def _data_file(self, table: pa.Table) -> _DataFile:
        limit = self.metadata.data_files_size_in_mb * MB
        if self._data is None:
            self._data = self._continue_data(limit - table.nbytes)
        elif self._data.size + table.nbytes > limit:
            place = self._data.place.following(self.metadata.chunks_size)
            self._data.close()
            self._data = _DataFile(self._root, place, self._schema)
        return self._data

    def _continue_data(self, room: float) -> _DataFile:
        if not self._episodes:
            return _DataFile(self._root, FilePlace(), self._schema)
        last = self._episodes[-1].data
        path = self._root / last.path(DATA)
        if path.stat().st_size > room:
            return _DataFile(self._root, last.following(self.metadata.chunks_size), self._schema)
        lengths = [episode.length for episode in self._episodes if episode.data == last]
        known = read_table(path).select(self._schema.names).slice(0, sum(lengths))
        file = _DataFile(self._root, last, self._schema)
        for end, length in zip(np.cumsum(lengths), lengths):
            file.add(known.slice(end - length, length).cast(self._schema))
        return file

    def _add_video(self, key: str, segment: VideoSegment) -> VideoPlace:
        limit = self.metadata.video_files_size_in_mb * MB
        file = self._videos.get(key) or self._continue_video(key)
        full = file.joiner.frames and file.joiner.bytes + segment.size > limit
        if (full or not file.joiner.fits(segment)) and file.joiner.frames:
            file.close()
            place = file.place.following(self.metadata.chunks_size)
            file = _VideoFile(self._root, place, key, self.metadata.fps)
        self._videos[key] = file
        start = file.joiner.frames / self.metadata.fps
        file.joiner.add(segment)
        return VideoPlace(file.place, start)

    def _continue_video(self, key: str) -> _VideoFile:
        if not self._episodes:
            return _VideoFile(self._root, FilePlace(), key, self.metadata.fps)
        last = self._episodes[-1].videos[key].place
        path = self._root / last.path(VIDEOS, video_key=key)
        if path.stat().st_size >= self.metadata.video_files_size_in_mb * MB:
            place = last.following(self.metadata.chunks_size)
            return _VideoFile(self._root, place, key, self.metadata.fps)
        known = sum(e.length for e in self._episodes if e.videos[key].place == last)
        file = _VideoFile(self._root, last, key, self.metadata.fps)
        file.joiner.add(VideoSegment(path, 0, known, path.stat().st_size))
        return file

    def commit(self) -> None:
        """Make all episodes added so far part of the data set."""
        if self._data is not None:
            self._data.close()
        for file in self._videos.values():
            file.close()
        self._data, self._videos = None, {}
        self.pending_bytes = 0
        self._save(statistics_of_episodes(self._episodes))

    def close(self) -> None:
        """Commit, and make the quantiles of numbers those of all values."""
        self.commit()
        if self._episodes:
            self._save(dict(self.metadata.statistics) | quantiles_of_numbers(self.metadata))

    def _save(self, stats: Mapping[str, Statistics]) -> None:
        self.metadata = replace(
            self.metadata, tasks=tuple(self._tasks), episodes=tuple(self._episodes),
            statistics=stats, features=self._described_features(),
            data_template=DATA, video_template=VIDEOS)
        meta.save(self.metadata)

    def _described_features(self) -> dict[str, Feature]:
        features = dict(self.metadata.features)
        for key, feature in self.metadata.video_features.items():
            if self._episodes and 'video.codec' not in feature.info:
                path = self._root / self._episodes[0].videos[key].place.path(
                    VIDEOS, video_key=key)
                features[key] = replace(feature, info=describe(path))
        return features


def _with_fitting_statistics(episode: Episode, metadata: Metadata) -> Episode:
    """Without statistics of another shape than ours; LeRobot pools the rows of a matrix."""
    fitting = {
        name: stats for name, stats in episode.statistics.items()
        if (name in metadata.features and metadata.features[name].is_visual)
        or (name in metadata.columns and stats['mean'].shape == metadata.columns[name].shape)
    }
    return replace(episode, statistics=fitting)


def statistics_of_episodes(episodes: Sequence[Episode]) -> dict[str, Statistics]:
    """Statistics of the whole by merging; of the features that all episodes have them for."""
    if not episodes:
        return {}
    names = [
        name for name in episodes[0].statistics
        if all(name in episode.statistics for episode in episodes)
    ]
    return {name: statistics.merge([e.statistics[name] for e in episodes]) for name in names}


def quantiles_of_numbers(metadata: Metadata) -> dict[str, Statistics]:
    """Exact statistics of every number feature, from all values of one feature at a time."""
    paths = list(dict.fromkeys(metadata.data_path(episode) for episode in metadata.episodes))
    found = {}
    for name, feature in metadata.columns.items():
        if feature.is_number:
            values = [feature.to_numpy(read_table(path, [name])[name]) for path in paths]
            found[name] = statistics.summarize(np.concatenate(values)[:metadata.frames])
    return found


def parts_of(metadata: Metadata, episodes: Sequence[Episode]) -> list[EpisodePart]:
    """Episodes of a data set on disk as parts of another; nothing is read before it is needed."""
    frames_in_file: dict[Path, int] = {}
    for episode in metadata.episodes:
        for key in metadata.video_features:
            path = metadata.video_path(episode, key)
            frames_in_file[path] = frames_in_file.get(path, 0) + episode.length
    return [_part_of(metadata, episode, frames_in_file) for episode in episodes]


def _part_of(
    metadata: Metadata, episode: Episode, frames_in_file: Mapping[Path, int],
) -> EpisodePart:
    def table() -> pa.Table:
        path = metadata.data_path(episode)
        rows = read_table(path).slice(metadata.first_row(episode), episode.length)
        if rows['episode_index'].to_pylist() != [episode.index] * episode.length:
            raise DatasetError(f'{path}: the rows of episode {episode.index} are not in place')
        return rows

    videos = {}
    for key in metadata.video_features:
        path = metadata.video_path(episode, key)
        if not path.exists():
            raise DatasetError(f'{path}: missing')
        share = episode.length / frames_in_file[path]
        first = round(episode.videos[key].start * metadata.fps)
        videos[key] = VideoSegment(
            path, first, episode.length, int(path.stat().st_size * share))
    visual = {
        name: episode.statistics[name] for name, feature in metadata.features.items()
        if feature.is_visual and name in episode.statistics
    }
    return EpisodePart(
        episode.length, metadata.tasks, table, videos, episode.fields, visual)
