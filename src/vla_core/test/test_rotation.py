"""Rotations against SciPy, at half turns and in batches of any shape."""
import numpy as np
import pytest
from hypothesis import assume, given, strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.spatial.transform import Rotation, Slerp

from vla_core.rotation import (
    IDENTITY,
    angle_between,
    matrix_to_quaternion,
    matrix_to_rotation_6d,
    normalise,
    quaternion_inverse,
    quaternion_multiply,
    quaternion_rotate,
    quaternion_to_matrix,
    quaternion_to_rotation_vector,
    quaternion_to_rpy,
    rotation_6d_to_matrix,
    rotation_vector_to_quaternion,
    rpy_to_quaternion,
    shortest,
    slerp,
)

components = st.floats(-1, 1, allow_subnormal=False)


@st.composite
def quaternions(draw, shape=None):
    shape = draw(array_shapes(max_dims=3, max_side=3)) if shape is None else shape
    raw = draw(arrays(np.float64, (*shape, 4), elements=components))
    norm = np.linalg.norm(raw, axis=-1, keepdims=True)
    assume(np.all(norm > 1e-3))
    return raw / norm


def flat(q):
    return Rotation.from_quat(q.reshape(-1, 4))


@given(quaternions())
def test_forms_agree_with_scipy_for_any_batch_shape(q):
    batch = q.shape[:-1]
    reference = flat(q)
    assert np.allclose(
        quaternion_to_matrix(q), reference.as_matrix().reshape(*batch, 3, 3), atol=1e-12)
    vectors = quaternion_to_rotation_vector(q)
    assert np.allclose(
        flat(rotation_vector_to_quaternion(vectors)).as_matrix(), reference.as_matrix(), atol=1e-9)
    assert np.all(np.linalg.norm(vectors, axis=-1) <= np.pi + 1e-12)


@given(quaternions())
def test_every_form_gives_the_same_rotation_back(q):
    matrix = quaternion_to_matrix(q)
    for back in (
        matrix_to_quaternion(matrix),
        matrix_to_quaternion(rotation_6d_to_matrix(matrix_to_rotation_6d(matrix))),
        rotation_vector_to_quaternion(quaternion_to_rotation_vector(q)),
        rpy_to_quaternion(quaternion_to_rpy(q)),
    ):
        assert back.shape == q.shape
        # A pitch of exactly ±π/2 is resolved to 1e-7 rad, everything else to rounding.
        assert np.all(angle_between(back, q) < 1e-6)


def test_random_rotations_agree_with_scipy_to_rounding():
    reference = Rotation.random(2000, random_state=1)
    q = reference.as_quat()
    assert np.allclose(quaternion_to_rotation_vector(q), reference.as_rotvec(), atol=1e-13)
    assert np.allclose(quaternion_to_rpy(q), reference.as_euler('xyz'), atol=1e-10)
    assert np.max(angle_between(matrix_to_quaternion(reference.as_matrix()), q)) < 1e-14
    assert np.max(angle_between(rpy_to_quaternion(reference.as_euler('xyz')), q)) < 1e-14


@given(quaternions((2,)), arrays(np.float64, 3, elements=components))
def test_product_inverse_and_rotation_agree_with_scipy(pair, vector):
    a, b = pair
    first, second = Rotation.from_quat(a), Rotation.from_quat(b)
    product = quaternion_multiply(a, b)
    assert np.allclose(
        quaternion_to_matrix(product), (first * second).as_matrix(), atol=1e-12)
    assert np.allclose(quaternion_multiply(a, quaternion_inverse(a)), IDENTITY, atol=1e-12)
    assert np.allclose(quaternion_rotate(a, vector), first.apply(vector), atol=1e-12)
    assert np.isclose(angle_between(a, b), (first.inv() * second).magnitude(), atol=1e-7)


@given(
    arrays(np.float64, 3, elements=components),
    st.floats(-1e-6, 1e-6) | st.sampled_from([0.0, -1e-15, 1e-15]))
def test_rotation_vectors_survive_half_turns(axis, offset):
    assume(np.linalg.norm(axis) > 1e-2)
    vector = axis / np.linalg.norm(axis) * (np.pi + offset)
    q = rotation_vector_to_quaternion(vector)
    back = rotation_vector_to_quaternion(quaternion_to_rotation_vector(q))
    assert angle_between(back, q) < 1e-12
    assert angle_between(matrix_to_quaternion(quaternion_to_matrix(q)), q) < 1e-12


@given(arrays(np.float64, 3, elements=st.floats(-1e-8, 1e-8, allow_subnormal=False)))
def test_tiny_rotation_vectors_keep_their_digits(vector):
    back = quaternion_to_rotation_vector(rotation_vector_to_quaternion(vector))
    assert np.allclose(back, vector, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize('pitch', [np.pi / 2, -np.pi / 2, np.pi / 2 - 1e-8, 1.0])
def test_roll_pitch_yaw_at_the_singularity(pitch):
    q = rpy_to_quaternion([0.3, pitch, 0.5])
    rpy = quaternion_to_rpy(q)
    assert angle_between(rpy_to_quaternion(rpy), q) < 1e-7
    assert rpy[1] == pytest.approx(pitch, abs=1e-7)


@given(quaternions((2,)), st.floats(0, 1))
def test_slerp_takes_the_shortest_arc_at_constant_speed(pair, t):
    a, b = pair
    total = angle_between(a, b)
    assume(total < np.pi - 1e-3)
    middle = slerp(a, b, t)
    assert np.linalg.norm(middle) == pytest.approx(1)
    assert angle_between(a, middle) == pytest.approx(t * total, abs=1e-6)
    assert np.allclose(middle, slerp(a, -b, t))
    reference = Slerp([0, 1], Rotation.from_quat([a, b]))(t).as_quat()
    assert angle_between(middle, reference) < 1e-6


def test_slerp_broadcasts_times_over_a_batch():
    a = Rotation.random(5, random_state=2).as_quat()
    b = Rotation.random(5, random_state=3).as_quat()
    assert slerp(a, b, 0.5).shape == (5, 4)
    path = slerp(a[0], b[0], np.linspace(0, 1, 7))
    assert path.shape == (7, 4)
    assert angle_between(path[0], a[0]) < 1e-9
    assert angle_between(path[-1], b[0]) < 1e-9


@given(quaternions((2,)))
def test_shortest_is_the_same_rotation_on_the_near_side(pair):
    q, reference = pair
    near = shortest(q, reference)
    assert np.dot(near, reference) >= 0
    assert np.array_equal(np.abs(near), np.abs(q))


def test_what_is_no_rotation_is_refused():
    with pytest.raises(ValueError, match='zero or non-finite'):
        normalise([0, 0, 0, 0])
    with pytest.raises(ValueError, match='zero or non-finite'):
        normalise([0, 0, np.nan, 1])
    with pytest.raises(ValueError, match='not parallel'):
        rotation_6d_to_matrix([1, 0, 0, 2, 0, 0])
    with pytest.raises(ValueError, match='not parallel'):
        rotation_6d_to_matrix(np.zeros(6))
    with pytest.raises(ValueError, match=r'shape \(\.\.\., 4\), not \(3,\)'):
        quaternion_to_matrix([0, 0, 1])
    with pytest.raises(ValueError, match=r'\(\.\.\., 3, 3\)'):
        matrix_to_quaternion(np.eye(4))
    with pytest.raises(ValueError, match='read-only'):
        IDENTITY[0] = 1
