"""Read a data set: columns as arrays, frames in any order with their images, windows of actions."""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from . import metadata as meta
from .errors import DatasetError
from .features import Feature
from .metadata import Episode, Metadata
from .statistics import Statistics
from .storage import read_table
from .video import VideoDecoders, decode_image


class DatasetReader:
    """Random access to a data set of version 3.0 or 2.1 on disk.

    root: its folder. episodes: read only these; frames are then counted from 0 in the order
    given. cache_mb: decoded images kept for a second look, in MB. tolerance: how far in seconds a
    video frame may lie from a frame's timestamp.

    A frame is addressed by its number i in [0, len(reader)). Images are uint8 [height, width, 3].
    Columns of shape (1,) come without that axis. A reader may be pickled and used after a fork; it
    is not for several threads at once.
    """

    def __init__(
        self, root: Path | str, *, episodes: Sequence[int] | None = None, cache_mb: float = 256,
        tolerance: float = 1e-4,
    ) -> None:
        self.metadata: Metadata = meta.load(root)
        chosen = range(len(self.metadata.episodes)) if episodes is None else episodes
        for index in chosen:
            if not 0 <= index < len(self.metadata.episodes):
                raise DatasetError(
                    f'{root}: no episode {index}, only {len(self.metadata.episodes)} episodes')
        self.episodes: tuple[Episode, ...] = tuple(self.metadata.episodes[i] for i in chosen)
        lengths = np.array([episode.length for episode in self.episodes], dtype=np.int64)
        self._ends = np.cumsum(lengths)
        ranges = [np.arange(episode.start, episode.stop) for episode in self.episodes]
        self._absolute = np.concatenate(ranges) if ranges else np.empty(0, dtype=np.int64)
        self._tolerance = tolerance
        self._columns: dict[str, np.ndarray] = {}
        self._cache: OrderedDict[tuple[str, int], np.ndarray] = OrderedDict()
        self._cache_room = int(cache_mb * 2 ** 20)
        self._cache_limit = self._cache_room
        self._decoders = VideoDecoders(self.metadata.fps)

    @property
    def root(self) -> Path:
        return self.metadata.root

    @property
    def fps(self) -> int:
        return self.metadata.fps

    @property
    def features(self) -> dict[str, Feature]:
        """Declared features by name, without the index features."""
        return dict(self.metadata.features)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The texts that `task_index` points to."""
        return tuple(self.metadata.tasks)

    @property
    def statistics(self) -> dict[str, Statistics]:
        """Statistics of the whole data set by feature."""
        return dict(self.metadata.statistics)

    def __len__(self) -> int:
        return len(self._absolute)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """All of one frame: every feature and index feature, and `task` in words."""
        batch = self.batch([index])
        frame = {name: values[0] for name, values in batch.items()}
        frame['task'] = self.metadata.tasks[frame['task_index']]
        return frame

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for index in range(len(self)):
            yield self[index]

    def frames_of(self, episode: int) -> range:
        """The frame numbers of the n-th episode of this reader."""
        end = int(self._ends[episode])
        return range(end - self.episodes[episode].length, end)

    def episode_of(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Which episode of this reader each frame belongs to, int64 [n]."""
        return np.searchsorted(self._ends, self._checked(indices), side='right')

    def batch(
        self, indices: Sequence[int] | np.ndarray, names: Sequence[str] | None = None,
    ) -> dict[str, np.ndarray]:
        """The named features (all by default) of the frames, as arrays [n, …] by name."""
        chosen = [*self.metadata.columns, *self.metadata.video_features] if names is None else names
        return {
            name: self.images(name, indices) if self._feature(name).is_visual
            else self.column(name, indices)
            for name in chosen
        }

    def column(
        self, name: str, indices: Sequence[int] | np.ndarray | None = None,
    ) -> np.ndarray:
        """A feature of numbers or strings at the frames (all by default), [n, *shape]."""
        feature = self._feature(name)
        if feature.is_visual:
            raise DatasetError(f"feature '{name}': an {feature.dtype}; read it by images()")
        if name not in self._columns:
            tables = [rows[name] for rows in self._tables([name])]
            whole = feature.to_numpy(pa.chunked_array([c for t in tables for c in t.chunks]))
            self._columns[name] = whole
        rows = self._absolute if indices is None else self._absolute[self._checked(indices)]
        return self._columns[name][rows]

    def images(self, name: str, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """What a camera saw at the frames, uint8 [n, height, width, 3]."""
        feature = self._feature(name)
        if not feature.is_visual:
            raise DatasetError(f"feature '{name}': no images; read it by column()")
        rows = self._absolute[self._checked(indices)]
        result = np.empty((len(rows), *feature.image_shape), dtype=np.uint8)
        for place in np.argsort(rows, kind='stable'):
            result[place] = self._image(feature, int(rows[place]))
        return result

    def window(
        self, name: str, indices: Sequence[int] | np.ndarray, offsets: Sequence[int] | np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """A feature at frames shifted by offsets, within each frame's episode.

        Returns values [n, k, *shape] and padding, bool [n, k]: True where the shifted frame lies
        outside the episode; the nearest frame of the episode stands there.
        """
        frames = self._checked(indices)
        ends = self._ends[self.episode_of(frames)]
        lengths = np.array([episode.length for episode in self.episodes])
        starts = ends - lengths[self.episode_of(frames)]
        wanted = frames[:, None] + np.asarray(offsets, dtype=np.int64)
        padding = (wanted < starts[:, None]) | (wanted >= ends[:, None])
        inside = np.clip(wanted, starts[:, None], ends[:, None] - 1)
        read = self.images if self._feature(name).is_visual else self.column
        values = read(name, inside.ravel())
        return values.reshape(*wanted.shape, *values.shape[1:]), padding

    def action_chunk(
        self, index: int, horizon: int, name: str = 'action',
    ) -> tuple[np.ndarray, np.ndarray]:
        """The actions of a frame and those after it: [horizon, D], and padding, bool [horizon].

        Beyond the end of the episode the last action is repeated and marked as padding.
        """
        values, padding = self.window(name, [index], np.arange(horizon))
        return values[0], padding[0]

    def close(self) -> None:
        """Let go of open video files; they are opened again when needed."""
        self._decoders.close()

    def _feature(self, name: str) -> Feature:
        feature = self.metadata.columns.get(name) or self.metadata.features.get(name)
        if feature is None:
            known = [*self.metadata.features, *self.metadata.columns]
            raise DatasetError(
                f"feature '{name}': not in {self.root}; there are {list(dict.fromkeys(known))}")
        return feature

    def _checked(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        frames = np.asarray(indices, dtype=np.int64)
        if frames.size and not 0 <= frames.min() <= frames.max() < len(self):
            raise IndexError(f'frame {frames.min()} or {frames.max()}: not in [0, {len(self)})')
        return frames

    def _tables(self, names: list[str]) -> Iterator[pa.Table]:
        """The columns of each parquet file in order, cut to the rows that are in the data set."""
        rows: dict[Path, int] = {}
        for episode in self.metadata.episodes:
            path = self.metadata.data_path(episode)
            rows[path] = rows.get(path, 0) + episode.length
        for path, count in rows.items():
            try:
                table = read_table(path, names)
            except KeyError as error:
                raise DatasetError(f'{path}: column {error} is missing') from error
            if table.num_columns != len(names) or len(table) < count:
                raise DatasetError(
                    f'{path}: {names} has {len(table)} rows where {count} are expected')
            yield table.slice(0, count)

    def _image(self, feature: Feature, row: int) -> np.ndarray:
        key = (feature.name, row)
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        image = self._decode(feature, row)
        if image.shape != feature.image_shape:
            raise DatasetError(
                f"feature '{feature.name}': frame {row} has shape {image.shape}, not "
                f'{feature.image_shape}')
        if image.nbytes <= self._cache_limit:
            self._cache[key] = image
            self._cache_room -= image.nbytes
            while self._cache_room < 0:
                self._cache_room += self._cache.popitem(last=False)[1].nbytes
        return image

    def _decode(self, feature: Feature, row: int) -> np.ndarray:
        if feature.dtype == 'image':
            return decode_image(
                self._coded_images(feature.name)[row].as_py(),
                f"feature '{feature.name}': frame {row}")
        episode = self.metadata.episode_at(row)
        path = self.metadata.video_path(episode, feature.name)
        # In double precision: hours into a file, single precision misses the frame.
        seconds = float(self._timestamps()[row]) + episode.videos[feature.name].start
        return self._decoders[path].at(seconds, self._tolerance)

    def _timestamps(self) -> np.ndarray:
        if 'timestamp' not in self._columns:
            self.column('timestamp')
        return self._columns['timestamp']

    def _coded_images(self, name: str) -> pa.ChunkedArray:
        """The PNG files of a feature, as they lie in the parquet files."""
        if name not in self._columns:
            chunks = [
                chunk.field('bytes')
                for rows in self._tables([name]) for chunk in rows[name].chunks]
            self._columns[name] = pa.chunked_array(chunks)
        return self._columns[name]
