"""
Between and over actions of a space: interpolation in time, weighted mean.

Positions are linear; rotations take the shortest way (slerp, and for the 6-D form the mean of the
columns made orthonormal again); a binary gripper keeps the earlier value until the next is due.
"""
import numpy as np

from vla_core.action_space import ActionSpace
from vla_core.rotation import (
    matrix_to_rotation_6d,
    normalise,
    quaternion_to_rotation_vector,
    quaternion_to_rpy,
    rotation_6d_to_matrix,
    rotation_vector_to_quaternion,
    rpy_to_quaternion,
    shortest,
)

__all__ = ['interpolate', 'weighted_mean']

_FROM_QUATERNION = {
    'quaternion_xyzw': lambda q: q,
    'rotation_vector': quaternion_to_rotation_vector,
    'rpy': quaternion_to_rpy,
}
_TO_QUATERNION = {
    'quaternion_xyzw': normalise,
    'rotation_vector': rotation_vector_to_quaternion,
    'rpy': rpy_to_quaternion,
}


def interpolate(
    space: ActionSpace, times: np.ndarray, data: np.ndarray, time: float,
) -> np.ndarray:
    """The action [D] at ``time`` from rows ``data`` [n, D] at increasing ``times`` [n]."""
    if time <= times[0]:
        return np.array(data[0], dtype=np.float64)
    if time >= times[-1]:
        return np.array(data[-1], dtype=np.float64)
    later = int(np.searchsorted(times, time, side='right'))
    share = float((time - times[later - 1]) / (times[later] - times[later - 1]))
    rows = np.asarray(data[later - 1:later + 1], dtype=np.float64)
    result = weighted_mean(space, rows, np.array([1.0 - share, share]))
    if space.gripper == 'binary_open':
        result[space.gripper_indices] = rows[0, space.gripper_indices]
    return result


def weighted_mean(space: ActionSpace, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean [D] of ``rows`` [n, D] by ``weights`` [n] that sum to 1."""
    result = weights @ rows
    if space.rotation == 'none':
        return result
    for part in space.slices:
        turns = rows[:, part.rotation]
        if space.rotation == 'rotation_6d':
            result[part.rotation] = matrix_to_rotation_6d(
                rotation_6d_to_matrix(result[part.rotation]))
        else:
            turns = _TO_QUATERNION[space.rotation](turns)
            mean = normalise(weights @ shortest(turns, turns[-1]))
            result[part.rotation] = _FROM_QUATERNION[space.rotation](mean)
    return result
