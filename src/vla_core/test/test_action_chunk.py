"""A chunk is validated as a whole, and the field that is wrong is named."""
import dataclasses

import numpy as np
import pytest
from hypothesis import given, strategies as st

from vla_core.action_chunk import ActionChunk, ChunkError
from vla_core.action_space import ActionSpace

SPACE = ActionSpace(kind='joint_position', names=['a', 'b'], gripper='normalised_open')


def chunk(**changes) -> ActionChunk:
    whole = ActionChunk(
        stamp_ns=10**18 + 1, space=SPACE, times_s=np.arange(1, 5) * 0.05,
        data=np.zeros((4, 3), np.float32), inference_start_ns=5, inference_end_ns=9)
    return dataclasses.replace(whole, **changes)


def test_a_whole_chunk_passes_and_knows_its_times():
    whole = chunk().validate()
    assert whole.steps == 4
    assert whole.inference_ns == 4
    assert whole.stamps_ns.tolist() == [10**18 + 1 + 50_000_000 * k for k in range(1, 5)]


def with_nan(step, number):
    data = np.zeros((4, 3), np.float32)
    data[step, number] = np.nan
    return data


@pytest.mark.parametrize(('changes', 'field', 'text'), [
    ({'times_s': np.zeros(0), 'data': np.zeros((0, 3))}, 'times_s', 'H ≥ 1'),
    ({'times_s': np.zeros((2, 2))}, 'times_s', r'shape \(2, 2\)'),
    ({'times_s': np.array([0, 1, 1, 2.0])}, 'times_s', 'step 2 does not'),
    ({'times_s': np.array([0, 1, np.nan, 2.0])}, 'times_s', 'finite'),
    ({'data': np.zeros((4, 2))}, 'data', r'must have shape \(4, 3\), has \(4, 2\)'),
    ({'data': np.zeros(12)}, 'data', 'shape'),
    ({'data': np.zeros((4, 3), np.int64)}, 'data', 'float32 or float64'),
    ({'data': with_nan(2, 1)}, 'data', 'b at step 2 is nan'),
    ({'data': with_nan(3, 2)}, 'data', 'gripper at step 3 is nan'),
    ({'prefix_length': 5}, 'prefix_length', '0 to 4'),
    ({'prefix_length': -1}, 'prefix_length', '0 to 4'),
    ({'inference_end_ns': 1}, 'inference_end_ns', 'before'),
    ({'uncertainty': np.zeros(3)}, 'uncertainty', 'shape'),
    ({'uncertainty': np.array([0, 0, -1.0, 0])}, 'uncertainty', 'not negative'),
])
def test_the_wrong_field_is_named(changes, field, text):
    with pytest.raises(ChunkError, match=text) as caught:
        chunk(**changes).validate()
    assert caught.value.field == field


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=8), st.integers(0, 8))
def test_validation_passes_exactly_what_the_contract_says(times, prefix):
    times = np.array(times)
    candidate = chunk(times_s=times, data=np.zeros((len(times), 3)), prefix_length=prefix)
    allowed = bool(np.all(np.diff(times) > 0)) and prefix <= len(times)
    try:
        candidate.validate()
    except ChunkError:
        assert not allowed
    else:
        assert allowed
