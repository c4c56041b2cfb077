"""The functions agree with SciPy, with transforms3d and with one another."""
import numpy as np
import pytest
import tf_transformations as tf
import transforms3d
from hypothesis import given, strategies as st
from scipy.spatial.transform import Rotation, Slerp

ANGLES = st.floats(-3.1, 3.1)
SEEDS = st.integers(0, 2**32 - 1)
# How SciPy calls the axes: capital letters turn with the body.
AXES = {'sxyz': 'xyz', 'rxyz': 'XYZ', 'szyx': 'zyx', 'rzyx': 'ZYX', 'szxz': 'zxz', 'rzyz': 'ZYZ'}


@pytest.fixture
def generator():
    return np.random.default_rng(7)


def rotation_of(generator):
    return Rotation.random(random_state=int(generator.integers(2**31)))


@pytest.mark.parametrize('axes', AXES)
@given(a=ANGLES, b=ANGLES, c=ANGLES)
def test_euler_angles_are_those_of_scipy(axes, a, b, c):
    expected = Rotation.from_euler(AXES[axes], [a, b, c])
    np.testing.assert_allclose(tf.euler_matrix(a, b, c, axes)[:3, :3], expected.as_matrix(),
                               atol=1e-12)
    quaternion = tf.quaternion_from_euler(a, b, c, axes)
    np.testing.assert_allclose(tf.quaternion_matrix(quaternion)[:3, :3], expected.as_matrix(),
                               atol=1e-12)
    back = tf.euler_from_quaternion(quaternion, axes)
    np.testing.assert_allclose(tf.euler_matrix(*back, axes)[:3, :3], expected.as_matrix(),
                               atol=1e-7)


@given(SEEDS)
def test_quaternions_are_those_of_scipy(seed):
    generator = np.random.default_rng(seed)
    a, b = rotation_of(generator), rotation_of(generator)
    np.testing.assert_allclose(
        Rotation.from_quat(tf.quaternion_multiply(a.as_quat(), b.as_quat())).as_matrix(),
        (a * b).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(
        tf.quaternion_from_matrix(tf.quaternion_matrix(a.as_quat())),
        a.as_quat(canonical=True), atol=1e-7)
    np.testing.assert_allclose(
        tf.quaternion_multiply(3 * a.as_quat(), tf.quaternion_inverse(3 * a.as_quat())),
        [0, 0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(tf.quaternion_conjugate(a.as_quat()),
                               a.as_quat() * [-1, -1, -1, 1])
    vector = a.as_rotvec()
    np.testing.assert_allclose(
        tf.quaternion_matrix(tf.quaternion_about_axis(np.linalg.norm(vector), vector))[:3, :3],
        a.as_matrix(), atol=1e-12)


@given(SEEDS, st.floats(0, 1))
def test_slerp_is_that_of_scipy(seed, fraction):
    generator = np.random.default_rng(seed)
    a, b = rotation_of(generator), rotation_of(generator)
    expected = Slerp([0, 1], Rotation.concatenate([a, b]))(fraction).as_matrix()
    found = tf.quaternion_slerp(a.as_quat(), -b.as_quat(), fraction)
    np.testing.assert_allclose(Rotation.from_quat(found).as_matrix(), expected, atol=1e-7)


def test_slerp_ends_and_the_long_way():
    start, end = [0, 0, 0, 1], tf.quaternion_about_axis(1.0, [1, 0, 0])
    np.testing.assert_array_equal(tf.quaternion_slerp(start, end, 0), start)
    np.testing.assert_allclose(tf.quaternion_slerp(start, end, 1), end)
    np.testing.assert_array_equal(tf.quaternion_slerp(start, start, 0.5), start)
    long_way = tf.quaternion_slerp(start, -np.array(end), 0.5, shortestpath=False)
    assert tf.euler_from_quaternion(long_way)[0] == pytest.approx(0.5 - np.pi)


def test_random_rotations_are_unit_and_even(generator):
    quaternions = np.array([tf.random_quaternion(generator.random(3)) for _ in range(4000)])
    np.testing.assert_allclose(np.linalg.norm(quaternions, axis=1), 1.0)
    np.testing.assert_allclose(quaternions.T @ quaternions / 4000, np.eye(4) / 4, atol=0.02)
    assert np.linalg.det(tf.random_rotation_matrix()) == pytest.approx(1.0)


@pytest.mark.parametrize('make, take', [
    (tf.reflection_matrix, tf.reflection_from_matrix),
    (lambda a, b: tf.rotation_matrix(0.7, a, b), tf.rotation_from_matrix),
    (lambda a, b: tf.scale_matrix(1.7, a), tf.scale_from_matrix),
    (lambda a, b: tf.scale_matrix(-0.3, a, b), tf.scale_from_matrix),
    (lambda a, b: tf.shear_matrix(0.4, a, b, np.cross(a, b)), tf.shear_from_matrix),
])
def test_what_a_matrix_is_made_of_makes_it_again(generator, make, take):
    matrix = make(generator.normal(size=3), generator.normal(size=3))
    again = {tf.reflection_from_matrix: tf.reflection_matrix,
             tf.rotation_from_matrix: tf.rotation_matrix,
             tf.scale_from_matrix: tf.scale_matrix,
             tf.shear_from_matrix: tf.shear_matrix}[take](*take(matrix))
    assert tf.is_same_transform(matrix, again)


def test_composition_and_back(generator):
    scale, shear, translate = generator.random((3, 3)) + 0.5
    angles = (0.1, -0.2, 0.3)
    matrix = tf.compose_matrix(scale, shear, angles, translate)
    np.testing.assert_allclose(matrix, transforms3d.affines.compose(
        translate, Rotation.from_euler('xyz', angles).as_matrix(), scale, shear))
    for found, expected in zip(tf.decompose_matrix(matrix), (scale, shear, angles, translate)):
        np.testing.assert_allclose(found, expected)
    assert tf.is_same_transform(tf.compose_matrix(*tf.decompose_matrix(matrix)), matrix)
    with pytest.raises(ValueError, match='perspective'):
        tf.compose_matrix(perspective=[1, 2, 3, 4])


def test_translation_inverse_and_product(generator):
    a = tf.compose_matrix(translate=generator.normal(size=3), angles=(1, 2, 3))
    b = tf.translation_matrix([1, 2, 3])
    np.testing.assert_array_equal(tf.translation_from_matrix(b), [1, 2, 3])
    np.testing.assert_allclose(tf.concatenate_matrices(a, b, tf.inverse_matrix(a @ b)),
                               tf.identity_matrix(), atol=1e-12)
    assert tf.is_same_transform(a, 3 * a) and not tf.is_same_transform(a, b)


@pytest.mark.parametrize('keywords', [
    {}, {'direction': [1, 2, 3]}, {'perspective': [4, -5, 6]},
    {'perspective': [4, -5, 6], 'pseudo': True}])
def test_projections_hit_the_plane_and_are_taken_apart(generator, keywords):
    point, normal = generator.normal(size=3), generator.normal(size=3)
    matrix = tf.projection_matrix(point, normal, **keywords)
    found = matrix @ np.append(generator.normal(size=3), 1.0)
    if not keywords.get('pseudo'):
        assert (found[:3] / found[3] - point) @ normal == pytest.approx(0.0, abs=1e-12)
    taken = tf.projection_from_matrix(2.5 * matrix, keywords.get('pseudo', False))
    assert tf.is_same_transform(tf.projection_matrix(*taken), matrix)


def test_pseudo_perspective_followed_by_orthogonal_is_perspective(generator):
    point, normal, eye = generator.normal(size=(3, 3))
    whole = tf.projection_matrix(point, normal, perspective=eye)
    pseudo = tf.projection_matrix(point, normal, perspective=eye, pseudo=True)
    assert tf.is_same_transform(tf.projection_matrix(point, normal) @ pseudo, whole)


@pytest.mark.parametrize('perspective', [False, True])
def test_view_volumes_become_the_cube(perspective):
    matrix = tf.clip_matrix(1, 2, 3, 5, 2, 8, perspective)
    near, far = ((1, 3, 2), (2, 5, 8)) if not perspective else ((1, 3, 2), (8, 20, 8))
    for corner, expected in ((near, [-1, -1, -1]), (far, [1, 1, 1])):
        found = matrix @ [*corner, 1]
        np.testing.assert_allclose(found[:3] / found[3], expected)
    with pytest.raises(ValueError, match='less than'):
        tf.clip_matrix(2, 1, 3, 5, 2, 8)
    with pytest.raises(ValueError, match='near is 0'):
        tf.clip_matrix(1, 2, 3, 5, 0, 8, True)


def test_crystal_cells_have_their_lengths_and_angles():
    matrix = tf.orthogonalization_matrix([9.8, 12.0, 15.5], [87.2, 80.7, 69.7])[:3, :3]
    lengths = np.linalg.norm(matrix, axis=0)
    np.testing.assert_allclose(lengths, [9.8, 12.0, 15.5])
    cosines = (matrix.T @ matrix) / np.outer(lengths, lengths)
    np.testing.assert_allclose(
        np.degrees(np.arccos([cosines[1, 2], cosines[0, 2], cosines[0, 1]])), [87.2, 80.7, 69.7])


@pytest.mark.parametrize('usesvd', [True, False])
@pytest.mark.parametrize('scaling', [True, False])
def test_superimposed_points_meet(generator, usesvd, scaling):
    points = generator.normal(size=(3, 10))
    truth = tf.compose_matrix(angles=(0.3, 1.2, -2.0), translate=[1, 2, 3],
                              scale=np.full(3, 2.5 if scaling else 1.0))
    moved = truth[:3, :3] @ points + truth[:3, 3:]
    found = tf.superimposition_matrix(points, moved, scaling=scaling, usesvd=usesvd)
    np.testing.assert_allclose(found, truth, atol=1e-9)
    aligned = Rotation.align_vectors(moved.T - moved.mean(axis=1), points.T - points.mean(axis=1))
    np.testing.assert_allclose(
        found[:3, :3] / (2.5 if scaling else 1.0), aligned[0].as_matrix(), atol=1e-7)
    with pytest.raises(ValueError, match='the same points'):
        tf.superimposition_matrix(points, moved[:, :5])


def test_vectors(generator):
    data = generator.normal(size=(5, 3))
    np.testing.assert_allclose(tf.vector_norm(data, axis=1), np.linalg.norm(data, axis=1))
    assert tf.vector_norm([3, 4]) == 5.0
    out = np.empty(5)
    assert tf.vector_norm(data, axis=1, out=out) is None
    np.testing.assert_allclose(out, np.linalg.norm(data, axis=1))
    np.testing.assert_allclose(np.linalg.norm(tf.unit_vector(data, axis=0), axis=0), 1.0)
    assert tf.unit_vector(data, axis=1, out=data) is None
    np.testing.assert_allclose(np.linalg.norm(data, axis=1), 1.0)
    assert tf.random_vector(7).shape == (7,)


def test_arcball_turns_with_the_pointer():
    ball = tf.Arcball()
    ball.place([100, 100], 100)
    ball.down([100, 100])
    ball.drag([150, 100])
    # The arc of 30° on the ball turns it by twice that, about y.
    np.testing.assert_allclose(tf.euler_from_matrix(ball.matrix()), [0, np.pi / 3, 0], atol=1e-12)
    ball.next()
    np.testing.assert_allclose(tf.rotation_from_matrix(ball.matrix())[0], 2 * np.pi / 3)


def test_arcball_keeps_to_its_axes():
    ball = tf.Arcball(tf.identity_matrix())
    ball.place([0, 0], 1)
    ball.setaxes([1, 0, 0], [0, 1, 0])
    ball.setconstrain(True)
    assert ball.getconstrain()
    ball.down([0.1, 0.5])
    ball.drag([0.3, 0.2])
    _, axis, _ = tf.rotation_from_matrix(ball.matrix())
    np.testing.assert_allclose(np.abs(axis), [1, 0, 0], atol=1e-9)
    with pytest.raises(ValueError, match='neither'):
        tf.Arcball([1, 2, 3])
