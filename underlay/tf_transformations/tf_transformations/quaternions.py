"""Quaternions xyzw and Euler angles (rad); a rotation matrix is 4×4 homogeneous."""
import numpy as np
import transforms3d
from numpy.typing import ArrayLike

from tf_transformations.vectors import unit_vector

Quaternion = tuple[float, float, float, float]


def to_wxyz(quaternion: ArrayLike) -> Quaternion:
    """Return a quaternion in the order of transforms3d."""
    x, y, z, w = quaternion
    return w, x, y, z


def to_xyzw(quaternion: ArrayLike) -> Quaternion:
    """Return a quaternion of transforms3d in the order of ROS."""
    w, x, y, z = quaternion
    return x, y, z, w


def homogeneous(rotation: np.ndarray) -> np.ndarray:
    """Return a 3×3 matrix as 4×4 without translation."""
    matrix = np.identity(4)
    matrix[:3, :3] = rotation
    return matrix


def euler_matrix(ai: float, aj: float, ak: float, axes: str = 'sxyz') -> np.ndarray:
    """Return the rotation matrix of Euler angles; axes 'sxyz' is roll, pitch, yaw."""
    return homogeneous(transforms3d.euler.euler2mat(ai, aj, ak, axes=axes))


def euler_from_matrix(matrix: ArrayLike, axes: str = 'sxyz') -> tuple[float, float, float]:
    """Return the Euler angles of a rotation matrix."""
    return transforms3d.euler.mat2euler(np.asarray(matrix), axes=axes)


def euler_from_quaternion(quaternion: ArrayLike, axes: str = 'sxyz') -> tuple[float, float, float]:
    """Return the Euler angles of a quaternion."""
    return euler_from_matrix(quaternion_matrix(quaternion), axes)


def quaternion_from_euler(ai: float, aj: float, ak: float, axes: str = 'sxyz') -> Quaternion:
    """Return the quaternion of Euler angles; axes 'sxyz' is roll, pitch, yaw."""
    return to_xyzw(transforms3d.euler.euler2quat(ai, aj, ak, axes=axes))


def quaternion_about_axis(angle: float, axis: ArrayLike) -> Quaternion:
    """Return the quaternion of a turn about an axis of any length."""
    return to_xyzw(transforms3d.quaternions.axangle2quat(axis, angle))


def quaternion_matrix(quaternion: ArrayLike) -> np.ndarray:
    """Return the rotation matrix of a quaternion of any length."""
    return homogeneous(transforms3d.quaternions.quat2mat(to_wxyz(quaternion)))


def quaternion_from_matrix(matrix: ArrayLike) -> Quaternion:
    """Return the quaternion of a rotation matrix, with w ≥ 0."""
    return to_xyzw(transforms3d.quaternions.mat2quat(np.asarray(matrix)[:3, :3]))


def quaternion_multiply(quaternion1: ArrayLike, quaternion0: ArrayLike) -> Quaternion:
    """Return quaternion1·quaternion0: first the turn of quaternion0, then that of quaternion1."""
    return to_xyzw(transforms3d.quaternions.qmult(to_wxyz(quaternion1), to_wxyz(quaternion0)))


def quaternion_conjugate(quaternion: ArrayLike) -> np.ndarray:
    """Return the quaternion with the opposite vector part."""
    return np.asarray(quaternion, dtype=np.float64) * (-1.0, -1.0, -1.0, 1.0)


def quaternion_inverse(quaternion: ArrayLike) -> np.ndarray:
    """Return the quaternion whose product with this one is (0, 0, 0, 1)."""
    return quaternion_conjugate(quaternion) / np.dot(quaternion, quaternion)


def quaternion_slerp(quat0: ArrayLike, quat1: ArrayLike, fraction: float, spin: int = 0,
                     shortestpath: bool = True) -> np.ndarray:
    """
    Return the quaternion at a share of the way from quat0 (0) to quat1 (1) at constant rate.

    :param spin: half turns to add on the way.
    :param shortestpath: take the shorter of the two arcs.
    """
    start, end = unit_vector(quat0), unit_vector(quat1)
    if fraction == 0.0:
        return start
    if fraction == 1.0:
        return end
    cosine = np.dot(start, end)
    if shortestpath and cosine < 0.0:
        cosine, end = -cosine, -end
    angle = np.arccos(np.clip(cosine, -1.0, 1.0)) + spin * np.pi
    if abs(np.sin(angle)) < 1e-12:
        return start
    return (np.sin((1.0 - fraction) * angle) * start + np.sin(fraction * angle) * end
            ) / np.sin(angle)


def random_quaternion(rand: ArrayLike | None = None) -> np.ndarray:
    """
    Return a rotation drawn evenly from all (Shoemake, Uniform Random Rotations, 1992).

    :param rand: three numbers in [0, 1) to make it from; drawn if None.
    """
    share, first, second = np.random.random(3) if rand is None else rand
    first, second = 2.0 * np.pi * first, 2.0 * np.pi * second
    small, large = np.sqrt(1.0 - share), np.sqrt(share)
    return np.array([np.sin(first) * small, np.cos(first) * small,
                     np.sin(second) * large, np.cos(second) * large])


def random_rotation_matrix(rand: ArrayLike | None = None) -> np.ndarray:
    """Return the rotation matrix of a random quaternion."""
    return quaternion_matrix(random_quaternion(rand))
