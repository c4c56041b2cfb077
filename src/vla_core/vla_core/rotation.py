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
    'IDENTITY', 'angle_between', 'matrix_to_quaternion', 'matrix_to_rotation_6d', 'normalise',
    'quaternion_inverse', 'quaternion_multiply', 'quaternion_rotate', 'quaternion_to_matrix',
    'quaternion_to_rotation_vector', 'quaternion_to_rpy', 'rotation_6d_to_matrix',
    'rotation_vector_to_quaternion', 'rpy_to_quaternion', 'shortest', 'slerp',
]

#: The quaternion that turns nothing, read-only.
IDENTITY: Array = np.array([0.0, 0.0, 0.0, 1.0])
IDENTITY.flags.writeable = False

_SMALL = 1e-9


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
    ax, ay, az, aw = _components(a)
    bx, by, bz, bw = _components(b)
    return np.stack([
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    ], axis=-1)


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
    x, y, z, w = _components(_last_axis(q, 4, 'quaternion'))
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def matrix_to_quaternion(matrix: ArrayLike) -> Array:
    """
    Quaternions (..., 4) with w ≥ 0 of rotation matrices (..., 3, 3).

    The matrix gives 4 q qᵀ; its column with the largest diagonal, normalised, is q. No branch is
    ill-conditioned, half turns included (Shepperd, "Quaternion from rotation matrix", 1978).
    """
    m = np.asarray(matrix, dtype=np.float64)
    if m.shape[-2:] != (3, 3):
        raise ValueError(f'a rotation matrix has shape (..., 3, 3), not {m.shape}')
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    xy, xz, yz = (m[..., i, j] + m[..., j, i] for i, j in ((0, 1), (0, 2), (1, 2)))
    xw, yw, zw = (m[..., i, j] - m[..., j, i] for i, j in ((2, 1), (0, 2), (1, 0)))
    outer = np.stack([
        np.stack([1 + xx - yy - zz, xy, xz, xw], axis=-1),
        np.stack([xy, 1 - xx + yy - zz, yz, yw], axis=-1),
        np.stack([xz, yz, 1 - xx - yy + zz, zw], axis=-1),
        np.stack([xw, yw, zw, 1 + xx + yy + zz], axis=-1),
    ], axis=-2)
    largest = np.argmax(np.diagonal(outer, axis1=-2, axis2=-1), axis=-1)
    q = np.take_along_axis(outer, largest[..., None, None], axis=-2)[..., 0, :]
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    return np.where(q[..., 3:] < 0, -q, q)


def rotation_vector_to_quaternion(vector: ArrayLike) -> Array:
    """Quaternions (..., 4) of rotation vectors (..., 3): axis times angle in rad."""
    vector = _last_axis(vector, 3, 'rotation vector')
    angle = np.linalg.norm(vector, axis=-1, keepdims=True)
    # sin(a/2)/a = sinc(a/2π)/2, exact at zero.
    return np.concatenate(
        [vector * (0.5 * np.sinc(angle / (2 * np.pi))), np.cos(0.5 * angle)], axis=-1)


def quaternion_to_rotation_vector(q: ArrayLike) -> Array:
    """Rotation vectors (..., 3) of quaternions (..., 4), the short way round: length ≤ π rad."""
    q = _last_axis(q, 4, 'quaternion')
    q = np.where(q[..., 3:] < 0, -q, q)
    sine = np.linalg.norm(q[..., :3], axis=-1, keepdims=True)
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
        x = first / np.linalg.norm(first, axis=-1, keepdims=True)
        y = second - np.sum(x * second, axis=-1, keepdims=True) * x
        norm = np.linalg.norm(y, axis=-1, keepdims=True)
    if not np.all(norm > _SMALL * np.linalg.norm(second, axis=-1, keepdims=True)):
        raise ValueError('the two columns of a 6-D rotation must be finite and not parallel')
    y = y / norm
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def matrix_to_rotation_6d(matrix: ArrayLike) -> Array:
    """6-D rotations (..., 6), the first two columns of matrices (..., 3, 3)."""
    m = np.asarray(matrix, dtype=np.float64)
    if m.shape[-2:] != (3, 3):
        raise ValueError(f'a rotation matrix has shape (..., 3, 3), not {m.shape}')
    return np.concatenate([m[..., :, 0], m[..., :, 1]], axis=-1)


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


def _components(q: Array) -> tuple[Array, Array, Array, Array]:
    return q[..., 0], q[..., 1], q[..., 2], q[..., 3]


def _wrap(angle: Array) -> Array:
    return np.pi - np.mod(np.pi - angle, 2 * np.pi)
