"""
Messages of the openpi WebSocket protocol: msgpack with NumPy arrays.

An array is a map with bytes keys, ``{b'__ndarray__': True, b'data': bytes, b'dtype': '<f4',
b'shape': [...]}``, and a NumPy scalar is ``{b'__npgeneric__': True, b'data': item, b'dtype': …}``.
Objects, records and complex numbers have no place in it.
"""
from typing import Any

import msgpack
import numpy as np

from vla_policies.wire.arrays import WireError, array_from_bytes, plain_dtype

__all__ = ['pack', 'unpack']

MAX_ITEMS = 10_000
MAX_TEXT = 1 << 20  # bytes


def pack(message: Any) -> bytes:
    """``message`` as bytes; WireError for what the protocol cannot say."""
    try:
        return msgpack.packb(message, default=_encode)
    except (TypeError, ValueError, OverflowError) as error:
        raise WireError(f'cannot be sent: {error}') from error


def unpack(data: bytes) -> Any:
    """The message in ``data``, its arrays read-only views of it; WireError in one line."""
    try:
        return msgpack.unpackb(
            data, object_hook=_decode, max_array_len=MAX_ITEMS, max_map_len=MAX_ITEMS,
            max_str_len=MAX_TEXT, max_ext_len=0)
    except WireError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        raise WireError(f'not a msgpack message: {reason:.200}') from error


def _encode(value: Any) -> Any:
    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError(f'a {type(value).__name__} is not an array, a number or text')
    if value.dtype.kind in 'VOc':
        raise TypeError(f'an array of type {value.dtype} is not accepted')
    if isinstance(value, np.ndarray):
        return {b'__ndarray__': True, b'data': value.tobytes(), b'dtype': value.dtype.str,
                b'shape': value.shape}
    return {b'__npgeneric__': True, b'data': value.item(), b'dtype': value.dtype.str}


def _decode(value: dict) -> Any:
    if b'__ndarray__' in value:
        return array_from_bytes(value.get(b'data'), value.get(b'dtype'), value.get(b'shape'))
    if b'__npgeneric__' in value:
        dtype, item = plain_dtype(value.get(b'dtype')), value.get(b'data')
        if not isinstance(item, bool | int | float | str | bytes):
            raise WireError(f'a NumPy scalar holds a {type(item).__name__}')
        return dtype.type(item)
    return value
