"""Names of image encodings: what an element is, and how one colour becomes another."""
import re
from dataclasses import dataclass

import cv2
import numpy as np

DEPTHS = {'8U': np.uint8, '8S': np.int8, '16U': np.uint16, '16S': np.int16,
          '32S': np.int32, '32F': np.float32, '64F': np.float64}

DEPTH_OF_NUMPY = {np.dtype(kind).name: depth for depth, kind in DEPTHS.items()}

CHANNELS = {'mono': 1, 'rgb': 3, 'bgr': 3, 'rgba': 4, 'bgra': 4, 'yuv422': 2, 'yuv422_yuy2': 2,
            'bayer_rggb': 1, 'bayer_bggr': 1, 'bayer_gbrg': 1, 'bayer_grbg': 1}

# How OpenCV calls a colour in the names of its conversions. For Bayer it names the second and
# third pixel of the second row, where ROS names the first two rows.
OPENCV_NAME = {'mono': 'GRAY', 'rgb': 'RGB', 'bgr': 'BGR', 'rgba': 'RGBA', 'bgra': 'BGRA',
               'bayer_rggb': 'BayerBG', 'bayer_bggr': 'BayerRG',
               'bayer_gbrg': 'BayerGR', 'bayer_grbg': 'BayerGB'}

YUV_ORDER = {'yuv422': 'UYVY', 'yuv422_yuy2': 'YUY2'}

COLOUR = re.compile(r'(mono|rgb|bgr|rgba|bgra|bayer_rggb|bayer_bggr|bayer_gbrg|bayer_grbg)(8|16)')
GENERIC = re.compile(r'(8U|8S|16U|16S|32S|32F|64F)(?:C([1-9][0-9]*))?')
LARGEST_CHANNELS = 512


class CvBridgeError(TypeError):
    """An image cannot be converted; the text names the field or the encodings."""


@dataclass(frozen=True)
class Encoding:
    """What the name of an encoding says; colour is None for generic ones such as 32FC1."""

    name: str
    dtype: np.dtype
    channels: int
    colour: str | None

    @property
    def cv_type(self) -> str:
        """Name of OpenCV's element type, such as 8UC3."""
        return f'{DEPTH_OF_NUMPY[self.dtype.name]}C{self.channels}'


def parse(name: str) -> Encoding:
    """
    Return what an encoding is.

    :raises CvBridgeError: if there is none of that name.
    """
    if name in YUV_ORDER:
        return Encoding(name, np.dtype(np.uint8), CHANNELS[name], name)
    if match := COLOUR.fullmatch(name):
        colour, bits = match.groups()
        return Encoding(name, np.dtype(f'uint{bits}'), CHANNELS[colour], colour)
    if match := GENERIC.fullmatch(name):
        depth, channels = match.groups()
        channels = int(channels or 1)
        if channels <= LARGEST_CHANNELS:
            return Encoding(name, np.dtype(DEPTHS[depth]), channels, None)
    raise CvBridgeError(f"encoding '{name}' is not known")


def convert(image: np.ndarray, source: Encoding, target: Encoding) -> np.ndarray:
    """
    Return an image in another encoding; depths 8 and 16 are scaled to the whole range.

    :param image: [h, w] or [h, w, channels]
    :raises CvBridgeError: if no conversion makes sense.
    """
    if source.colour is None or target.colour is None:
        if source.colour is None and target.colour is not None:
            raise CvBridgeError(f"encoding '{source.name}' tells no colours, so it cannot become "
                                f"'{target.name}'")
        if source.channels != target.channels:
            raise CvBridgeError(f"encodings '{source.name}' and '{target.name}' have "
                                f'{source.channels} and {target.channels} channels')
    elif source.colour != target.colour:
        image = cv2.cvtColor(image, conversion_code(source, target))
    return rescale(image, target.dtype)


def conversion_code(source: Encoding, target: Encoding) -> int:
    """Return OpenCV's code for a change of colour."""
    wanted = OPENCV_NAME.get(target.colour)
    if source.colour in YUV_ORDER:
        name = f'COLOR_YUV2{wanted}_{YUV_ORDER[source.colour]}'
    else:
        name = f'COLOR_{OPENCV_NAME[source.colour]}2{wanted}'
    code = getattr(cv2, name, None)
    if wanted is None or wanted.startswith('Bayer') or code is None:
        raise CvBridgeError(f"encoding '{source.name}' cannot be converted to '{target.name}'")
    return code


def rescale(image: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return an image with elements of another type, rounded and saturated."""
    if image.dtype == dtype:
        return image
    if image.dtype == np.uint8 and dtype == np.uint16:
        return image.astype(np.uint16) * np.uint16(257)
    if image.dtype == np.uint16 and dtype == np.uint8:
        return ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if np.issubdtype(dtype, np.floating):
        return image.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(image.astype(np.float64)), limits.min, limits.max).astype(dtype)
