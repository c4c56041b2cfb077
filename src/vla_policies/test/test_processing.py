"""Normalisation and anchoring can be undone, and say which statistics are wrong."""
import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays
from mini_folder import CONTRACT

from vla_policies.policy import PolicyError
from vla_policies.processing.anchoring import Anchor
from vla_policies.processing.normalisation import KEYS, Normaliser

NUMBERS = st.floats(-100, 100, width=32)


@pytest.mark.parametrize('method', KEYS)
@given(data=st.data())
def test_normalisation_can_be_undone(method, data):
    first = data.draw(arrays.arrays(np.float64, (5,), elements=NUMBERS))
    spread = data.draw(arrays.arrays(np.float64, (5,), elements=st.floats(0, 50)))
    second = spread if method == 'mean_std' else first + spread
    mask = data.draw(arrays.arrays(bool, (5,)))
    normaliser = Normaliser(method, dict(zip(KEYS[method], (first, second))), (5,), mask)
    values = data.draw(arrays.arrays(np.float32, (3, 5), elements=NUMBERS))
    back = normaliser.denormalise(normaliser.normalise(values))
    assert np.allclose(back, values, rtol=1e-4, atol=1e-3)
    assert np.array_equal(normaliser.normalise(values)[:, ~mask], values[:, ~mask])


def test_quantiles_become_minus_one_and_one():
    normaliser = Normaliser('quantile', {'q01': np.array([2.0]), 'q99': np.array([4.0])}, (1,))
    assert normaliser.normalise(np.array([2.0, 3.0, 4.0])[:, None]).ravel().tolist() == [-1, 0, 1]


@pytest.mark.parametrize('statistics, message', [
    ({'mean': [0.0]}, 'std: is missing'),
    ({'mean': [0.0, 1.0], 'std': [1.0]}, 'mean: must have shape'),
    ({'mean': [float('nan')], 'std': [1.0]}, 'mean: is not finite'),
    ({'mean': [0.0], 'std': [-1.0]}, 'std: a spread is negative')])
def test_wrong_statistics_are_named(statistics, message):
    with pytest.raises(PolicyError, match=message):
        Normaliser('mean_std', statistics, (1,))


def test_positions_are_told_from_where_the_hand_is_and_nothing_else():
    anchor = Anchor(CONTRACT)
    random = np.random.default_rng(1)
    actions = random.normal(size=(4, 16, 10)).astype(np.float32)
    state = random.normal(size=(4, 10)).astype(np.float32)
    relative = anchor.relative(actions, state)
    assert np.allclose(relative[..., :3], actions[..., :3] - state[:, None, :3])
    assert np.array_equal(relative[..., 3:], actions[..., 3:])
    assert np.allclose(anchor.absolute(relative, state), actions, atol=1e-6)
