"""The `meta` folder: what a data set says about itself, in version 3.0 and, to read, 2.1.

Version 3.0 packs many episodes into each parquet and MP4 file and keeps a table of episodes that
says where each one lies. Version 2.1 has files for each episode and lists in JSON lines.
"""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from . import statistics
from .errors import DatasetError
from .features import INDEX_FEATURES, Feature, read_features
from .statistics import Statistics
from .storage import read_json, read_table, write_json, write_table, write_text

VERSION = 'v3.0'
OLD_VERSION = 'v2.1'
INFO = 'meta/info.json'
STATS = 'meta/stats.json'
TASKS = 'meta/tasks.parquet'
EPISODES = 'meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
DATA = 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
VIDEOS = 'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4'
OLD_DATA = 'data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet'
OLD_VIDEOS = 'videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4'
PANDAS_INDEX = '__index_level_0__'


@dataclass(frozen=True)
class FilePlace:
    """A numbered file of version 3.0: file `file` in chunk `chunk`."""

    chunk: int = 0
    file: int = 0

    def following(self, chunks_size: int) -> FilePlace:
        """The place of the next file, in a chunk of at most `chunks_size` files."""
        if self.file + 1 < chunks_size:
            return FilePlace(self.chunk, self.file + 1)
        return FilePlace(self.chunk + 1, 0)

    def path(self, template: str, **names: str) -> str:
        return template.format(chunk_index=self.chunk, file_index=self.file, **names)


@dataclass(frozen=True)
class VideoPlace:
    """Where one camera of an episode lies; `start` in seconds from the start of the file."""

    place: FilePlace
    start: float


@dataclass(frozen=True)
class Episode:
    """One episode: its frames are [start, stop) of the data set.

    fields: what the writer noted about the episode (outcome, seed …).
    statistics: by feature; empty where the data set has none.
    """

    index: int
    start: int
    length: int
    tasks: tuple[str, ...]
    data: FilePlace = FilePlace()
    videos: Mapping[str, VideoPlace] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    statistics: Mapping[str, Statistics] = field(default_factory=dict)

    @property
    def stop(self) -> int:
        return self.start + self.length

    def to_row(self) -> dict[str, Any]:
        """This episode's row in the table of episodes."""
        row: dict[str, Any] = {
            'episode_index': self.index,
            'tasks': list(self.tasks),
            'length': self.length,
            'data/chunk_index': self.data.chunk,
            'data/file_index': self.data.file,
            'dataset_from_index': self.start,
            'dataset_to_index': self.stop,
        }
        return row | self.fields

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Episode:
        """Read a row; whatever LeRobot has no name for is a field."""
        row = dict(row)
        videos: dict[str, dict[str, Any]] = {}
        found: dict[str, dict[str, Any]] = {}
        fields = {}
        for key, value in row.items():
            head, _, rest = key.partition('/')
            if head in ('videos', 'stats') and '/' in rest:
                name, _, entry = rest.rpartition('/')
                (videos if head == 'videos' else found).setdefault(name, {})[entry] = value
            elif key not in _ROW_KEYS and value is not None:
                fields[key] = value
        return cls(
            row['episode_index'], row['dataset_from_index'], row['length'], tuple(row['tasks']),
            FilePlace(row['data/chunk_index'], row['data/file_index']),
            {
                name: VideoPlace(
                    FilePlace(entry['chunk_index'], entry['file_index']), entry['from_timestamp'])
                for name, entry in videos.items()
            },
            fields,
            statistics.from_lists({
                name: entry for name, entry in found.items() if None not in entry.values()}),
        )


_ROW_KEYS = {
    'episode_index', 'tasks', 'length', 'data/chunk_index', 'data/file_index',
    'dataset_from_index', 'dataset_to_index', 'meta/episodes/chunk_index',
    'meta/episodes/file_index',
}


def check_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse episode fields that collide with LeRobot's columns or are no plain values."""
    for key, value in fields.items():
        if key in _ROW_KEYS or '/' in key:
            raise DatasetError(f"episode field '{key}': the name is taken or contains '/'")
        if not isinstance(value, (bool, int, float, str)):
            raise DatasetError(
                f"episode field '{key}': expected a string, number or bool, got "
                f'{type(value).__name__}')
    return dict(fields)


@dataclass(frozen=True)
class Metadata:
    """What is known of a data set on disk.

    Sizes are in MB (2**20 bytes) and say when the next file is begun.
    """

    root: Path
    fps: int
    features: Mapping[str, Feature]
    robot_type: str | None = None
    version: str = VERSION
    tasks: Sequence[str] = ()
    episodes: Sequence[Episode] = ()
    statistics: Mapping[str, Statistics] = field(default_factory=dict)
    data_files_size_in_mb: float = 100
    video_files_size_in_mb: float = 200
    chunks_size: int = 1000
    data_template: str = DATA
    video_template: str = VIDEOS

    @property
    def frames(self) -> int:
        return self.episodes[-1].stop if self.episodes else 0

    @property
    def video_features(self) -> dict[str, Feature]:
        return {name: f for name, f in self.features.items() if f.dtype == 'video'}

    @property
    def columns(self) -> dict[str, Feature]:
        """The features that lie in the parquet files, the index features too."""
        stored = {name: f for name, f in self.features.items() if f.dtype != 'video'}
        return {**stored, **INDEX_FEATURES}

    def data_path(self, episode: Episode) -> Path:
        """The parquet file that holds the episode."""
        return self.root / self.data_template.format(
            chunk_index=episode.data.chunk, file_index=episode.data.file,
            episode_chunk=episode.index // self.chunks_size, episode_index=episode.index)

    def video_path(self, episode: Episode, key: str) -> Path:
        """The MP4 file that holds one camera of the episode."""
        place = episode.videos[key].place
        return self.root / self.video_template.format(
            chunk_index=place.chunk, file_index=place.file, video_key=key,
            episode_chunk=episode.index // self.chunks_size, episode_index=episode.index)

    def episode_at(self, frame: int) -> Episode:
        """The episode that a frame of the data set belongs to."""
        return self.episodes[int(np.searchsorted(self._ends, frame, side='right'))]

    @cached_property
    def _ends(self) -> np.ndarray:
        return np.array([episode.stop for episode in self.episodes])

    def first_row(self, episode: Episode) -> int:
        """The row at which the episode starts in its parquet file."""
        if self.version == OLD_VERSION:
            return 0
        return episode.start - self._file_starts[episode.data]

    @cached_property
    def _file_starts(self) -> dict[FilePlace, int]:
        starts: dict[FilePlace, int] = {}
        for episode in self.episodes:
            starts.setdefault(episode.data, episode.start)
        return starts

    def info(self) -> dict[str, Any]:
        """The content of `info.json`."""
        features = {name: f.to_dict() for name, f in self.features.items()}
        features |= {name: f.to_dict() for name, f in INDEX_FEATURES.items()}
        info: dict[str, Any] = {
            'codebase_version': self.version,
            'robot_type': self.robot_type,
            'total_episodes': len(self.episodes),
            'total_frames': self.frames,
            'total_tasks': len(self.tasks),
            'chunks_size': self.chunks_size,
            'fps': self.fps,
            'splits': {'train': f'0:{len(self.episodes)}'} if self.episodes else {},
            'data_path': self.data_template,
            'video_path': self.video_template if self.video_features else None,
            'features': features,
        }
        if self.version == OLD_VERSION:
            chunks = -(-len(self.episodes) // self.chunks_size)
            videos = len(self.episodes) * len(self.video_features)
            return info | {'total_chunks': chunks, 'total_videos': videos}
        return info | {
            'data_files_size_in_mb': self.data_files_size_in_mb,
            'video_files_size_in_mb': self.video_files_size_in_mb,
        }


def exists(root: Path) -> bool:
    """True when there is a data set in the folder."""
    return (Path(root) / INFO).exists()


def load(root: Path | str) -> Metadata:
    """Read the metadata of a data set of version 3.0 or 2.1."""
    root = Path(root)
    info = read_json(root / INFO)
    version = info.get('codebase_version')
    if version not in (VERSION, OLD_VERSION):
        raise DatasetError(
            f"{root / INFO}: codebase_version '{version}' is not read here, only "
            f'{VERSION} and {OLD_VERSION}')
    try:
        metadata = Metadata(
            root=root,
            fps=int(info['fps']),
            features=read_features(info['features']),
            robot_type=info.get('robot_type'),
            version=version,
            chunks_size=int(info['chunks_size']),
            data_files_size_in_mb=info.get('data_files_size_in_mb', 100),
            video_files_size_in_mb=info.get('video_files_size_in_mb', 200),
            data_template=info['data_path'],
            video_template=info.get('video_path') or VIDEOS,
        )
        total = int(info['total_episodes'])
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f'{root / INFO}: {error!r} is missing or of the wrong type') from error
    if version == OLD_VERSION:
        return _load_old(metadata, total)
    tasks = _load_tasks(root / TASKS) if total else ()
    episodes = _load_episodes(root, total)
    stats = statistics.from_lists(read_json(root / STATS)) if (root / STATS).exists() else {}
    return replace(metadata, tasks=tasks, episodes=episodes, statistics=stats)


def _load_tasks(path: Path) -> tuple[str, ...]:
    table = read_table(path)
    names = [name for name in table.column_names if name != 'task_index']
    if len(names) != 1 or 'task_index' not in table.column_names:
        raise DatasetError(f'{path}: expected task_index and one column of texts')
    by_index = dict(zip(table['task_index'].to_pylist(), table[names[0]].to_pylist()))
    if sorted(by_index) != list(range(len(by_index))):
        raise DatasetError(f'{path}: task_index does not run from 0 to {len(by_index) - 1}')
    return tuple(by_index[index] for index in range(len(by_index)))


def _load_episodes(root: Path, total: int) -> tuple[Episode, ...]:
    episodes: list[Episode] = []
    for path in sorted((root / 'meta/episodes').glob('*/*.parquet')):
        try:
            found = [Episode.from_row(row) for row in read_table(path).to_pylist()]
        except (KeyError, TypeError) as error:
            raise DatasetError(f'{path}: {error!r} is missing or of the wrong type') from error
        episodes += found
    episodes = episodes[:total]  # rows beyond are of a commit that was interrupted
    if [episode.index for episode in episodes] != list(range(total)):
        raise DatasetError(
            f'{root / "meta/episodes"}: expected episodes 0 to {total - 1}, found '
            f'{len(episodes)}')
    return tuple(episodes)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    except FileNotFoundError as error:
        raise DatasetError(f'{path}: missing') from error
    except ValueError as error:
        raise DatasetError(f'{path}: not readable as JSON lines ({error})') from error


def _load_old(metadata: Metadata, total: int) -> Metadata:
    root = metadata.root
    tasks = {row['task_index']: row['task'] for row in _read_lines(root / 'meta/tasks.jsonl')}
    stats_path = root / 'meta/episodes_stats.jsonl'
    found = {
        row['episode_index']: statistics.from_lists(row['stats'])
        for row in (_read_lines(stats_path) if stats_path.exists() else [])
    }
    episodes: list[Episode] = []
    start = 0
    for row in _read_lines(root / 'meta/episodes.jsonl')[:total]:
        videos = {key: VideoPlace(FilePlace(), 0.0) for key in metadata.video_features}
        fields = {
            key: value for key, value in row.items()
            if key not in ('episode_index', 'tasks', 'length')
        }
        index = row['episode_index']
        episodes.append(Episode(
            index, start, row['length'], tuple(row['tasks']), FilePlace(), videos, fields,
            found.get(index, {})))
        start = episodes[-1].stop
    parts = [episode.statistics for episode in episodes if episode.statistics]
    names = parts[0] if len(parts) == len(episodes) and parts else ()
    stats = {name: statistics.merge([part[name] for part in parts]) for name in names}
    return replace(
        metadata, tasks=tuple(tasks[index] for index in sorted(tasks)), episodes=tuple(episodes),
        statistics=stats)


def save(metadata: Metadata) -> None:
    """Write the metadata of version 3.0; `info.json` comes last and makes the rest valid."""
    root = metadata.root
    if metadata.episodes:
        write_table(root / TASKS, _tasks_table(metadata.tasks))
        place = FilePlace()
        path = root / place.path(EPISODES)
        write_table(path, _episodes_table(metadata))
        write_json(root / STATS, statistics.to_lists(metadata.statistics))
    write_json(root / INFO, metadata.info())
    if metadata.episodes:
        for other in sorted((root / 'meta/episodes').glob('*/*.parquet')):
            if other != path:
                other.unlink()


def _tasks_table(tasks: Sequence[str]) -> pa.Table:
    """Tasks as pandas writes them with the text as index, which is what LeRobot reads."""
    description = {
        'index_columns': [PANDAS_INDEX],
        'column_indexes': [],
        'columns': [
            {'name': 'task_index', 'field_name': 'task_index', 'pandas_type': 'int64',
             'numpy_type': 'int64', 'metadata': None},
            {'name': None, 'field_name': PANDAS_INDEX, 'pandas_type': 'unicode',
             'numpy_type': 'object', 'metadata': None},
        ],
        'pandas_version': '2.2.0',
    }
    table = pa.table({
        'task_index': pa.array(range(len(tasks)), pa.int64()),
        PANDAS_INDEX: pa.array(list(tasks), pa.string()),
    })
    return table.replace_schema_metadata({'pandas': json.dumps(description)})


def _episodes_table(metadata: Metadata) -> pa.Table:
    rows = []
    for episode in metadata.episodes:
        row = episode.to_row()
        for key, video in episode.videos.items():
            row |= {
                f'videos/{key}/chunk_index': video.place.chunk,
                f'videos/{key}/file_index': video.place.file,
                f'videos/{key}/from_timestamp': video.start,
                f'videos/{key}/to_timestamp': video.start + episode.length / metadata.fps,
            }
        row |= {'meta/episodes/chunk_index': 0, 'meta/episodes/file_index': 0}
        for name, stats in episode.statistics.items():
            row |= {f'stats/{name}/{key}': value.tolist() for key, value in stats.items()}
        rows.append(row)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    arrays = {}
    for column in columns:
        try:
            arrays[column] = pa.array([row.get(column) for row in rows])
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise DatasetError(
                f"episode field '{column}' is of another type in other episodes") from error
    return pa.table(arrays)


def save_old(metadata: Metadata) -> None:
    """Write the metadata of version 2.1; `info.json` comes last."""
    meta = metadata.root / 'meta'
    lines = {
        'tasks.jsonl': [
            {'task_index': index, 'task': task} for index, task in enumerate(metadata.tasks)],
        'episodes.jsonl': [
            {'episode_index': e.index, 'tasks': list(e.tasks), 'length': e.length, **e.fields}
            for e in metadata.episodes],
        'episodes_stats.jsonl': [
            {'episode_index': e.index, 'stats': statistics.to_lists(e.statistics)}
            for e in metadata.episodes],
    }
    for name, rows in lines.items():
        text = ''.join(json.dumps(row, ensure_ascii=False) + '\n' for row in rows)
        write_text(meta / name, text)
    write_json(meta / 'info.json', metadata.info())
