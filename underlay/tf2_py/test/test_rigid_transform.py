"""Composition and interpolation agree with SciPy."""
import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.spatial.transform import Rotation, Slerp
from tf2_py.rigid_transform import IDENTITY, compose, interpolate, invert

SEEDS = st.integers(0, 2**32 - 1)


def random_transform(generator):
    quaternion = Rotation.random(random_state=int(generator.integers(2**31))).as_quat()
    return tuple(generator.normal(size=3)) + tuple(quaternion)


def matrix(transform):
    result = np.eye(4)
    result[:3, :3] = Rotation.from_quat(transform[3:]).as_matrix()
    result[:3, 3] = transform[:3]
    return result


@given(SEEDS)
def test_composition_is_the_product_of_the_matrices(seed):
    generator = np.random.default_rng(seed)
    a, b = random_transform(generator), random_transform(generator)
    np.testing.assert_allclose(matrix(compose(a, b)), matrix(a) @ matrix(b), atol=1e-12)


@given(SEEDS)
def test_inverse_undoes(seed):
    a = random_transform(np.random.default_rng(seed))
    np.testing.assert_allclose(compose(a, invert(a)), IDENTITY, atol=1e-12)
    np.testing.assert_allclose(matrix(invert(a)), np.linalg.inv(matrix(a)), atol=1e-12)


@given(SEEDS, st.floats(0.0, 1.0), st.booleans())
def test_interpolation_is_linear_and_slerp_whatever_the_sign(seed, ratio, flip):
    generator = np.random.default_rng(seed)
    a, b = random_transform(generator), random_transform(generator)
    expected = Slerp([0, 1], Rotation.from_quat([a[3:], b[3:]]))(ratio).as_matrix()
    if flip:
        b = b[:3] + tuple(-value for value in b[3:])
    found = matrix(interpolate(a, b, ratio))
    np.testing.assert_allclose(found[:3, :3], expected, atol=1e-9)
    np.testing.assert_allclose(
        found[:3, 3], (1 - ratio) * np.array(a[:3]) + ratio * np.array(b[:3]), atol=1e-12)


@pytest.mark.parametrize('angle', [0.0, 1e-9, 1e-7, 1e-5])
def test_interpolation_between_near_rotations_stays_on_the_sphere(angle):
    b = (0.0, 0.0, 0.0, np.sin(angle / 2), 0.0, 0.0, np.cos(angle / 2))
    quaternion = interpolate(IDENTITY, b, 0.25)[3:]
    assert np.linalg.norm(quaternion) == pytest.approx(1.0, abs=1e-15)
    assert 2 * np.arcsin(quaternion[0]) == pytest.approx(angle / 4, abs=1e-12)
