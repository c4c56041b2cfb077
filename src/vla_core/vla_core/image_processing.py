"""
From a camera's image to the image a policy sees, the one way everywhere.

Recording, training and live inference call the same function with the same settings, so that the
arrays agree bit for bit.
"""
from typing import Literal

import cv2
import numpy as np
from pydantic import Field

from vla_core.validation import Real, StrictModel

__all__ = ['Crop', 'ImageError', 'ImageProcessing', 'process_image']

_INTERPOLATIONS = {
    'nearest': cv2.INTER_NEAREST_EXACT, 'linear': cv2.INTER_LINEAR_EXACT, 'area': cv2.INTER_AREA,
    'cubic': cv2.INTER_CUBIC, 'lanczos4': cv2.INTER_LANCZOS4}

_TO_RGB = {
    'rgb8': None, 'bgr8': cv2.COLOR_BGR2RGB, 'rgba8': cv2.COLOR_RGBA2RGB,
    'bgra8': cv2.COLOR_BGRA2RGB, 'mono8': cv2.COLOR_GRAY2RGB}
_TO_BGR = {
    'rgb8': cv2.COLOR_RGB2BGR, 'bgr8': None, 'rgba8': cv2.COLOR_RGBA2BGR,
    'bgra8': cv2.COLOR_BGRA2BGR, 'mono8': cv2.COLOR_GRAY2BGR}


class ImageError(ValueError):
    """An image that cannot be processed as asked."""


class Crop(StrictModel):
    """A rectangle of the camera's image, in its pixels."""

    left: int = Field(ge=0)
    top: int = Field(ge=0)
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class ImageProcessing(StrictModel):
    """
    Crop, then fit to ``width`` × ``height``, then order the colours.

    ``fit``: 'pad' keeps the aspect ratio and fills with black, equally on both sides; 'crop' keeps
    it and cuts what stands over; 'stretch' does not keep it. ``centre_area`` is the share of the
    area, about the centre, that is kept before fitting (OpenVLA-OFT uses 0.9).
    """

    width: int = Field(gt=0, le=4096, description='pixels')
    height: int = Field(gt=0, le=4096, description='pixels')
    crop: Crop | None = None
    centre_area: Real = Field(1.0, gt=0, le=1)
    fit: Literal['pad', 'crop', 'stretch'] = 'pad'
    interpolation: Literal['nearest', 'linear', 'area', 'cubic', 'lanczos4'] = 'area'
    colour: Literal['rgb', 'bgr'] = 'rgb'


def process_image(image: np.ndarray, encoding: str, processing: ImageProcessing) -> np.ndarray:
    """
    The image a policy sees: uint8 [height, width, 3], contiguous, never a view of ``image``.

    ``image`` is uint8 [h, w] or [h, w, channels] in ``encoding``, one of rgb8, bgr8, rgba8, bgra8
    and mono8. ImageError when type, shape or crop do not fit.
    """
    _check(image, encoding)
    if processing.crop is not None:
        image = _cropped(image, processing.crop)
    if processing.centre_area < 1.0:
        side = processing.centre_area ** 0.5
        height, width = image.shape[:2]
        image = _centre(image, max(round(width * side), 1), max(round(height * side), 1))
    fitted = _fitted(image, processing)
    conversion = (_TO_RGB if processing.colour == 'rgb' else _TO_BGR)[encoding]
    if conversion is not None:
        fitted = cv2.cvtColor(np.ascontiguousarray(fitted), conversion)
    if fitted.base is not None or fitted is image or not fitted.flags.c_contiguous:
        fitted = fitted.copy()
    return fitted


def _fitted(image: np.ndarray, processing: ImageProcessing) -> np.ndarray:
    height, width = image.shape[:2]
    wide, high = processing.width, processing.height
    if processing.fit == 'stretch' or (width * high == height * wide):
        return _resized(image, wide, high, processing.interpolation)
    wider = width * high > height * wide
    if processing.fit == 'crop':
        image = (_centre(image, max(height * wide // high, 1), height) if wider
                 else _centre(image, width, max(width * high // wide, 1)))
        return _resized(image, wide, high, processing.interpolation)
    inner = ((wide, max(height * wide // width, 1)) if wider
             else (max(width * high // height, 1), high))
    padded = np.zeros((high, wide, *image.shape[2:]), dtype=np.uint8)
    left, top = (wide - inner[0]) // 2, (high - inner[1]) // 2
    padded[top:top + inner[1], left:left + inner[0]] = _resized(
        image, *inner, processing.interpolation)
    if image.ndim == 3 and image.shape[2] == 4:
        padded[..., 3] = 255
    return padded


def _resized(image: np.ndarray, width: int, height: int, interpolation: str) -> np.ndarray:
    if image.shape[:2] == (height, width):
        return image
    return cv2.resize(np.ascontiguousarray(image), (width, height),
                      interpolation=_INTERPOLATIONS[interpolation])


def _centre(image: np.ndarray, width: int, height: int) -> np.ndarray:
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top:top + height, left:left + width]


def _cropped(image: np.ndarray, crop: Crop) -> np.ndarray:
    height, width = image.shape[:2]
    right, bottom = crop.left + crop.width, crop.top + crop.height
    if right > width or bottom > height:
        raise ImageError(
            f'the crop reaches to ({right}, {bottom}), beyond the image of {width}×{height}')
    return image[crop.top:bottom, crop.left:right]


def _check(image: np.ndarray, encoding: str) -> None:
    if encoding not in _TO_RGB:
        raise ImageError(
            f'encoding {encoding!r} is not a colour image; known: {", ".join(_TO_RGB)}')
    if image.dtype != np.uint8:
        raise ImageError(f'an image of {encoding} is uint8, not {image.dtype}')
    channels = {'mono8': (), 'rgb8': (3,), 'bgr8': (3,)}.get(encoding, (4,))
    if image.ndim != 2 + len(channels) or image.shape[2:] != channels or 0 in image.shape:
        raise ImageError(
            f'an image of {encoding} has shape [h, w{", " + str(channels[0]) if channels else ""}]'
            f', not {image.shape}')
