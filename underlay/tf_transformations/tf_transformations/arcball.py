"""A virtual ball turned with a pointer (Shoemake, ARCBALL, Graphics Interface 1992)."""
import numpy as np
from numpy.typing import ArrayLike

from tf_transformations.quaternions import (
    quaternion_from_matrix,
    quaternion_matrix,
    quaternion_multiply,
    quaternion_slerp,
)
from tf_transformations.vectors import unit_vector


class Arcball:
    """Turns what a pointer does on a window into a rotation."""

    def __init__(self, initial: ArrayLike | None = None) -> None:
        """
        Make a ball of radius 1 about the origin of the window.

        :param initial: quaternion xyzw or rotation matrix to start with.
        """
        self._axes: list[np.ndarray] | None = None
        self._axis: np.ndarray | None = None
        self._centre, self._radius = np.zeros(2), 1.0
        self._pressed = np.array([0.0, 0.0, 1.0])
        self._constrain = False
        if initial is None:
            quaternion = [0.0, 0.0, 0.0, 1.0]
        else:
            shape = np.shape(initial)
            if shape not in ((4,), (4, 4)):
                raise ValueError(f'initial is neither a quaternion nor a 4×4 matrix: {shape}')
            quaternion = initial if shape == (4,) else quaternion_from_matrix(initial)
        self._down = self._now = self._before = np.asarray(quaternion, dtype=np.float64)

    def place(self, center: ArrayLike, radius: float) -> None:
        """Put the ball on the window; centre and radius in pixels."""
        self._centre, self._radius = np.array(center[:2], dtype=np.float64), float(radius)

    def setaxes(self, *axes: ArrayLike) -> None:
        """Set the axes a constrained ball turns about."""
        self._axes = [unit_vector(axis) for axis in axes]

    def setconstrain(self, constrain: bool) -> None:
        """Turn about the nearest of the axes only, or freely."""
        self._constrain = bool(constrain)

    def getconstrain(self) -> bool:
        """Return whether the ball turns about axes only."""
        return self._constrain

    def down(self, point: ArrayLike) -> None:
        """Take hold of the ball at a pixel."""
        self._pressed = arcball_map_to_sphere(point, self._centre, self._radius)
        self._down = self._before = self._now
        if self._constrain and self._axes:
            self._axis = arcball_nearest_axis(self._pressed, self._axes)
            self._pressed = arcball_constrain_to_axis(self._pressed, self._axis)
        else:
            self._axis = None

    def drag(self, point: ArrayLike) -> None:
        """Move the pointer, holding the ball."""
        current = arcball_map_to_sphere(point, self._centre, self._radius)
        if self._axis is not None:
            current = arcball_constrain_to_axis(current, self._axis)
        self._before = self._now
        turn = np.append(np.cross(self._pressed, current), self._pressed @ current)
        if turn @ turn < 1e-15:
            self._now = self._down
        else:
            self._now = np.array(quaternion_multiply(turn, self._down))

    def next(self, acceleration: float = 0.0) -> None:
        """Go on as in the last drag."""
        self._before, self._now = self._now, quaternion_slerp(
            self._before, self._now, 2.0 + acceleration, 0, False)

    def matrix(self) -> np.ndarray:
        """Return the rotation matrix of the ball."""
        return quaternion_matrix(self._now)


def arcball_map_to_sphere(point: ArrayLike, center: ArrayLike, radius: float) -> np.ndarray:
    """Return the unit vector on the ball under a pixel; pixels beside it hold its rim."""
    x = (point[0] - center[0]) / radius
    y = (center[1] - point[1]) / radius
    squared = x * x + y * y
    if squared > 1.0:
        return np.array([x, y, 0.0]) / np.sqrt(squared)
    return np.array([x, y, np.sqrt(1.0 - squared)])


def arcball_constrain_to_axis(point: ArrayLike, axis: ArrayLike) -> np.ndarray:
    """Return the point of the great circle about an axis that is nearest to a point."""
    point, axis = np.array(point, dtype=np.float64), np.array(axis, dtype=np.float64)
    inside = point - axis * (axis @ point)
    length = np.linalg.norm(inside)
    if length > 1e-15:
        return inside / (-length if inside[2] < 0.0 else length)
    if axis[2] == 1.0:
        return np.array([1.0, 0.0, 0.0])
    return unit_vector([-axis[1], axis[0], 0.0])


def arcball_nearest_axis(point: ArrayLike, axes: list[np.ndarray]) -> np.ndarray:
    """Return the axis whose great circle comes nearest to a point."""
    return max(axes, key=lambda axis: arcball_constrain_to_axis(point, axis) @ np.asarray(point))
