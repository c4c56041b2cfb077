"""
Messages of a GR00T server: msgpack with arrays in one of two encodings.

``npy`` is ``{'__ndarray_class__': True, 'as_npy': <bytes of an .npy file>}`` (N1.5 and N1.6);
``msgpack_numpy`` is the map of that package, ``{b'nd': True, b'type': '<f4', b'kind': b'',
b'shape': [...], b'data': bytes}`` (later servers). Both are understood, whichever is sent.
"""
from typing import Any, Literal

import msgpack
import numpy as np

from vla_policies.wire.arrays import (
    WireError,
    array_from_bytes,
    array_from_npy,
    npy_from_array,
    plain_dtype,
)

__all__ = ['ArrayEncoding', 'pack', 'unpack']

ArrayEncoding = Literal['npy', 'msgpack_numpy']
MAX_ITEMS = 10_000


def pack(message: Any, encoding: ArrayEncoding) -> bytes:
    """``message`` as bytes, its arrays in ``encoding``."""
    def encode(value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            raise TypeError(f'a {type(value).__name__} is not an array, a number or text')
        plain_dtype(value.dtype.str)
        if encoding == 'npy':
            return {'__ndarray_class__': True, 'as_npy': npy_from_array(value)}
        return {b'nd': True, b'type': value.dtype.str, b'kind': b'', b'shape': value.shape,
                b'data': value.tobytes()}
    try:
        return msgpack.packb(message, default=encode)
    except (TypeError, ValueError, OverflowError) as error:
        raise WireError(f'cannot be sent: {error}') from error


def unpack(data: bytes) -> Any:
    """The message in ``data``; WireError in one line."""
    try:
        return msgpack.unpackb(
            data, object_hook=_decode, strict_map_key=True, max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS, max_ext_len=0)
    except WireError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        raise WireError(f'not a msgpack message: {reason:.200}') from error


def _decode(value: dict) -> Any:
    if '__ndarray_class__' in value:
        return array_from_npy(value.get('as_npy'))
    for key in (b'nd', 'nd'):
        if key in value:
            return _from_msgpack_numpy(value, bytes if isinstance(key, bytes) else str)
    return value


def _from_msgpack_numpy(value: dict, text: type) -> Any:
    def field(name: str) -> Any:
        return value.get(name.encode() if text is bytes else name)
    if field('kind') not in (b'', '', None):
        raise WireError(f'an array of kind {field("kind")!r} is not accepted')
    if field('nd'):
        return array_from_bytes(field('data'), field('type'), field('shape'))
    return array_from_bytes(field('data'), field('type'), ())[()]
