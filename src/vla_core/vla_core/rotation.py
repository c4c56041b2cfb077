"""
Rotations as NumPy arrays.

A quaternion is ``[x, y, z, w]`` (the order of ROS messages and SciPy), unit length, float64.
Every function takes batches: leading axes are free and broadcast, the last axis (the last two for
a matrix) holds the rotation. ``R(q)`` turns a vector of the rotated frame into the fixed one.

Roll, pitch and yaw are fixed-axis angles about x, y and z as in URDF: ``R = Rz(y) Ry(p) Rx(r)``.
The 6-D form is the first two columns of the matrix, one after the other (Zhou et al., "On the
Continuity of Rotation Representations in Neural Networks", CVPR 2019, equation 15).
"""
import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

__all__ = [
    'IDENTITY', 'angle_between', 'from_quaternion', 'matrix_to_quaternion', 'matrix_to_rotation_6d',
    'normalise',
    'quaternion_inverse', 'quaternion_multiply', 'quaternion_rotate', 'quaternion_to_matrix',
    'quaternion_to_rotation_vector', 'quaternion_to_rpy', 'rotation_6d_to_matrix',
    'rotation_vector_to_quaternion', 'rpy_to_quaternion', 'shortest', 'slerp', 'to_quaternion',
]

#: The quaternion that turns nothing, read-only.
IDENTITY: Array = np.array([0.0, 0.0, 0.0, 1.0])
IDENTITY.flags.writeable = False

_SMALL = 1e-9

_NEXT, _LAST = [1, 2, 0], [2, 0, 1]

# One product of small matrices costs a tenth of two dozen products of their elements.
# q a = L(q) a with L(q)[i, j] = sign[i, j] q[place[i, j]]:
_LEFT_PLACES = np.array([[3, 2, 1, 0], [2, 3, 0, 1], [1, 0, 3, 2], [0, 1, 2, 3]])
_LEFT_SIGNS = np.array([[1.0, -1, 1, 1], [1, 1, -1, 1], [-1, 1, 1, 1], [-1, -1, -1, 1]])


def _matrix_of_products() -> Array:
    """M [9, 16] with R(q) = I + M · vec(q qᵀ), row by row."""
    m = np.zeros((3, 3, 4, 4))
    x, y, z, w = range(4)
    for row, (a, b) in enumerate(((y, z), (x, z), (x, y))):
        m[row, row, a, a] = m[row, row, b, b] = -2.0
    for row, column, a, b, c, sign in (
            (0, 1, x, y, z, -1), (0, 2, x, z, y, 1), (1, 2, y, z, x, -1)):
        m[row, column, a, b] = m[column, row, a, b] = 2.0
        m[row, column, w, c], m[column, row, w, c] = 2.0 * sign, -2.0 * sign
    return m.reshape(9, 16)


def _outer_of_matrix() -> Array:
    """M [16, 9] with 4 q qᵀ = I + M · vec(R(q))."""
    m = np.zeros((4, 4, 3, 3))
    for i in range(4):
        for k in range(3):
            m[i, i, k, k] = 1.0 if i in (k, 3) else -1.0
    for i, j in ((0, 1), (0, 2), (1, 2)):
        m[i, j, i, j] = m[i, j, j, i] = m[j, i, i, j] = m[j, i, j, i] = 1.0
    for i, (a, b) in enumerate(((2, 1), (0, 2), (1, 0))):
        m[i, 3, a, b] = m[3, i, a, b] = 1.0
        m[i, 3, b, a] = m[3, i, b, a] = -1.0
    return m.reshape(16, 9)


_OF_PRODUCTS, _TO_OUTER = _matrix_of_products(), _outer_of_matrix()


def normalise(q: ArrayLike) -> Array:
    """Scale quaternions (..., 4) to unit length; ValueError when one is zero or not finite."""
    q = _last_axis(q, 4, 'quaternion')
    norm = np.linalg.norm(q, axis=-1, keepdims=True)
    if not np.all(np.isfinite(norm) & (norm > _SMALL)):
        raise ValueError('a quaternion of zero or non-finite length has no direction')
    return q / norm


def quaternion_multiply(a: ArrayLike, b: ArrayLike) -> Array:
    """Hamilton product (..., 4): first ``b``, then ``a``, so that R(ab) = R(a) R(b)."""
    a, b = _last_axis(a, 4, 'quaternion'), _last_axis(b, 4, 'quaternion')
    return (a[..., _LEFT_PLACES] * _LEFT_SIGNS @ b[..., None])[..., 0]


def quaternion_inverse(q: ArrayLike) -> Array:
    """Conjugate (..., 4), which is the inverse of a unit quaternion."""
    return _last_axis(q, 4, 'quaternion') * np.array([-1.0, -1.0, -1.0, 1.0])


def quaternion_rotate(q: ArrayLike, vector: ArrayLike) -> Array:
    """Turn vectors (..., 3) by quaternions (..., 4): v + 2 w (u × v) + 2 u × (u × v)."""
    q, vector = _last_axis(q, 4, 'quaternion'), _last_axis(vector, 3, 'vector')
    u, w = q[..., :3], q[..., 3:]
    t = 2.0 * np.cross(u, vector)
    return vector + w * t + np.cross(u, t)


def quaternion_to_matrix(q: ArrayLike) -> Array:
    """Rotation matrices (..., 3, 3) of quaternions (..., 4)."""
    q = _last_axis(q, 4, 'quaternion')
    products = (q[..., :, None] * q[..., None, :]).reshape(*q.shape[:-1], 16, 1)
    return np.eye(3) + (_OF_PRODUCTS @ products).reshape(*q.shape[:-1], 3, 3)


def matrix_to_quaternion(matrix: ArrayLike) -> Array:
    """
    Quaternions (..., 4) with w ≥ 0 of rotation matrices (..., 3, 3).

    The matrix gives 4 q qᵀ; its row with the largest diagonal, normalised, is q. No branch is
    ill-conditioned, half turns included (Shepperd, "Quaternion from rotation matrix", 1978).
    """
    m = np.asarray(matrix, dtype=np.float64)
    if m.shape[-2:] != (3, 3):
        raise ValueError(f'a rotation matrix has shape (..., 3, 3), not {m.shape}')
    outer = (_TO_OUTER @ m.reshape(-1, 9, 1)).reshape(-1, 4, 4) + np.eye(4)
    largest = outer[:, range(4), range(4)].argmax(axis=-1)
    q = outer[np.arange(len(outer)), largest].reshape(*m.shape[:-2], 4)
    q = q / _length(q)
    return np.where(q[..., 3:] < 0, -q, q)


def rotation_vector_to_quaternion(vector: ArrayLike) -> Array:
    """Quaternions (..., 4) of rotation vectors (..., 3): axis times angle in rad."""
    vector = _last_axis(vector, 3, 'rotation vector')
    half = 0.5 * _length(vector)
    # sin(a/2)/a is 1/2 to the last digit where a² is nothing beside 1.
    share = np.where(half > _SMALL, 0.5 * np.sin(half) / np.maximum(half, _SMALL), 0.5)
    return np.concatenate([vector * share, np.cos(half)], axis=-1)


def quaternion_to_rotation_vector(q: ArrayLike) -> Array:
    """Rotation vectors (..., 3) of quaternions (..., 4), the short way round: length ≤ π rad."""
    q = _last_axis(q, 4, 'quaternion')
    q = np.where(q[..., 3:] < 0, -q, q)
    sine = _length(q[..., :3])
    angle = 2.0 * np.arctan2(sine, q[..., 3:])
    small = sine < _SMALL
    return q[..., :3] * np.where(small, 2.0, angle / np.where(small, 1.0, sine))


def rpy_to_quaternion(rpy: ArrayLike) -> Array:
    """Quaternions (..., 4) of roll, pitch, yaw (..., 3) in rad about the fixed axes x, y, z."""
    half = 0.5 * _last_axis(rpy, 3, 'roll-pitch-yaw')
    (sr, sp, sy), (cr, cp, cy) = np.moveaxis(np.sin(half), -1, 0), np.moveaxis(np.cos(half), -1, 0)
    return np.stack([
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    ], axis=-1)


def quaternion_to_rpy(q: ArrayLike) -> Array:
    """
    Roll, pitch and yaw (..., 3) in rad of quaternions (..., 4).

    Roll and yaw lie in (−π, π], pitch in [−π/2, π/2]. At pitch ±π/2 only their combination is
    determined; the whole turn is then given to yaw and roll is 0.
    """
    x, y, z, w = _components(_last_axis(q, 4, 'quaternion'))
    # cos and sin of half the angle between the fixed x and z turns, by the two pitch branches.
    # Atan2 of both keeps full precision where arcsin of the matrix entry would lose it.
    a, b, c, d = w - y, x + z, y + w, z - x
    pitch = 2.0 * np.arctan2(np.hypot(c, d), np.hypot(a, b)) - np.pi / 2
    plus, minus = np.arctan2(b, a), np.arctan2(d, c)
    up, down = np.hypot(a, b) < 1e-7, np.hypot(c, d) < 1e-7
    roll = np.where(up | down, 0.0, plus - minus)
    yaw = np.where(up, 2.0 * minus, np.where(down, 2.0 * plus, plus + minus))
    return np.stack([_wrap(roll), pitch, _wrap(yaw)], axis=-1)


def rotation_6d_to_matrix(columns: ArrayLike) -> Array:
    """
    Rotation matrices (..., 3, 3) of 6-D rotations (..., 6), by Gram–Schmidt.

    ValueError when the two columns are parallel, zero or not finite.
    """
    columns = _last_axis(columns, 6, '6-D rotation')
    first, second = columns[..., :3], columns[..., 3:]
    with np.errstate(invalid='ignore', divide='ignore'):
        x = first / _length(first)
        y = second - (x * second).sum(axis=-1, keepdims=True) * x
        norm = _length(y)
    if not (norm > _SMALL * _length(second)).all():
        raise ValueError('the two columns of a 6-D rotation must be finite and not parallel')
    y = y / norm
    z = x[..., _NEXT] * y[..., _LAST] - x[..., _LAST] * y[..., _NEXT]
    return np.stack([x, y, z], axis=-1)


def matrix_to_rotation_6d(matrix: ArrayLike) -> Array:
    """6-D rotations (..., 6), the first two columns of matrices (..., 3, 3)."""
    m = np.asarray(matrix, dtype=np.float64)
    if m.shape[-2:] != (3, 3):
        raise ValueError(f'a rotation matrix has shape (..., 3, 3), not {m.shape}')
    return np.concatenate([m[..., :, 0], m[..., :, 1]], axis=-1)


_TO_QUATERNION = {
    'quaternion_xyzw': normalise,
    'rotation_vector': rotation_vector_to_quaternion,
    'rpy': rpy_to_quaternion,
    'rotation_6d': lambda columns: matrix_to_quaternion(rotation_6d_to_matrix(columns)),
}
_FROM_QUATERNION = {
    'quaternion_xyzw': lambda q: q,
    'rotation_vector': quaternion_to_rotation_vector,
    'rpy': quaternion_to_rpy,
    'rotation_6d': lambda q: matrix_to_rotation_6d(quaternion_to_matrix(q)),
}


def to_quaternion(form: str, numbers: ArrayLike) -> Array:
    """
    Quaternions (..., 4) of rotations in ``form``, one of an ActionSpace's forms.

    ValueError for numbers that are no rotation.
    """
    return _TO_QUATERNION[form](numbers)


def from_quaternion(form: str, q: ArrayLike) -> Array:
    """The numbers (..., k) of ``form`` for quaternions (..., 4)."""
    return _FROM_QUATERNION[form](q)


def shortest(q: ArrayLike, reference: ArrayLike) -> Array:
    """The one of q and −q (..., 4), the same rotation, that lies nearer to ``reference``."""
    q, reference = _last_axis(q, 4, 'quaternion'), _last_axis(reference, 4, 'quaternion')
    return np.where(np.sum(q * reference, axis=-1, keepdims=True) < 0, -q, q)


def angle_between(a: ArrayLike, b: ArrayLike) -> Array:
    """Angle in rad, in [0, π], of the rotation from ``a`` to ``b`` (..., 4); shape (...)."""
    a, b = _last_axis(a, 4, 'quaternion'), _last_axis(b, 4, 'quaternion')
    b = shortest(b, a)
    # Of the chord and its complement: exact at both ends (Kahan's formula for an angle).
    return 4.0 * np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1))


def slerp(a: ArrayLike, b: ArrayLike, t: ArrayLike) -> Array:
    """
    Quaternions (..., 4) on the shortest arc from ``a`` (t = 0) to ``b`` (t = 1).

    ``t`` has the batch shape of ``a`` and ``b`` without the last axis, or broadcasts to it
    (Shoemake, "Animating rotation with quaternion curves", 1985).
    """
    a = _last_axis(a, 4, 'quaternion')
    b = shortest(b, a)
    t = np.asarray(t, dtype=np.float64)[..., None]
    half = 0.5 * angle_between(a, b)[..., None]
    sine = np.sin(half)
    small = sine < 1e-6
    divisor = np.where(small, 1.0, sine)
    from_a = np.where(small, 1.0 - t, np.sin((1.0 - t) * half) / divisor)
    from_b = np.where(small, t, np.sin(t * half) / divisor)
    return normalise(from_a * a + from_b * b)


def _last_axis(value: ArrayLike, size: int, what: str) -> Array:
    array = np.asarray(value, dtype=np.float64)
    if array.ndim == 0 or array.shape[-1] != size:
        raise ValueError(f'a {what} has shape (..., {size}), not {array.shape}')
    return array


def _length(vectors: Array) -> Array:
    """Lengths (..., 1); np.linalg.norm takes twice the time for a few."""
    return np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))


def _components(q: Array) -> tuple[Array, Array, Array, Array]:
    return q[..., 0], q[..., 1], q[..., 2], q[..., 3]


def _wrap(angle: Array) -> Array:
    return np.pi - np.mod(np.pi - angle, 2 * np.pi)
