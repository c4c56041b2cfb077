"""Write a data set frame by frame, so that a kill costs at most the episode in progress.

An episode is written to a folder of its own under `.staging`, brought to the disk and renamed: from
then on it is saved. Saved episodes are packed into the files of the data set when they would fill
one, at `flush()` and at `close()`; `resume()` packs those that a killed writer left.
"""
from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from . import metadata as meta
from .errors import DatasetError, DiskFullError
from .features import INDEX_FEATURES, Feature, difference, read_features
from .metadata import Metadata, check_fields
from .packing import MB, EpisodePart, Packer
from .statistics import ImageSample, from_lists, to_lists
from .storage import (
    FolderLock,
    naming_full_disk,
    read_json,
    read_table,
    remove_partial_files,
    sync,
    write_json,
    write_table,
)
from .video import VideoEncoder, VideoSegment, VideoSettings, encode_png

STAGING = '.staging'
FAST_H264 = VideoSettings()
_EPISODE = 'episode.json'
_DATA = 'data.parquet'


class _EpisodeInProgress:
    """Frames of the episode that is being written, in a folder that nobody reads yet."""

    def __init__(self, folder: Path, metadata: Metadata, settings: VideoSettings) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._folder = folder
        self._features = metadata.features
        self._columns: dict[str, list[Any]] = {
            name: [] for name, feature in metadata.features.items() if feature.dtype != 'video'}
        self._tasks: dict[str, int] = {}
        self._task_index: list[int] = []
        self._samples = {
            name: ImageSample() for name, feature in metadata.features.items() if feature.is_visual}
        self._encoders = {
            name: VideoEncoder(
                folder / f'{name}.mp4', fps=metadata.fps, height=feature.image_shape[0],
                width=feature.image_shape[1], settings=settings)
            for name, feature in metadata.video_features.items()
        }

    @property
    def length(self) -> int:
        return len(self._task_index)

    def add(self, values: Mapping[str, Any], task: str) -> None:
        for name, feature in self._features.items():
            if feature.is_visual:
                self._samples[name].add(values[name])
            if feature.dtype == 'video':
                self._encoders[name].add(values[name])
            elif feature.dtype == 'image':
                self._columns[name].append(encode_png(values[name]))
            else:
                self._columns[name].append(
                    values[name].copy() if feature.is_number else values[name])
        self._task_index.append(self._tasks.setdefault(task, len(self._tasks)))

    def finish(self, fields: Mapping[str, Any], folder: Path) -> None:
        """Bring the episode to the disk as `folder`, all at once."""
        for name, encoder in self._encoders.items():
            encoder.close()
            sync(self._folder / f'{name}.mp4')
        columns = {
            name: self._features[name].to_arrow(values) for name, values in self._columns.items()}
        columns['task_index'] = pa.array(self._task_index, pa.int64())
        write_table(self._folder / _DATA, pa.table(columns))
        stats = {name: s.histogram().statistics() for name, s in self._samples.items()}
        write_json(self._folder / _EPISODE, {
            'length': self.length, 'tasks': list(self._tasks), 'fields': dict(fields),
            'statistics': to_lists(stats)})
        self._folder.rename(folder)
        sync(folder.parent)

    def abort(self) -> None:
        for encoder in self._encoders.values():
            encoder.abort()
        shutil.rmtree(self._folder, ignore_errors=True)


def _staged_part(folder: Path, features: Mapping[str, Feature]) -> EpisodePart:
    content = read_json(folder / _EPISODE)
    videos = {}
    for name, feature in features.items():
        if feature.dtype == 'video':
            path = folder / f'{name}.mp4'
            videos[name] = VideoSegment(path, 0, content['length'], path.stat().st_size)
    return EpisodePart(
        content['length'], content['tasks'], lambda: read_table(folder / _DATA), videos,
        content['fields'], from_lists(content['statistics']))


class DatasetWriter:
    """Writes one data set; one process at a time, several workers write one each and `merge`.

    Use as a context manager, or call `close()`. Get one by `create`, `resume` or
    `create_or_resume`.
    """

    def __init__(self, metadata: Metadata, video: VideoSettings) -> None:
        self._root = metadata.root
        self._staging = metadata.root / STAGING
        self._settings = video
        self._in_progress: _EpisodeInProgress | None = None
        self._packer = Packer(metadata)
        self._lock = FolderLock(self._staging, f'{self._root}: another process is writing it')
        self._recover()

    @classmethod
    def create(
        cls, root: Path | str, *, fps: int, features: Mapping[str, Mapping[str, Any]],
        robot_type: str | None = None, video: VideoSettings = FAST_H264,
        data_files_size_in_mb: float = 100, video_files_size_in_mb: float = 200,
        chunks_size: int = 1000,
    ) -> DatasetWriter:
        """Begin a data set in a folder that holds none.

        features: as LeRobot declares them, `{name: {'dtype', 'shape', 'names'}}`, without the
        index features. Refused by name: what cannot be stored, an odd video size, a folder with
        content.
        """
        root = Path(root)
        if root.exists() and any(root.iterdir()):
            raise DatasetError(
                f'{root}: not empty; resume the data set there or choose another folder')
        if isinstance(fps, bool) or not isinstance(fps, int) or fps < 1:
            raise DatasetError(f'fps: expected a whole number of at least 1, got {fps!r}')
        if min(data_files_size_in_mb, video_files_size_in_mb, chunks_size) <= 0:
            raise DatasetError('file sizes and chunks_size must be greater than 0')
        if taken := sorted(INDEX_FEATURES.keys() & features.keys()):
            raise DatasetError(f"feature '{taken[0]}': the writer fills it in; leave it out")
        declared = read_features(features)
        if not declared:
            raise DatasetError('features: a data set needs at least one')
        for name, feature in declared.items():
            height, width, _ = feature.image_shape if feature.dtype == 'video' else (2, 2, 3)
            if height % 2 or width % 2:
                raise DatasetError(
                    f"feature '{name}': video needs an even height and width, not {height} x "
                    f'{width}')
        metadata = Metadata(
            root, fps, declared, robot_type, data_files_size_in_mb=data_files_size_in_mb,
            video_files_size_in_mb=video_files_size_in_mb, chunks_size=chunks_size)
        meta.save(metadata)
        return cls(metadata, video)

    @classmethod
    def resume(cls, root: Path | str, *, video: VideoSettings = FAST_H264) -> DatasetWriter:
        """Go on with a data set on disk, from the last saved episode."""
        return cls(meta.load(root), video)

    @classmethod
    def create_or_resume(
        cls, root: Path | str, *, fps: int, features: Mapping[str, Mapping[str, Any]],
        video: VideoSettings = FAST_H264, **settings: Any,
    ) -> DatasetWriter:
        """Resume the data set in the folder if there is one, else create it.

        Refused by name when the one there has another fps or other features.
        """
        if not meta.exists(Path(root)):
            return cls.create(root, fps=fps, features=features, video=video, **settings)
        writer = cls.resume(root, video=video)
        found = writer._packer.metadata
        problem = difference(found.features, read_features(features))
        if found.fps != fps:
            problem = f'fps is {found.fps}, not {fps}'
        if problem:
            writer.abandon()
            raise DatasetError(f'{root}: {problem}')
        return writer

    @property
    def root(self) -> Path:
        return self._root

    @property
    def episodes(self) -> int:
        """How many episodes are saved; the index of the next one."""
        return self._packer.episodes + len(self._staged)

    @property
    def frames_in_progress(self) -> int:
        """How many frames the episode in progress has."""
        return self._in_progress.length if self._in_progress else 0

    def add_frame(self, frame: Mapping[str, Any], task: str) -> None:
        """Append a frame to the episode in progress.

        frame: a value for each feature: numbers as arrays of the declared shape and dtype (plain
        numbers where the shape is (1,)), images uint8 [height, width, 3], strings as such.
        task: what the robot is told, in words. Nothing is added when anything is refused.
        """
        features = self._packer.metadata.features
        if missing := [name for name in features if name not in frame]:
            raise DatasetError(f"feature '{missing[0]}': missing in the frame")
        if unknown := [name for name in frame if name not in features]:
            raise DatasetError(f"feature '{unknown[0]}': not declared for this data set")
        if not isinstance(task, str) or not task:
            raise DatasetError(f'task: expected a text, got {task!r}')
        values = {name: feature.check(frame[name]) for name, feature in features.items()}
        with naming_full_disk(f'episode {self.episodes}'):
            if self._in_progress is None:
                folder = self._staging / f'writing-{self.episodes:06d}'
                self._in_progress = _EpisodeInProgress(
                    folder, self._packer.metadata, self._settings)
            self._in_progress.add(values, task)

    def save_episode(self, **fields: str | float | bool) -> int:
        """Save the episode in progress and return its index.

        fields: what to note about it (outcome='success', seed=3 …); becomes columns of the table
        of episodes.
        """
        checked = check_fields(fields)
        if not self.frames_in_progress:
            raise DatasetError(f'episode {self.episodes}: no frames to save')
        index = self.episodes
        folder = self._staging / f'episode-{index:06d}'
        try:
            with naming_full_disk(f'episode {index}'):
                self._in_progress.finish(checked, folder)
        except BaseException:
            self.discard_episode()
            raise
        self._in_progress = None
        self._staged.append(folder)
        self._staged_bytes += sum(file.stat().st_size for file in folder.iterdir())
        metadata = self._packer.metadata
        limit = min(metadata.data_files_size_in_mb, metadata.video_files_size_in_mb)
        if self._staged_bytes >= limit * MB:
            self.flush()
        return index

    def discard_episode(self) -> None:
        """Throw the episode in progress away."""
        if self._in_progress is not None:
            self._in_progress.abort()
            self._in_progress = None

    def flush(self) -> None:
        """Pack all saved episodes into the data set, so that readers see them."""
        self._pack(finish=False)

    def close(self) -> None:
        """Discard the episode in progress, pack the saved ones, and finish the data set."""
        self.discard_episode()
        try:
            self._pack(finish=True)
            shutil.rmtree(self._staging)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Leave without packing: saved episodes stay in staging until somebody resumes."""
        self.discard_episode()
        self._lock.release()

    def __enter__(self) -> DatasetWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, DiskFullError):
            self.abandon()
        else:
            self.close()

    def _recover(self) -> None:
        """Take over what a writer before left: saved episodes stay, halves go."""
        self._staged: list[Path] = []
        self._staged_bytes = 0
        remove_partial_files(self._root)
        for folder in self._staging.glob('writing-*'):
            shutil.rmtree(folder)
        for folder in sorted(self._staging.glob('episode-*')):
            if int(folder.name.removeprefix('episode-')) < self._packer.episodes:
                shutil.rmtree(folder)
            else:
                self._staged.append(folder)

    def _pack(self, *, finish: bool) -> None:
        features = self._packer.metadata.features
        try:
            for folder in self._staged:
                self._packer.add(_staged_part(folder, features))
            self._packer.close() if finish else self._packer.commit()
        except BaseException:
            self._packer = Packer(meta.load(self._root))
            raise
        for folder in self._staged:
            shutil.rmtree(folder)
        self._staged = []
        self._staged_bytes = 0
