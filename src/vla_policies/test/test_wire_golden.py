"""
Bytes that the genuine packages wrote (golden_vectors.json), read and written here.

'openpi_client' is what that client packs, 'msgpack_numpy' and 'json_numpy' what those packages do,
'torch' a pickle of LeRobot's timed actions with tensors that share one storage.
"""
import json
from pathlib import Path

import numpy as np
import pytest

from vla_policies.wire import groot, json_numpy, openpi, restricted_pickle
from vla_policies.wire.restricted_pickle import NamedObject

GOLDEN = json.loads((Path(__file__).parent / 'golden_vectors.json').read_text())
OPENPI = {
    'state': np.array([[1, -2], [0.5, 4]], np.float32),
    'image': np.arange(6, dtype=np.uint8).reshape(1, 2, 3), 'prompt': 'pick it',
    'n': np.float64(2.5), 'k': 3, 'empty': np.zeros((0, 3), np.int64)}
ARM = np.array([[1.5, -2.0]], np.float32)


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value)
        if isinstance(value, np.ndarray):
            assert found[key].dtype == value.dtype
            assert found[key].shape == value.shape


def test_openpi_both_ways():
    data = bytes.fromhex(GOLDEN['openpi_client 0.1.2'])
    assert openpi.pack(OPENPI) == data
    assert_same(openpi.unpack(data), OPENPI)


def test_openpi_scalar():
    packed = openpi.pack(np.float32(1.5))
    assert packed == (b'\x83\xc4\r__npgeneric__\xc3\xc4\x04data\xcb?\xf8\0\0\0\0\0\0'
                      b'\xc4\x05dtype\xa3<f4')
    assert openpi.unpack(packed) == np.float32(1.5)


def test_arrays_are_views_of_the_frame_and_read_only():
    image = openpi.unpack(openpi.pack({'image': np.zeros((2, 2, 3), np.uint8)}))['image']
    assert not image.flags.owndata
    assert not image.flags.writeable


def test_groot_with_npy():
    data = bytes.fromhex(GOLDEN['GR00T N1.5'])
    assert groot.pack({'action.arm': ARM}, 'npy') == data
    assert_same(groot.unpack(data), {'action.arm': ARM})


def test_groot_with_msgpack_numpy():
    data = bytes.fromhex(GOLDEN['msgpack_numpy'])
    assert_same(groot.unpack(data), {'action.arm': ARM, 's': np.float32(2)})
    written = groot.pack({'action.arm': ARM}, 'msgpack_numpy')
    assert written[1:] == data[1:len(written)]


def test_groot_keeps_columns_first():
    array = np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3))
    np.testing.assert_array_equal(groot.unpack(groot.pack(array, 'npy')), array)


def test_json_numpy_both_ways():
    text = GOLDEN['json_numpy']
    message = {'full_image': np.arange(6, dtype=np.uint8).reshape(1, 2, 3),
               'state': np.array([1, 2.5], np.float32), 'x': 1.0}
    assert json_numpy.dumps(message) == text
    assert_same(json_numpy.loads(text), message)


def test_actions_of_torch_without_torch():
    first, second = restricted_pickle.read(bytes.fromhex(GOLDEN['torch 2.13 actions']))
    assert (first.timestamp, first.timestep) == (10.5, 7)
    assert (second.timestamp, second.timestep) == (10.6, 8)
    np.testing.assert_array_equal(first.action, np.array([1, 2], np.float32))
    np.testing.assert_array_equal(second.action, np.array([3, 4], np.float32))


@pytest.mark.parametrize(('name', 'array'), [
    ('numpy protocol 4', np.array([[1, 2], [3, 4]], '>f4')),
    ('numpy protocol 5', np.array([1, 2], '<i2'))])
def test_arrays_of_numpy(name, array):
    found = restricted_pickle.read(bytes.fromhex(GOLDEN[name]))
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype


def test_what_is_written_for_lerobot():
    written = restricted_pickle.write(
        NamedObject('m', 'C', {'a': 1, 'b': [True, None], 'c': (2.5,)}))
    assert written == (
        b'\x80\x05cm\nC\n)\x81}(X\x01\0\0\0a\x8a\x01\x01X\x01\0\0\0b(\x88NlX\x01\0\0\0c(G@\x04\0\0'
        b'\0\0\0\0tub.')
