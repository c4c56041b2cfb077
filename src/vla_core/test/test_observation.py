"""Observations: the age of their streams, and the field that is wrong."""
import numpy as np
import pytest

from vla_core.observation import Observation, ObservationError


def test_streams_have_ages_and_a_skew():
    seen = Observation(stamp_ns=100, stream_stamps_ns={'front': 90, 'joints': 97})
    assert seen.skew_ns == 7
    assert seen.ages_ns(100) == {'front': 10, 'joints': 3}
    assert Observation(stamp_ns=0).validate().skew_ns == 0


@pytest.mark.parametrize(('changes', 'field'), [
    ({'images': {'front': np.zeros((4, 4), np.uint8)}}, 'images[front]'),
    ({'images': {'front': np.zeros((4, 4, 3), np.float32)}}, 'images[front]'),
    ({'images': {'front': np.zeros((0, 4, 3), np.uint8)}}, 'images[front]'),
    ({'state': np.zeros(2), 'state_names': ('a',)}, 'state'),
    ({'state': np.array([np.inf]), 'state_names': ('a',)}, 'state'),
])
def test_the_wrong_field_is_named(changes, field):
    with pytest.raises(ObservationError) as caught:
        Observation(stamp_ns=0, **changes).validate()
    assert caught.value.field == field
