"""
Intrinsics of a camera, as sensor_msgs/CameraInfo has them.

Pixel coordinates are OpenCV's and REP 104's: the centre of the first pixel is (0, 0).
"""
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from vla_core.validation import Real, StrictModel, problem

__all__ = ['Intrinsics', 'camera_info_to_message', 'intrinsics_from_message', 'pinhole']

_COEFFICIENTS = {'plumb_bob': 5, 'rational_polynomial': 8, 'equidistant': 4}


class Intrinsics(StrictModel):
    """
    A pinhole with distortion, for images of ``width`` × ``height`` pixels.

    ``distortion`` is (k1, k2, p1, p2, k3) for plumb_bob, (k1, k2, p1, p2, k3 … k6) for
    rational_polynomial, (k1 … k4) for equidistant (fisheye).
    """

    width: int = Field(gt=0, le=16384, description='pixels')
    height: int = Field(gt=0, le=16384, description='pixels')
    fx: Real = Field(gt=0, description='pixels')
    fy: Real = Field(gt=0, description='pixels')
    cx: Real = Field(description='pixels')
    cy: Real = Field(description='pixels')
    distortion_model: Literal['plumb_bob', 'rational_polynomial', 'equidistant'] = 'plumb_bob'
    distortion: tuple[Real, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)

    @model_validator(mode='after')
    def _check(self) -> 'Intrinsics':
        wanted = _COEFFICIENTS[self.distortion_model]
        if len(self.distortion) != wanted:
            raise problem('distortion', f'{self.distortion_model} has {wanted} coefficients, '
                                        f'not {len(self.distortion)}')
        return self

    @property
    def matrix(self) -> np.ndarray:
        """K, [3, 3]."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @property
    def coefficients(self) -> np.ndarray:
        """Distortion coefficients, float64."""
        return np.array(self.distortion)

    def scaled(self, width: int, height: int) -> 'Intrinsics':
        """
        Those of the same picture resized to ``width`` × ``height``.

        The edges of the picture, not the centres of its outer pixels, fall on each other.
        """
        across, down = width / self.width, height / self.height
        return self.model_copy(update={
            'width': width, 'height': height, 'fx': self.fx * across, 'fy': self.fy * down,
            'cx': (self.cx + 0.5) * across - 0.5, 'cy': (self.cy + 0.5) * down - 0.5})


def pinhole(width: int, height: int, fovy: float) -> Intrinsics:
    """The ideal camera of a simulation: square pixels, ``fovy`` degrees from top to bottom."""
    focal = height / 2 / np.tan(np.radians(fovy) / 2)
    return Intrinsics(width=width, height=height, fx=focal, fy=focal,
                      cx=(width - 1) / 2, cy=(height - 1) / 2)


def camera_info_to_message(
    intrinsics: Intrinsics | None, width: int, height: int, message: Any,
) -> Any:
    """
    Fill all but the header of a sensor_msgs/CameraInfo and return it.

    Without intrinsics K stays zero, which is how the message says 'not calibrated'.
    """
    message.width, message.height = width, height
    message.distortion_model = 'plumb_bob'
    message.d, message.k, message.p = [], [0.0] * 9, [0.0] * 12
    message.r = np.eye(3).ravel().tolist()
    if intrinsics is not None:
        fitted = intrinsics.scaled(width, height)
        message.distortion_model = fitted.distortion_model
        message.d = list(map(float, fitted.distortion))
        message.k = fitted.matrix.ravel().tolist()
        message.p = np.hstack([fitted.matrix, np.zeros((3, 1))]).ravel().tolist()
    return message


def intrinsics_from_message(message: Any) -> Intrinsics | None:
    """Intrinsics of a sensor_msgs/CameraInfo, None where it says 'not calibrated'."""
    k = np.array(message.k).reshape(3, 3)
    if k[0, 0] == 0.0:
        return None
    model = message.distortion_model or 'plumb_bob'
    wanted = _COEFFICIENTS.get(model, 0)
    distortion = tuple(map(float, message.d)) + (0.0,) * max(0, wanted - len(message.d))
    return Intrinsics(width=message.width, height=message.height, fx=k[0, 0], fy=k[1, 1],
                      cx=k[0, 2], cy=k[1, 2], distortion_model=model, distortion=distortion)
