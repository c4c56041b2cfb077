"""
Arrays in JSON, as json-numpy writes them: ``{"__numpy__": base64, "dtype": "<f4", "shape": […]}``.

The servers of OpenVLA and OpenVLA-OFT speak this. In their second form the whole message is such a
document inside ``{"encoded": "<document>"}``, and the reply is a document inside a JSON string.
"""
import base64
import binascii
import json
from typing import Any

import numpy as np

from vla_policies.wire.arrays import WireError, array_from_bytes, plain_dtype

__all__ = ['dumps', 'loads']


def dumps(message: Any) -> str:
    """``message`` as JSON; WireError for what JSON cannot say."""
    try:
        return json.dumps(message, default=_encode, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise WireError(f'cannot be sent: {error}') from error


def loads(text: str | bytes) -> Any:
    """The message in ``text``; WireError in one line."""
    try:
        return json.loads(text, object_hook=_decode)
    except WireError:
        raise
    except (ValueError, RecursionError) as error:
        raise WireError(f'not a JSON message: {error}') from error


def _encode(value: Any) -> Any:
    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError(f'a {type(value).__name__} is not an array, a number or text')
    plain_dtype(value.dtype.str)
    data = np.ascontiguousarray(value)
    return {'__numpy__': base64.b64encode(data.tobytes()).decode('ascii'),
            'dtype': value.dtype.str, 'shape': list(value.shape)}


def _decode(value: dict) -> Any:
    if '__numpy__' not in value:
        return value
    try:
        data = base64.b64decode(value['__numpy__'], validate=True)
    except (TypeError, binascii.Error) as error:
        raise WireError('the data of an array is not base64') from error
    array = array_from_bytes(data, value.get('dtype'), value.get('shape'))
    return array if array.ndim else array[()]
