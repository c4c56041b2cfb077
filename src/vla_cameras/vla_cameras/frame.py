"""
A picture as a camera gave it, and the ways in which a camera gives none.

Times are monotonic nanoseconds of this machine (CLOCK_MONOTONIC), which is what V4L2 drivers stamp
with; `vla_cameras.stamping` turns them into the time of ROS.
"""
from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = [
    'CameraFailure', 'Frame', 'FrameDamaged', 'FrameLate', 'SourceEnded', 'SourceLost',
    'StampBasis',
]

StampBasis = Literal['driver', 'arrival', 'schedule']


@dataclass(frozen=True, eq=False)
class Frame:
    """
    One picture: uint8 [h, w, 3] or [h, w] in ``encoding`` (rgb8, bgr8 or mono8).

    ``captured_ns`` is monotonic time. ``basis`` says who knows it: the driver stamped the capture,
    it is the picture's arrival here, or a schedule (files, simulation) that is exact. ``depth`` is
    float32 [h, w], metres along the optical axis, 0 or NaN where unknown. One that is not ``shown``
    has an older picture, which nobody looked at: it says only that the camera works.
    """

    image: np.ndarray
    encoding: str
    captured_ns: int
    basis: StampBasis
    depth: np.ndarray | None = None
    shown: bool = True


class CameraFailure(RuntimeError):  # noqa: N818 - it happens to a camera, not to a program
    """A camera does not give a picture; one line that names it and says what to do."""


class SourceLost(CameraFailure):
    """There is no such device, it is busy, unplugged or of a wrong format: worth another try."""


class FrameDamaged(CameraFailure):
    """This picture is truncated or corrupt; the next may be whole."""


class FrameLate(FrameDamaged):
    """This picture came too late to be of use, or to tell when it was taken."""


class SourceEnded(CameraFailure):
    """A file has come to its end."""
