"""Messages and back, with the real messages where they are built and stand-ins everywhere."""
import contextlib
import importlib
from array import array
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace
from vla_core.conversion import (
    ConversionError,
    chunk_from_message,
    chunk_to_message,
    features_from_message,
    features_to_message,
    image_from_message,
    image_to_message,
    joint_order,
    pose_from_message,
    pose_to_message,
    reorder,
    space_from_message,
    space_to_message,
    time_from_message,
    time_to_message,
)


def stand_in_time():
    return SimpleNamespace(sec=0, nanosec=0)


def stand_in_chunk():
    return SimpleNamespace(
        header=SimpleNamespace(stamp=stand_in_time(), frame_id=''), space=SimpleNamespace(),
        inference_start=stand_in_time(), inference_end=stand_in_time())


def real_or(stand_in, module, name):
    """The stand-in, and the real message class beside it where it can be imported."""
    makers = [pytest.param(stand_in, id='stand-in')]
    with contextlib.suppress(ImportError):
        makers.append(pytest.param(getattr(importlib.import_module(module), name), id='real'))
    return makers


chunk_messages = pytest.mark.parametrize(
    'make', real_or(stand_in_chunk, 'vla_interfaces.msg', 'ActionChunk'))
image_messages = pytest.mark.parametrize(
    'make', real_or(SimpleNamespace, 'sensor_msgs.msg', 'Image'))
pose_messages = pytest.mark.parametrize('make', real_or(
    lambda: SimpleNamespace(position=SimpleNamespace(), orientation=SimpleNamespace()),
    'geometry_msgs.msg', 'Pose'))


def some_chunk(pair, data=None):
    space = ActionSpace.of_robot(pair, gripper='normalised_open', statistics_id='s1')
    if data is None:
        data = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    return ActionChunk(
        stamp_ns=1_700_000_000_123_456_789, frame_id='world', sequence=7, policy='mini',
        instruction='pick the cube', space=space, times_s=np.arange(5) * 0.02, data=data,
        prefix_length=2, inference_start_ns=5_000_000_001, inference_end_ns=6_000_000_002,
        uncertainty=np.full(5, 0.25, np.float32))


@chunk_messages
def test_a_chunk_round_trips(make, pair):
    chunk = some_chunk(pair)
    back = chunk_from_message(chunk_to_message(chunk, make())).validate()
    for field in ('stamp_ns', 'frame_id', 'sequence', 'policy', 'instruction', 'space',
                  'prefix_length', 'inference_start_ns', 'inference_end_ns'):
        assert getattr(back, field) == getattr(chunk, field)
    assert np.array_equal(back.data, chunk.data)
    assert np.array_equal(back.times_s, chunk.times_s)
    assert np.array_equal(back.uncertainty, chunk.uncertainty)


@chunk_messages
def test_reading_a_chunk_copies_nothing(make, pair):
    message = chunk_to_message(some_chunk(pair), make())
    assert isinstance(message.data, array)
    back = chunk_from_message(message)
    assert np.shares_memory(back.data, np.frombuffer(message.data, np.float32))
    assert np.shares_memory(back.times_s, np.frombuffer(message.times, np.float64))
    with pytest.raises(ValueError, match='read-only'):
        back.data[0, 0] = 1.0


@chunk_messages
def test_rows_of_any_layout_are_written_row_by_row(make, pair):
    wide = np.arange(60, dtype=np.float64).reshape(5, 12)[:, ::2]
    message = chunk_to_message(some_chunk(pair, wide), make())
    assert message.data.tolist() == wide.reshape(-1).tolist()


@chunk_messages
def test_lengths_that_contradict_each_other_are_named(make, pair):
    message = chunk_to_message(some_chunk(pair), make())
    message.steps = 4
    with pytest.raises(ConversionError, match='data: 30 numbers are not steps 4 × dimension 6'):
        chunk_from_message(message)


@chunk_messages
@pytest.mark.parametrize('space', [
    ActionSpace(kind='joint_delta', names=['a', 'b'], delta_reference='previous'),
    ActionSpace(kind='pose', names=['arm'], frame='base', rotation='rotation_6d',
                gripper='width'),
    ActionSpace(kind='twist', names=['l', 'r'], frame='base', gripper='joint'),
])
def test_a_space_round_trips_and_codes_agree_with_the_message(make, space):
    message = space_to_message(space, make().space)
    assert space_from_message(message) == space
    for field, prefix in (('kind', ''), ('delta_reference', 'REFERENCE_'),
                          ('gripper', 'GRIPPER_')):
        name = prefix + getattr(space, field).upper()
        if hasattr(message, name):
            assert getattr(message, name) == getattr(message, field)
    message.kind = 17
    with pytest.raises(ConversionError, match='action space: kind: unknown code 17'):
        space_from_message(message)
    message.kind = 0
    message.names = []
    with pytest.raises(ConversionError, match='action space: names'):
        space_from_message(message)


@given(st.integers(-2**31 * 10**9, 2**31 * 10**9 - 1))
def test_times_round_trip_to_the_nanosecond(nanoseconds):
    message = time_to_message(nanoseconds, stand_in_time())
    assert 0 <= message.nanosec < 10**9
    assert time_from_message(message) == nanoseconds


@image_messages
@pytest.mark.parametrize(('encoding', 'shape', 'dtype'), [
    ('rgb8', (4, 5, 3), 'uint8'), ('bgr8', (4, 5, 3), 'uint8'), ('mono8', (4, 5), 'uint8'),
    ('16UC1', (4, 5), 'uint16'), ('32FC1', (4, 5), 'float32'), ('rgba8', (4, 5, 4), 'uint8')])
def test_images_round_trip_without_a_copy_on_reading(make, encoding, shape, dtype):
    image = np.random.default_rng(0).integers(0, 255, shape).astype(dtype)
    message = image_to_message(image, encoding, make())
    assert isinstance(message.data, array)
    back = image_from_message(message)
    assert back.dtype == dtype
    assert np.array_equal(back, image)
    assert np.shares_memory(back, np.frombuffer(message.data, np.uint8))
    assert not back.flags.writeable


@image_messages
def test_filling_a_message_again_leaves_views_of_it_alone(make):
    first = np.full((2, 2, 3), 1, np.uint8)
    message = image_to_message(first, 'rgb8', make())
    view = image_from_message(message)
    image_to_message(np.full((4, 4), 9, np.uint8), 'mono8', message)
    assert np.array_equal(view, first)
    assert np.all(image_from_message(message) == 9)
    del view
    assert image_from_message(image_to_message(first, 'rgb8', message)).shape == (2, 2, 3)


def test_an_image_off_the_wire_is_read_in_place():
    serialization = pytest.importorskip('rclpy.serialization')
    Image = pytest.importorskip('sensor_msgs.msg').Image
    image = np.random.default_rng(0).integers(0, 255, (4, 5, 3), dtype=np.uint8)
    sent = image_to_message(image, 'rgb8', Image())
    received = serialization.deserialize_message(serialization.serialize_message(sent), Image)
    back = image_from_message(received)
    assert np.array_equal(back, image)
    assert np.shares_memory(back, np.frombuffer(received.data, np.uint8))


@given(arrays(np.uint16, (3, 4)), st.integers(0, 5), st.booleans())
def test_row_padding_and_byte_order_are_honoured(depth, padding, big):
    step = 8 + padding
    rows = np.zeros((3, step), np.uint8)
    rows[:, :8] = depth.astype('>u2' if big else '<u2').view(np.uint8).reshape(3, 8)
    message = SimpleNamespace(
        height=3, width=4, step=step, encoding='16UC1', is_bigendian=int(big),
        data=array('B', rows.tobytes()[:2 * step + 8]))
    assert np.array_equal(image_from_message(message), depth)


@pytest.mark.parametrize(('changes', 'text'), [
    ({'encoding': 'rgb9'}, "encoding 'rgb9' is not supported; did you mean 'rgb8'"),
    ({'step': 5}, 'step: 5 bytes are too few for 2 pixels of rgb8, which need 6'),
    ({'data': array('B', bytes(11))}, 'data: 11 bytes are too few for 2×2 rgb8'),
])
def test_an_image_that_contradicts_itself_is_named(changes, text):
    message = image_to_message(np.zeros((2, 2, 3), np.uint8), 'rgb8', SimpleNamespace())
    vars(message).update(changes)
    with pytest.raises(ConversionError, match=text):
        image_from_message(message)


def test_an_array_that_is_not_the_encoding_is_refused():
    with pytest.raises(ConversionError, match=r'rgb8 has shape \[h, w, 3\], not \(2, 2\)'):
        image_to_message(np.zeros((2, 2), np.uint8), 'rgb8', SimpleNamespace())
    with pytest.raises(ConversionError, match='32FC1 is made of float32, not float64'):
        image_to_message(np.zeros((2, 2)), '32FC1', SimpleNamespace())


@given(st.permutations(['a', 'b', 'c', 'd']), st.sets(st.sampled_from('abcd')))
def test_joints_are_found_by_name_in_any_order(names, wanted):
    wanted = sorted(wanted)
    values = np.array([[ord(name) for name in names], [-ord(name) for name in names]])
    picked = reorder(names, values, wanted)
    assert picked.tolist() == [[ord(name) for name in wanted], [-ord(name) for name in wanted]]


def test_missing_double_and_uncounted_joints_are_named():
    with pytest.raises(ConversionError, match="no joint 'elbo'; did you mean 'elbow'"):
        joint_order(['elbow', 'wrist'], ['wrist', 'elbo'])
    with pytest.raises(ConversionError, match="joint 'a' appears twice"):
        joint_order(['a', 'b', 'a'], ['a'])
    with pytest.raises(ConversionError, match=r'2 joint names, but values of shape \(3,\)'):
        reorder(['a', 'b'], [1, 2, 3], ['a'])


@pose_messages
def test_a_pose_round_trips(make):
    position, quaternion = pose_from_message(
        pose_to_message(np.float32([1, 2, 3]), [0, 0.6, 0, 0.8], make()))
    assert position.tolist() == [1, 2, 3]
    assert quaternion.tolist() == [0, 0.6, 0, 0.8]


def test_features_round_trip_and_lengths_that_contradict_are_named(pair):
    features = {'embedding': np.arange(4, dtype=np.float32),
                'samples': np.ones((2, 3, 1), np.float32)}
    message = features_to_message(replace(some_chunk(pair), features=features), stand_in_chunk())
    back = features_from_message(message)
    assert back.keys() == features.keys()
    assert all(np.array_equal(back[key], features[key]) for key in features)
    message.plans = 5
    with pytest.raises(ConversionError, match='plans 5'):
        features_from_message(message)
    assert features_from_message(features_to_message(some_chunk(pair), message)) == {}
