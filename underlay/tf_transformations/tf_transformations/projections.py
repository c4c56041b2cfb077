"""Homogeneous 4×4 matrices that project onto a plane or into a view volume."""
import numpy as np
from numpy.typing import ArrayLike

from tf_transformations.vectors import unit_vector


def projection_matrix(point: ArrayLike, normal: ArrayLike, direction: ArrayLike | None = None,
                      perspective: ArrayLike | None = None, pseudo: bool = False) -> np.ndarray:
    """
    Return the matrix that projects onto the plane through a point p with normal n.

    Along the normal; along a direction d, I − d nᵀ / (d·n); or towards a perspective point c,
    where x goes to (((c − p)·n) x + ((p − x)·n) c) / ((c − x)·n).

    :param pseudo: keep the relative depth of a perspective projection.
    """
    point, normal = np.asarray(point[:3], dtype=np.float64), unit_vector(normal[:3])
    matrix = np.identity(4)
    offset = point @ normal
    if perspective is None:
        ray = normal if direction is None else np.asarray(direction[:3], dtype=np.float64)
        ray = ray / (ray @ normal)
        matrix[:3, :3] -= np.outer(ray, normal)
        matrix[:3, 3] = offset * ray
        return matrix
    eye = np.asarray(perspective[:3], dtype=np.float64)
    focus = eye + normal if pseudo else eye
    matrix[:3, :3] = (eye @ normal - offset) * np.identity(3) - np.outer(focus, normal)
    matrix[:3, 3] = offset * focus
    matrix[3, :3] = -normal
    matrix[3, 3] = eye @ normal
    return matrix


def projection_from_matrix(matrix: ArrayLike, pseudo: bool = False) -> tuple:
    """Return point, normal, direction, perspective and pseudo, as projection_matrix takes them."""
    matrix = np.array(matrix, dtype=np.float64)
    height = np.linalg.norm(matrix[3, :3])
    if height < 1e-12:
        matrix /= matrix[3, 3]
        # I − M = d nᵀ / (d·n) has rank 1.
        u, sizes, vh = np.linalg.svd(np.identity(3) - matrix[:3, :3])
        direction, normal = u[:, 0], vh[0]
        point = normal * (direction @ matrix[:3, 3]) / sizes[0]
        upright = abs(direction @ normal) > 1.0 - 1e-12
        return np.append(point, 1.0), normal, None if upright else direction, None, False
    matrix /= height
    normal = -matrix[3, :3]
    # tr M₃₃ = 3 ((c − p)·n) − f·n, and M₃₃ n = ((c − p)·n) n − f, with f = c, or c + n if pseudo.
    depth = (np.trace(matrix[:3, :3]) + matrix[3, 3] + pseudo) / 3.0
    focus = depth * normal - matrix[:3, :3] @ normal
    eye = focus - normal if pseudo else focus
    point = normal * (matrix[3, 3] - depth)
    return np.append(point, 1.0), normal, None, eye, pseudo


def clip_matrix(left: float, right: float, bottom: float, top: float, near: float, far: float,
                perspective: bool = False) -> np.ndarray:
    """
    Return the matrix from a view volume to the cube from −1 to 1.

    The volume is a box, or with perspective a pyramid seen from the origin along z, whose bounds
    hold at the near plane; its results are to be divided by their fourth coordinate.

    :raises ValueError: if the bounds are not in order, or near is not positive in perspective.
    """
    if left >= right or bottom >= top or near >= far:
        raise ValueError('left, bottom and near must be less than right, top and far')
    lower, upper = np.array([left, bottom, near]), np.array([right, top, far])
    size = upper - lower
    matrix = np.identity(4)
    if not perspective:
        matrix[:3, :3] = np.diag(2.0 / size)
        matrix[:3, 3] = -(upper + lower) / size
        return matrix
    if near <= 1e-12:
        raise ValueError(f'near is {near}: a perspective wants it positive')
    matrix[[0, 1], [0, 1]] = -2.0 * near / size[:2]
    matrix[:2, 2] = (upper + lower)[:2] / size[:2]
    matrix[2, 2:] = -(far + near) / size[2], 2.0 * near * far / size[2]
    matrix[3, 2:] = -1.0, 0.0
    return matrix
