"""Homogeneous 4×4 matrices that move, mirror, turn, scale and shear, and what they are made of."""
from functools import reduce

import numpy as np
import transforms3d
from numpy.typing import ArrayLike

from tf_transformations.quaternions import euler_from_matrix


def identity_matrix() -> np.ndarray:
    """Return the matrix that changes nothing."""
    return np.identity(4)


def inverse_matrix(matrix: ArrayLike) -> np.ndarray:
    """Return the matrix that undoes a matrix."""
    return np.linalg.inv(matrix)


def concatenate_matrices(*matrices: ArrayLike) -> np.ndarray:
    """Return the product of matrices, in the order given."""
    return reduce(np.dot, matrices, np.identity(4))


def is_same_transform(matrix0: ArrayLike, matrix1: ArrayLike) -> bool:
    """Return whether two matrices move points alike, whatever their scale."""
    first, second = np.array(matrix0, dtype=np.float64), np.array(matrix1, dtype=np.float64)
    return bool(np.allclose(first / first[3, 3], second / second[3, 3]))


def translation_matrix(direction: ArrayLike) -> np.ndarray:
    """Return the matrix that shifts by a vector."""
    matrix = np.identity(4)
    matrix[:3, 3] = direction[:3]
    return matrix


def translation_from_matrix(matrix: ArrayLike) -> np.ndarray:
    """Return the vector a matrix shifts by."""
    return np.array(matrix, dtype=np.float64)[:3, 3]


def reflection_matrix(point: ArrayLike, normal: ArrayLike) -> np.ndarray:
    """Return the matrix that mirrors at the plane through a point with a normal."""
    return transforms3d.reflections.rfnorm2aff(normal, point[:3])


def reflection_from_matrix(matrix: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return a point and the normal of the plane a matrix mirrors at."""
    normal, point = transforms3d.reflections.aff2rfnorm(matrix)
    return point, normal


def rotation_matrix(angle: float, direction: ArrayLike,
                    point: ArrayLike | None = None) -> np.ndarray:
    """Return the matrix that turns by an angle (rad) about an axis through a point."""
    return transforms3d.axangles.axangle2aff(direction, angle, point=point)


def rotation_from_matrix(matrix: ArrayLike) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the angle (rad), the axis and a point on it."""
    direction, angle, point = transforms3d.axangles.aff2axangle(matrix)
    return angle, direction, point


def scale_matrix(factor: float, origin: ArrayLike | None = None,
                 direction: ArrayLike | None = None) -> np.ndarray:
    """Return the matrix that scales about an origin, in all directions or in one."""
    return transforms3d.zooms.zfdir2aff(factor, direction=direction, origin=origin)


def scale_from_matrix(matrix: ArrayLike) -> tuple[float, np.ndarray, np.ndarray | None]:
    """Return factor, origin and direction of a scaling; direction is None if it is all of them."""
    factor, direction, origin = transforms3d.zooms.aff2zfdir(matrix)
    return factor, origin, direction


def shear_matrix(angle: float, direction: ArrayLike, point: ArrayLike,
                 normal: ArrayLike) -> np.ndarray:
    """Return the matrix that shears by an angle (rad) along a direction in a plane."""
    return transforms3d.shears.sadn2aff(angle, direction, normal, point)


def shear_from_matrix(matrix: ArrayLike) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Return angle (rad), direction, point and normal of a shear."""
    angle, direction, normal, point = transforms3d.shears.aff2sadn(matrix)
    return angle, direction, point, normal


def compose_matrix(scale: ArrayLike | None = None, shear: ArrayLike | None = None,
                   angles: ArrayLike | None = None, translate: ArrayLike | None = None,
                   perspective: None = None) -> np.ndarray:
    """
    Return the matrix of a scaling, a shear, a rotation and a translation, applied from the right.

    :param scale: factors along x, y, z
    :param shear: factors of x-y, x-z, y-z
    :param angles: Euler angles about the static axes x, y, z (rad)
    :param perspective: the last element of what decompose_matrix returns, which is None.
    :raises ValueError: if a perspective is given.
    """
    if perspective is not None:
        raise ValueError('perspective cannot be composed: it must be None')
    return transforms3d.affines.compose(
        np.zeros(3) if translate is None else translate,
        np.identity(3) if angles is None else transforms3d.euler.euler2mat(*angles),
        np.ones(3) if scale is None else scale,
        np.zeros(3) if shear is None else shear)


def decompose_matrix(matrix: ArrayLike) -> tuple:
    """Return scale, shear, angles, translation and None, as compose_matrix takes them."""
    translation, rotation, scale, shear = transforms3d.affines.decompose(np.asarray(matrix))
    return scale, shear, euler_from_matrix(rotation), translation, None


def orthogonalization_matrix(lengths: ArrayLike, angles: ArrayLike) -> np.ndarray:
    """
    Return the matrix from coordinates along the edges of a crystal cell to Cartesian ones.

    The third edge lies along z, the second in the plane of y and z.

    :param lengths: of the edges a, b, c
    :param angles: between b and c, c and a, a and b, in degrees
    """
    a, b, c = lengths
    cos_bc, cos_ca, cos_ab = np.cos(np.radians(angles))
    sin_bc = np.sin(np.radians(angles[0]))
    y = (cos_ab - cos_bc * cos_ca) / sin_bc
    matrix = np.identity(4)
    matrix[:3, 0] = a * np.sqrt(1.0 - y * y - cos_ca * cos_ca), a * y, a * cos_ca
    matrix[:3, 1] = 0.0, b * sin_bc, b * cos_bc
    matrix[:3, 2] = 0.0, 0.0, c
    return matrix


def superimposition_matrix(v0: ArrayLike, v1: ArrayLike, scaling: bool = False,
                           usesvd: bool = True) -> np.ndarray:
    """
    Return the rotation and translation that bring points v0 nearest to v1, in the least squares.

    :param v0: [3 or 4, n], points in columns
    :param v1: the same
    :param scaling: also scale.
    :param usesvd: Kabsch's way (1976) if True, else Horn's (1987); both find the same matrix.
    """
    v0, v1 = (np.asarray(v, dtype=np.float64)[:3] for v in (v0, v1))
    if v0.shape != v1.shape or v0.shape[1] < 3:
        raise ValueError(f'v0 and v1 must hold the same points, 3 or more: {v0.shape}, {v1.shape}')
    centre0, centre1 = v0.mean(axis=1), v1.mean(axis=1)
    v0, v1 = v0 - centre0[:, None], v1 - centre1[:, None]
    rotation = fit_by_svd(v0, v1) if usesvd else fit_by_quaternion(v0, v1)
    if scaling:
        rotation = rotation * np.sqrt(np.sum(v1 * v1) / np.sum(v0 * v0))
    matrix = np.identity(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = centre1 - rotation @ centre0
    return matrix


def fit_by_svd(v0: np.ndarray, v1: np.ndarray) -> np.ndarray:
    """Return the rotation that brings centred points v0 nearest to v1 (Kabsch)."""
    u, _, vh = np.linalg.svd(v1 @ v0.T)
    return u @ np.diag([1.0, 1.0, np.linalg.det(u @ vh)]) @ vh


def fit_by_quaternion(v0: np.ndarray, v1: np.ndarray) -> np.ndarray:
    """Return the rotation that brings centred points v0 nearest to v1 (Horn)."""
    spread = v0 @ v1.T
    symmetric = np.zeros((4, 4))
    symmetric[1:, 1:] = spread + spread.T - np.trace(spread) * np.identity(3)
    symmetric[0, 0] = np.trace(spread)
    symmetric[0, 1:] = symmetric[1:, 0] = (
        spread[1, 2] - spread[2, 1], spread[2, 0] - spread[0, 2], spread[0, 1] - spread[1, 0])
    return transforms3d.quaternions.quat2mat(np.linalg.eigh(symmetric)[1][:, -1])
