"""
The one pickle that is read: LeRobot's list of timed actions, and nothing that could act.

A pickle is a program. This reader runs only those that build numbers, text, lists, maps, arrays of
NumPy and torch, and the ``TimedAction`` of LeRobot (CVE-2026-25874 shows why). No class or function
of NumPy or torch is handed to it: each name on the list stands for a function of this module
that checks its arguments, so torch need not be installed, and torch's own ``_load_from_bytes``,
which unpickles without restraint, is never called. Whatever is not on the list is refused.

Writing needs no such care, but the classes of LeRobot are not at hand: `write` makes the bytes of
objects by the name of their class.
"""
import io
import pickle
import pickletools
import struct
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vla_policies.wire.arrays import WireError, array_from_bytes, plain_dtype

__all__ = ['NamedObject', 'TimedAction', 'read', 'write']

_OPCODES = frozenset([
    'PROTO', 'FRAME', 'STOP', 'MARK', 'MEMOIZE', 'BINPUT', 'LONG_BINPUT', 'BINGET', 'LONG_BINGET',
    'NONE', 'NEWTRUE', 'NEWFALSE', 'BININT', 'BININT1', 'BININT2', 'LONG1', 'BINFLOAT',
    'SHORT_BINUNICODE', 'BINUNICODE', 'SHORT_BINBYTES', 'BINBYTES', 'BINBYTES8', 'BYTEARRAY8',
    'EMPTY_LIST', 'APPEND', 'APPENDS', 'EMPTY_TUPLE', 'TUPLE', 'TUPLE1', 'TUPLE2', 'TUPLE3',
    'EMPTY_DICT', 'SETITEM', 'SETITEMS', 'GLOBAL', 'STACK_GLOBAL', 'REDUCE', 'NEWOBJ', 'BUILD'])
_STORAGE_TYPES = {
    'FloatStorage': '<f4', 'DoubleStorage': '<f8', 'HalfStorage': '<f2', 'LongStorage': '<i8',
    'IntStorage': '<i4', 'ShortStorage': '<i2', 'CharStorage': '<i1', 'ByteStorage': '<u1',
    'BoolStorage': '|b1'}
_MAGIC = 0x1950A86A20F9469CFC6C  # of torch.save's older format
_PROTOCOL = 1001


@dataclass
class TimedAction:
    """An action of LeRobot's server: seconds since 1970, number of the step, numbers [D]."""

    timestamp: float = 0.0
    timestep: int = 0
    action: Any = None


@dataclass(frozen=True)
class NamedObject:
    """An instance, to be written, of the class ``name`` of ``module`` with these attributes."""

    module: str
    name: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _StorageType:
    dtype: str


class _Array:
    """Stands for a numpy.ndarray until its state has come."""

    def __init__(self) -> None:
        self.value: np.ndarray | None = None

    def __setstate__(self, state: tuple) -> None:
        _version, shape, dtype, fortran, data = state
        self.value = array_from_bytes(
            data, _dtype_of(dtype).str, shape, order='F' if fortran else 'C')


class _DType:
    """Stands for a numpy.dtype until its state, which holds the byte order, has come."""

    def __init__(self, description: str, *_flags: Any) -> None:
        self.dtype = plain_dtype(description)

    def __setstate__(self, state: tuple) -> None:
        order = state[1]
        if order not in ('<', '>', '|', '='):
            raise WireError(f'{order!r:.20} is not a byte order')
        self.dtype = self.dtype.newbyteorder(order)


def read(data: bytes) -> Any:
    """What ``data`` holds, arrays as NumPy's; WireError names what is not on the list."""
    _check_opcodes(data)
    try:
        return _settled(_Reader(io.BytesIO(data)).load())
    except WireError:
        raise
    except Exception as error:
        raise WireError(f'not a pickle of actions: {error!r:.200}') from error


def write(value: Any) -> bytes:
    """``value`` as a pickle of protocol 5: plain values, arrays and `NamedObject`."""
    out = bytearray(pickle.PROTO + b'\x05')
    _write(value, out)
    return bytes(out + pickle.STOP)


class _Reader(pickle.Unpickler):

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            allowed = _ALLOWED[module, name]
            # A pickle can set attributes of what it is given: it is given a copy of its own.
            if isinstance(allowed, type):
                return type(allowed.__name__, (allowed,), {})
            return lambda *arguments: allowed(*arguments)
        if module == 'torch' and name in _STORAGE_TYPES:
            return _StorageType(_STORAGE_TYPES[name])
        raise WireError(f'the pickle asks for {module}.{name}, which is not allowed')


class _StorageReader(_Reader):
    """Reads the stream of one torch storage."""

    def persistent_load(self, key: Any) -> tuple[str, str, int]:
        kind, storage, name, _location, count, view = key
        if kind != 'storage' or not isinstance(storage, _StorageType) or view is not None:
            raise WireError('a torch storage of an unknown form')
        return storage.dtype, str(name), int(count)


def _check_opcodes(data: bytes, extra: frozenset[str] = frozenset()) -> int:
    """Length of the first pickle in ``data``; WireError for an instruction not on the list."""
    allowed = _OPCODES | extra
    count = end = 0
    try:
        for opcode, argument, position in pickletools.genops(data):
            count, end = count + 1, position + 1
            if opcode.name not in allowed:
                raise WireError(f'the pickle uses {opcode.name}, which is not allowed')
            # The reader makes room for the highest place in its memory that is named.
            if opcode.name == 'LONG_BINPUT' and argument > count + 255:
                raise WireError('the pickle asks for more memory than it needs')
    except WireError:
        raise
    except Exception as error:
        raise WireError(f'not a pickle: {error!r:.200}') from error
    return end


def _load_storage(data: Any) -> np.ndarray:
    """A torch storage, as a flat array, from the bytes of ``torch.save``'s older format."""
    if not isinstance(data, bytes):
        raise WireError('a torch storage is not bytes')
    parts, start = [], 0
    for _ in range(5):
        end = start + _check_opcodes(data[start:], frozenset(['BINPERSID']))
        parts.append(_StorageReader(io.BytesIO(data[start:end])).load())
        start = end
    magic, protocol, system, (dtype, name, count), names = parts
    if magic != _MAGIC or protocol != _PROTOCOL or system.get('little_endian') is not True:
        raise WireError('a torch storage of an unknown form')
    if names != [name] or len(data) < start + 8:
        raise WireError('a torch storage is damaged')
    if struct.unpack_from('<q', data, start)[0] != count:
        raise WireError('a torch storage has another length than it says')
    return array_from_bytes(data[start + 8:], dtype, (count,))


def _rebuild_tensor(
    storage: Any, offset: Any, size: Any, stride: Any, *_gradient: Any,
) -> np.ndarray:
    """The array that a torch tensor is a view of; never a byte beyond its storage."""
    numbers = (offset, *size, *stride)
    if not isinstance(storage, np.ndarray) or not all(
            type(number) is int and number >= 0 for number in numbers) or len(size) != len(stride):
        raise WireError('a torch tensor of an unknown form')
    last = offset + sum((side - 1) * step for side, step in zip(size, stride))
    if 0 in size:
        return np.zeros(size, storage.dtype)
    if last >= len(storage) or np.prod(size) > len(storage):
        raise WireError('a torch tensor reaches beyond its storage')
    return np.lib.stride_tricks.as_strided(
        storage[offset:], size, [step * storage.itemsize for step in stride], writeable=False)


def _rebuild_array(_kind: Any, _shape: Any, _type: Any) -> _Array:
    return _Array()


def _array_from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    return array_from_bytes(data, _dtype_of(dtype).str, shape, order='F' if order == 'F' else 'C')


def _scalar(dtype: Any, data: Any) -> Any:
    return array_from_bytes(data, _dtype_of(dtype).str, ())[()]


def _dtype_of(value: Any) -> np.dtype:
    if not isinstance(value, _DType):
        raise WireError('an array without a type')
    return value.dtype


_ALLOWED: dict[tuple[str, str], Any] = {
    ('collections', 'OrderedDict'): OrderedDict,
    ('torch._utils', '_rebuild_tensor_v2'): _rebuild_tensor,
    ('torch.storage', '_load_from_bytes'): _load_storage,
    ('numpy', 'ndarray'): _Array,
    ('numpy', 'dtype'): _DType,
}
for _core in ('numpy._core', 'numpy.core'):
    _ALLOWED[f'{_core}.multiarray', '_reconstruct'] = _rebuild_array
    _ALLOWED[f'{_core}.multiarray', 'scalar'] = _scalar
    _ALLOWED[f'{_core}.numeric', '_frombuffer'] = _array_from_buffer
for _module in ('lerobot.async_inference.helpers', 'lerobot.scripts.server.helpers'):
    _ALLOWED[_module, 'TimedAction'] = TimedAction


def _settled(value: Any) -> Any:
    """``value`` with every stand-in replaced by what it stands for."""
    if isinstance(value, _Array):
        if value.value is None:
            raise WireError('an array without data')
        return value.value
    if isinstance(value, list | tuple):
        return type(value)(_settled(item) for item in value)
    if isinstance(value, dict):
        return {key: _settled(item) for key, item in value.items()}
    if isinstance(value, TimedAction):
        value.action = _settled(value.action)
        return value
    if value is None or isinstance(value, int | float | str | bytes | np.ndarray | np.generic):
        return value
    raise WireError(f'the pickle holds a {type(value).__name__}')


def _write(value: Any, out: bytearray) -> None:
    """Append the instructions that leave ``value`` on the stack."""
    if value is None or value is True or value is False:
        out += {None: pickle.NONE, True: pickle.NEWTRUE, False: pickle.NEWFALSE}[value]
    elif isinstance(value, int):
        body = value.to_bytes((value.bit_length() + 8) // 8, 'little', signed=True)
        out += pickle.LONG1 + bytes([len(body)]) + body
    elif isinstance(value, float):
        out += pickle.BINFLOAT + struct.pack('>d', value)
    elif isinstance(value, str):
        body = value.encode('utf-8')
        out += pickle.BINUNICODE + struct.pack('<I', len(body)) + body
    elif isinstance(value, np.ndarray):
        _write_array(value, out)
    elif isinstance(value, NamedObject):
        _write_object(value, out)
    elif isinstance(value, Mapping):
        out += pickle.EMPTY_DICT + pickle.MARK
        for key, item in value.items():
            _write(key, out)
            _write(item, out)
        out += pickle.SETITEMS
    elif isinstance(value, Sequence):
        out += pickle.MARK
        for item in value:
            _write(item, out)
        out += pickle.TUPLE if isinstance(value, tuple) else pickle.LIST
    else:
        raise WireError(f'a {type(value).__name__} cannot be sent')


def _write_array(array: np.ndarray, out: bytearray) -> None:
    """``numpy.ndarray(shape, type, buffer)``, which every version of NumPy has."""
    plain_dtype(array.dtype.str)
    body = array.tobytes()
    out += pickle.GLOBAL + b'numpy\nndarray\n' + pickle.MARK
    _write(array.shape, out)
    _write(array.dtype.str, out)
    out += pickle.BYTEARRAY8 + struct.pack('<Q', len(body)) + body
    out += pickle.TUPLE + pickle.REDUCE


def _write_object(value: NamedObject, out: bytearray) -> None:
    out += pickle.GLOBAL + f'{value.module}\n{value.name}\n'.encode('ascii')
    out += pickle.EMPTY_TUPLE + pickle.NEWOBJ
    _write(dict(value.attributes), out)
    out += pickle.BUILD
