"""Features: what a frame holds, and the check that a frame holds just that.

A feature is declared as LeRobot declares it in `info.json`: `{'dtype', 'shape', 'names'}`, where
dtype is a NumPy number type, `bool`, `string`, `image` (PNG inside the parquet file) or `video`.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from .errors import DatasetError

NUMBER_TYPES = (
    'float16', 'float32', 'float64', 'int8', 'int16', 'int32', 'int64',
    'uint8', 'uint16', 'uint32', 'uint64', 'bool',
)
VISUAL_TYPES = ('image', 'video')
IMAGE_ARROW_TYPE = pa.struct([('bytes', pa.binary()), ('path', pa.string())])


@dataclass(frozen=True)
class Feature:
    """One named column of a data set.

    dtype: a number type, 'string', 'image' or 'video'.
    shape: shape in one frame; (height, width, channels) for what a camera sees.
    names: labels of the dimensions, or None.
    info: facts about the video stream, as LeRobot writes them.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    names: Any = None
    info: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, name: str, declaration: Mapping[str, Any]) -> Feature:
        """Read a declaration in LeRobot's form; refuses what cannot be stored, by name."""
        if '/' in name or not name:
            raise DatasetError(f"feature '{name}': a name must not be empty or contain '/'")
        unknown = set(declaration) - {'dtype', 'shape', 'names', 'info', 'video_info', 'fps'}
        if unknown:
            raise DatasetError(f"feature '{name}': unknown keys {sorted(unknown)}")
        if missing := {'dtype', 'shape'} - set(declaration):
            raise DatasetError(f"feature '{name}': needs {sorted(missing)}")
        dtype = declaration['dtype']
        shape = tuple(int(size) for size in declaration['shape'])
        if dtype not in (*NUMBER_TYPES, *VISUAL_TYPES, 'string'):
            raise DatasetError(f"feature '{name}': unknown dtype '{dtype}'")
        if not shape or min(shape) < 1:
            raise DatasetError(f"feature '{name}': shape {shape} has no room for a value")
        if dtype == 'string' and shape != (1,):
            raise DatasetError(f"feature '{name}': a string has shape (1,), not {shape}")
        info = declaration.get('info') or declaration.get('video_info') or {}
        feature = cls(name, dtype, shape, declaration.get('names'), info)
        if feature.is_visual and (len(shape) != 3 or feature.image_shape[2] != 3):
            raise DatasetError(
                f"feature '{name}': an image has shape (height, width, 3), not {shape}")
        return feature

    def to_dict(self) -> dict[str, Any]:
        """The declaration as it stands in `info.json`."""
        names = list(self.names) if isinstance(self.names, tuple) else self.names
        declaration = {'dtype': self.dtype, 'shape': list(self.shape), 'names': names}
        return declaration | ({'info': dict(self.info)} if self.info else {})

    @property
    def is_visual(self) -> bool:
        return self.dtype in VISUAL_TYPES

    @property
    def is_number(self) -> bool:
        return self.dtype in NUMBER_TYPES

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels), also where the declaration says channels first."""
        first = str(self.names[0]) if isinstance(self.names, Sequence) and self.names else ''
        if first.startswith('channel'):
            channels, height, width = self.shape
            return height, width, channels
        return self.shape

    @property
    def arrow_type(self) -> pa.DataType:
        """The type of this feature's parquet column (a video has none)."""
        if self.dtype == 'image':
            return IMAGE_ARROW_TYPE
        if self.dtype == 'string':
            return pa.string()
        value = pa.from_numpy_dtype(np.dtype(self.dtype))
        if self.shape == (1,):
            return value
        if len(self.shape) == 1:
            return pa.list_(value, self.shape[0])
        for _ in self.shape:
            value = pa.list_(value)
        return value

    def check(self, value: Any) -> Any:
        """Return the value of one frame, ready to store.

        Numbers come back as an array of this feature's shape, images as uint8
        [height, width, 3]. A wrong type, shape or dtype, NaN and infinity are refused.
        """
        if self.dtype == 'string':
            if not isinstance(value, str):
                raise DatasetError(
                    f"feature '{self.name}': expected a string, got {type(value).__name__}")
            return value
        dtype = np.dtype('uint8' if self.is_visual else self.dtype)
        shape = self.image_shape if self.is_visual else self.shape
        array = np.asarray(value)
        is_plain_number = isinstance(value, (bool, int, float)) and shape == (1,)
        if is_plain_number and np.can_cast(array.dtype, dtype, 'same_kind'):
            array = array.astype(dtype)
        if array.dtype != dtype:
            raise DatasetError(f"feature '{self.name}': expected dtype {dtype}, got {array.dtype}")
        if array.shape == () and shape == (1,):
            array = array.reshape(1)
        if array.shape != shape:
            raise DatasetError(f"feature '{self.name}': expected shape {shape}, got {array.shape}")
        if dtype.kind == 'f' and not np.isfinite(array).all():
            raise DatasetError(f"feature '{self.name}': NaN or infinity in {array.tolist()}")
        return array

    def to_arrow(self, values: Sequence[Any]) -> pa.Array:
        """The column of an episode: `values` are checked values, one a frame."""
        if self.dtype == 'image':
            return pa.array([{'bytes': data, 'path': None} for data in values], IMAGE_ARROW_TYPE)
        if self.dtype == 'string':
            return pa.array(values, pa.string())
        array = np.stack(values)
        if len(self.shape) > 1:
            return pa.array(array.tolist(), self.arrow_type)
        flat = pa.array(array.reshape(-1))
        return flat if self.shape == (1,) else pa.FixedSizeListArray.from_arrays(
            flat, self.shape[0])

    def to_numpy(self, column: pa.ChunkedArray) -> np.ndarray:
        """The column as an array [n, *shape], with [n] for shape (1,) and for strings.

        Raises DatasetError when the column holds something else, or misses values.
        """
        if column.null_count:
            raise DatasetError(f"feature '{self.name}': {column.null_count} values are missing")
        if not self.is_number:
            return np.array(column.to_pylist(), dtype=object)
        if self.shape == (1,):
            if pa.types.is_nested(column.type):
                column = pa.chunked_array([chunk.flatten() for chunk in column.chunks])
            return column.to_numpy().astype(self.dtype, copy=False)
        flat = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        while pa.types.is_nested(flat.type) or isinstance(flat, pa.ExtensionArray):
            flat = flat.storage if isinstance(flat, pa.ExtensionArray) else flat.flatten()
        values = flat.to_numpy(zero_copy_only=False)
        if values.size != len(column) * int(np.prod(self.shape)):
            raise DatasetError(
                f"feature '{self.name}': {values.size} values in {len(column)} frames do not "
                f'make shape {self.shape}')
        return values.astype(self.dtype, copy=False).reshape(len(column), *self.shape)


INDEX_FEATURES = {
    feature.name: feature for feature in (
        Feature('timestamp', 'float32', (1,)),
        Feature('frame_index', 'int64', (1,)),
        Feature('episode_index', 'int64', (1,)),
        Feature('index', 'int64', (1,)),
        Feature('task_index', 'int64', (1,)),
    )
}
"""What every data set has and the writer fills in: the place of a frame, and its task.

`timestamp` is frame_index / fps, in seconds from the start of the episode: the frame's place in the
video. When a frame was captured by the clock of a robot is an ordinary feature.
"""


def read_features(declarations: Mapping[str, Mapping[str, Any]]) -> dict[str, Feature]:
    """Features by name from LeRobot's form, without the index features."""
    return {
        name: Feature.from_dict(name, declaration)
        for name, declaration in declarations.items() if name not in INDEX_FEATURES
    }


def difference(ours: Mapping[str, Feature], theirs: Mapping[str, Feature]) -> str | None:
    """The first thing in which two sets of features differ, named; None when they agree.

    How a video is coded is no difference.
    """
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        if name not in theirs or name not in ours:
            return f"feature '{name}' is only in one of them"
        for attribute in ('dtype', 'shape', 'names'):
            left, right = getattr(ours[name], attribute), getattr(theirs[name], attribute)
            left, right = (list(v) if isinstance(v, tuple) else v for v in (left, right))
            if left != right:
                return f"feature '{name}' has {attribute} {left} in one and {right} in the other"
    return None
