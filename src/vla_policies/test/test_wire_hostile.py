"""Bytes that mean harm: refused in one line, without running, allocating or hanging."""
import json
import pickle
import pickletools
import struct
import time
from collections import OrderedDict
from pathlib import Path

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from vla_policies.wire import groot, json_numpy, openpi, restricted_pickle
from vla_policies.wire.arrays import WireError

GOLDEN = json.loads((Path(__file__).parent / 'golden_vectors.json').read_text())
READERS = {'openpi': openpi.unpack, 'groot': groot.unpack, 'json': json_numpy.loads,
           'pickle': restricted_pickle.read}


def packed(dtype='<f4', shape=(2,), data=b'\0' * 8):
    return msgpack.packb({b'__ndarray__': True, b'dtype': dtype, b'shape': shape, b'data': data})


def npy(header, data=b''):
    text = header.encode() + b'\n'
    return msgpack.packb({'__ndarray_class__': True, 'as_npy': (
        b'\x93NUMPY\x01\x00' + struct.pack('<H', len(text)) + text + data)})


@pytest.mark.parametrize('data', [
    packed(dtype='|O'), packed(dtype='|V4'), packed(dtype='<c8'), packed(dtype='<f4,<f4'),
    packed(dtype='nonsense'), packed(dtype='<f4' * 100), packed(dtype=None), packed(dtype=3),
    packed(dtype='<M8[s]'), packed(shape=(3,)), packed(shape=(-1, -2)), packed(shape=(2 ** 62, 4)),
    packed(shape=(2 ** 33, 2 ** 31)), packed(shape='2'), packed(shape=(1.0,)), packed(shape=3),
    packed(shape=[1] * 65), packed(data='text'), packed(data=None), packed(data=[0] * 8),
    msgpack.packb({b'__ndarray__': True}),
    msgpack.packb({b'__npgeneric__': True, b'dtype': '|O', b'data': 1}),
    msgpack.packb({b'__npgeneric__': True, b'dtype': '<i1', b'data': 10 ** 6}),
    msgpack.packb({b'__npgeneric__': True, b'dtype': '<i4', b'data': [1]}),
    msgpack.packb(msgpack.ExtType(1, b'x')), msgpack.packb({1: 2}),
    b'', b'\xc1', b'\x81', b'\xdd\xff\xff\xff\xff', b'\xdf\xff\xff\xff\xff',
    b'\xc6\xff\xff\xff\xff', b'\x91' * 100_000, b'\x81\xa1a' * 100_000,
    msgpack.packb('x') + b'more', b'\xa1\xff',
])
def test_openpi_frame(data):
    with pytest.raises(WireError) as caught:
        openpi.unpack(data)
    assert '\n' not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize('data', [
    msgpack.packb({b'nd': True, b'type': '|O', b'kind': b'O', b'shape': [1], b'data': b'x'}),
    msgpack.packb({b'nd': True, b'type': '|O', b'kind': b'', b'shape': [1], b'data': b'x' * 8}),
    msgpack.packb({b'nd': True, b'type': [['a', '<f4']], b'kind': b'V', b'shape': [1],
                   b'data': b'x' * 4}),
    msgpack.packb({b'nd': True, b'type': '<f4', b'kind': b'', b'shape': [2], b'data': b'x'}),
    msgpack.packb({'__ndarray_class__': True, 'as_npy': b'\x93NUMPY'}),
    msgpack.packb({'__ndarray_class__': True, 'as_npy': 'text'}),
    msgpack.packb({'__ndarray_class__': True}),
    npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", pickle.dumps([1])),
    npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}"),
    npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", b'\0' * 8),
    npy("__import__('os').system('true')"), npy('{' * 5000),
])
def test_groot_message(data):
    with pytest.raises(WireError) as caught:
        groot.unpack(data)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('text', [
    '{"__numpy__": 3, "dtype": "<f4", "shape": [1]}',
    '{"__numpy__": "?", "dtype": "<f4", "shape": [1]}',
    '{"__numpy__": "AAAA", "dtype": "|O", "shape": [1]}',
    '{"__numpy__": "AAAA", "dtype": "<f4", "shape": [99999999999]}',
    '{"__numpy__": "AAAA"}', '[' * 100_000, '', '{', b'\xff\xfe\xff',
])
def test_json_message(text):
    with pytest.raises(WireError) as caught:
        json_numpy.loads(text)
    assert '\n' not in str(caught.value)


class Reduce:
    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def tensor(size, stride, offset=0):
    """torch's tensor pickle around the golden storage of four numbers, with another view."""
    data = bytes.fromhex(GOLDEN['torch 2.13 actions'])
    storage = next(argument for opcode, argument, _ in pickletools.genops(data)
                   if opcode.name == 'BINBYTES')
    out = bytearray(b'\x80\x05ctorch._utils\n_rebuild_tensor_v2\n(')
    out += b'ctorch.storage\n_load_from_bytes\nB' + struct.pack('<I', len(storage)) + storage
    out += b'\x85R'
    restricted_pickle._write(offset, out)
    restricted_pickle._write(size, out)
    restricted_pickle._write(stride, out)
    return bytes(out + b'\x89}tR.')


def test_tensor_is_a_view_within_its_storage():
    np.testing.assert_array_equal(
        restricted_pickle.read(tensor((2, 2), (1, 2))), [[1, 3], [2, 4]])


@pytest.mark.parametrize(('size', 'stride', 'offset'), [
    ((5,), (1,), 0), ((2,), (4,), 0), ((4,), (1,), 1), ((2,), (-1,), 2), ((2 ** 40,), (0,), 0),
    ((2,), (1, 1), 0), ((-1,), (1,), 0), ((1,), (1,), 100)])
def test_tensor_beyond_its_storage(size, stride, offset):
    with pytest.raises(WireError):
        restricted_pickle.read(tensor(size, stride, offset))


@pytest.mark.parametrize('data', [
    pickle.dumps(Reduce(eval, ('1/0',))), pickle.dumps(Reduce(__import__, ('os',))),
    pickle.dumps(OrderedDict), pickle.dumps(Path('x')), pickle.dumps({1, 2}),
    pickle.dumps(np.array([object], dtype=object)),
    pickle.dumps(np.zeros(2, dtype=[('a', '<f4')])), pickle.dumps(np.zeros(2, complex)),
    b'ctorch.storage\n_load_from_bytes\n(B\x02\0\0\0N.tR.',
    b'cnumpy\nload\n.', b'cnumpy.core.multiarray\n_reconstruct\n(tR.',
    b'cos\nsystem\n(Vtrue\ntR.', b'(ios\nsystem\n.', b'\x80\x02Pid\n.', b'\x82\x01.',
    b'\x80\x04r\xff\xff\xff\xff.', b'N' * 10, b'', b'.', b'\x80\x63.', b'0.', b'\x80\x05\x97.',
    b'(' * 1000 + b'.', b']' + b'\x94' + b'h\x00a' * 10 + b'.', b']' + b'\x85' * 100_000 + b'.',
])
def test_pickle(data):
    with pytest.raises(WireError) as caught:
        if not restricted_pickle.read(data):
            raise WireError('an empty thing is harmless')
    assert '\n' not in str(caught.value)


def test_pickle_cannot_change_what_the_next_one_meets():
    poison = (b'\x80\x04clerobot.async_inference.helpers\nTimedAction\n'
              b'N}X\x08\0\0\0timestepK\x63s\x86b.')
    with pytest.raises(WireError):
        restricted_pickle.read(poison + b'')
        raise WireError('it changed only a copy')
    assert restricted_pickle.TimedAction.timestep == 0


@pytest.mark.parametrize('reader', READERS)
@given(data=st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_read_or_refused(reader, data):
    read_or_refused(READERS[reader], data)


@pytest.mark.parametrize(('reader', 'name'), [
    ('openpi', 'openpi_client 0.1.2'), ('groot', 'msgpack_numpy'), ('groot', 'GR00T N1.5'),
    ('pickle', 'torch 2.13 actions'), ('pickle', 'numpy protocol 4')])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_damaged_messages_are_read_or_refused(reader, name, data):
    message = bytearray.fromhex(GOLDEN[name])
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    read_or_refused(READERS[reader], bytes(message))


def read_or_refused(read, data):
    begin = time.monotonic()
    try:
        read(data)
    except WireError as error:
        assert '\n' not in str(error)
    assert time.monotonic() - begin < 5.0
