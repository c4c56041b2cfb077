"""Targets given in any frame, brought to the arm's base frame through TF."""

from __future__ import annotations

import numpy as np
from rclpy.node import Node
from rclpy.time import Time
from tf2_ros import Buffer, TransformException, TransformListener

from vla_control.safety.targets import TargetRefused
from vla_core.rotation import quaternion_multiply, quaternion_rotate

__all__ = ['Frames']


class Frames:
    """Knows where frames stand, by the newest transforms there are."""

    def __init__(self, node: Node) -> None:
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, node)

    def _lookup(self, base: str, frame: str) -> tuple[np.ndarray, np.ndarray]:
        if not frame:
            raise TargetRefused('frame', f'header.frame_id is empty; name a frame, such as {base}')
        try:
            found = self._buffer.lookup_transform(base, frame, Time()).transform
        except TransformException as error:
            raise TargetRefused(
                'frame', f'no transform from {frame!r} to {base!r}: {error}') from error
        t, r = found.translation, found.rotation
        return np.array([t.x, t.y, t.z]), np.array([r.x, r.y, r.z, r.w])

    def pose(self, base: str, frame: str, values: list[float]) -> list[float]:
        """A pose [7] of `frame` in the base frame; TargetRefused when the frame is unknown."""
        if frame == base:
            return values
        place, turn = self._lookup(base, frame)
        position = place + quaternion_rotate(turn, np.array(values[:3]))
        return [*position.tolist(), *quaternion_multiply(turn, np.array(values[3:])).tolist()]

    def vectors(self, base: str, frame: str, values: list[float]) -> list[float]:
        """Two vectors [6] along the axes of `frame`, along those of the base frame."""
        if frame == base:
            return values
        _, turn = self._lookup(base, frame)
        return quaternion_rotate(turn, np.array(values).reshape(2, 3)).reshape(6).tolist()
