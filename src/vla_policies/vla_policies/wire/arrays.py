"""Arrays from bytes that a stranger sent: checked before anything is allocated, never copied."""
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ['WireError', 'array_from_bytes', 'array_from_npy', 'npy_from_array', 'plain_dtype']

#: Booleans, integers, floating-point numbers, text and bytes; never objects, records or pickles.
KINDS = 'biufUS'
MAX_DIMENSIONS = 8


class WireError(ValueError):
    """Bytes that are not what the protocol says; one line."""

    def __init__(self, message: str) -> None:
        super().__init__(' '.join(message.split()))


def plain_dtype(description: Any) -> np.dtype:
    """The type that ``description`` names; WireError unless its kind is one of `KINDS`."""
    if isinstance(description, bytes):
        description = description.decode('latin-1')
    if not isinstance(description, str) or len(description) > 16:
        raise WireError(f'an array of type {description!r:.40} is not accepted')
    try:
        dtype = np.dtype(description)
    except (TypeError, ValueError, SyntaxError) as error:
        raise WireError(f'{description!r} is not an array type') from error
    if dtype.kind not in KINDS:
        raise WireError(f'an array of type {description!r} is not accepted')
    return dtype


def array_from_bytes(
    data: Any, dtype: Any, shape: Any, *, order: str = 'C',
) -> np.ndarray:
    """A read-only view of ``data``; WireError unless type and shape account for every byte."""
    dtype = plain_dtype(dtype)
    if not isinstance(data, bytes | bytearray | memoryview):
        raise WireError(f'the data of an array is {type(data).__name__}, not bytes')
    if not _is_shape(shape):
        raise WireError(f'{shape!r:.60} is not the shape of an array')
    expected = math.prod(shape) * dtype.itemsize
    if expected != memoryview(data).nbytes:
        raise WireError(
            f'an array of {dtype.str} {list(shape)} has {expected} bytes, but '
            f'{memoryview(data).nbytes} came')
    if dtype.itemsize == 0:
        return np.zeros(tuple(shape), dtype)
    array = np.frombuffer(data, dtype=dtype).reshape(tuple(shape), order=order)
    array.flags.writeable = False
    return array


def array_from_npy(data: Any) -> np.ndarray:
    """The array in the bytes of an ``.npy`` file (NEP 1), read-only."""
    if not isinstance(data, bytes):
        raise WireError(f'an npy array is {type(data).__name__}, not bytes')
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = (np.lib.format.read_array_header_1_0 if version == (1, 0)
                else np.lib.format.read_array_header_2_0)
        shape, fortran, dtype = read(stream)
    except Exception as error:  # NumPy's parser meets a stranger's text in many ways
        raise WireError('the header of an npy array is damaged') from error
    return array_from_bytes(
        memoryview(data)[stream.tell():], dtype.str, shape, order='F' if fortran else 'C')


def npy_from_array(array: np.ndarray) -> bytes:
    """The bytes of an ``.npy`` file."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _is_shape(shape: Any) -> bool:
    return (isinstance(shape, Sequence) and not isinstance(shape, str | bytes)
            and len(shape) <= MAX_DIMENSIONS
            and all(type(side) is int and 0 <= side <= 2 ** 40 for side in shape))
