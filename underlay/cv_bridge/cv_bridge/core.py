"""The bridge itself."""
import array
import sys

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from cv_bridge.encodings import DEPTH_OF_NUMPY, CvBridgeError, convert, parse

PASSTHROUGH = 'passthrough'
BIG_ENDIAN_HOST = sys.byteorder == 'big'


class CvBridge:
    """Converts between image messages and arrays [h, w] or [h, w, channels]."""

    def imgmsg_to_cv2(self, img_msg: Image, desired_encoding: str = PASSTHROUGH) -> np.ndarray:
        """
        Return the pixels of a message.

        With 'passthrough', or the encoding the message has, rows without padding and this
        machine's byte order, the array is a view of the message's data: copy it before writing
        to it. Otherwise it is an array of its own.

        :param desired_encoding: such as 'rgb8', 'mono16', '32FC1', or 'passthrough' to leave it.
        :raises CvBridgeError: if the message is damaged or the conversion makes no sense.
        """
        source = parse(img_msg.encoding)
        image = self._view(img_msg, source.dtype, source.channels)
        if desired_encoding in (PASSTHROUGH, img_msg.encoding):
            return image
        return convert(image, source, parse(desired_encoding))

    def cv2_to_imgmsg(self, cvim: np.ndarray, encoding: str = PASSTHROUGH,
                      header: Header | None = None) -> Image:
        """
        Return an array as a message; the pixels are copied once.

        :param cvim: [h, w] or [h, w, channels]
        :param encoding: what the pixels are; 'passthrough' names the element type only.
        :raises TypeError: if it is no array.
        :raises CvBridgeError: if it is no image, or not one of that encoding.
        """
        cv_type = self._cv_type(cvim)
        if encoding != PASSTHROUGH and parse(encoding).cv_type != cv_type:
            raise CvBridgeError(
                f"encoding '{encoding}' wants {parse(encoding).cv_type}, the image is {cv_type}")
        message = Image(height=cvim.shape[0], width=cvim.shape[1])
        if header is not None:
            message.header = header
        message.encoding = cv_type if encoding == PASSTHROUGH else encoding
        order = cvim.dtype.byteorder
        message.is_bigendian = int(order == '>' or (BIG_ENDIAN_HOST and order == '='))
        message.step = cvim.nbytes // cvim.shape[0]
        # The one type rclpy takes over without looking at every element.
        message.data = array.array('B', cvim.tobytes())
        return message

    def compressed_imgmsg_to_cv2(self, cmprs_img_msg: CompressedImage,
                                 desired_encoding: str = PASSTHROUGH) -> np.ndarray:
        """
        Return the pixels of a compressed message: as stored, colours in the order bgr.

        :raises CvBridgeError: if the data cannot be decoded or the conversion makes no sense.
        """
        data = np.frombuffer(cmprs_img_msg.data, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
        if image is None:
            raise CvBridgeError(f"data ({data.size} bytes) of format '{cmprs_img_msg.format}' "
                                'cannot be decoded')
        if desired_encoding == PASSTHROUGH:
            return image
        channels = 1 if image.ndim == 2 else image.shape[2]
        colour = {1: 'mono', 3: 'bgr', 4: 'bgra'}[channels]
        bits = 8 * image.dtype.itemsize
        name = f'{colour}{bits}' if image.dtype.kind == 'u' else self._cv_type(image)
        return convert(image, parse(name), parse(desired_encoding))

    def cv2_to_compressed_imgmsg(self, cvim: np.ndarray,
                                 dst_format: str = 'jpg') -> CompressedImage:
        """
        Return an array as a compressed message.

        :param cvim: [h, w] or [h, w, channels], colours in the order bgr
        :param dst_format: file name ending of the format, such as 'jpg' or 'png'.
        :raises TypeError: if it is no array.
        :raises CvBridgeError: if it cannot be stored in that format.
        """
        self._cv_type(cvim)
        try:
            _, data = cv2.imencode(f'.{dst_format}', cvim)
        except cv2.error as error:
            raise CvBridgeError(
                f"dst_format '{dst_format}' cannot hold the image: {error.err}") from None
        return CompressedImage(format=dst_format, data=array.array('B', data.tobytes()))

    def encoding_to_dtype_with_channels(self, encoding: str) -> tuple[str, int]:
        """Return the element type and the number of channels of an encoding."""
        found = parse(encoding)
        return found.dtype.name, found.channels

    def encoding_to_cvtype2(self, encoding: str) -> int:
        """Return OpenCV's number for the element type of an encoding."""
        return getattr(cv2, f'CV_{parse(encoding).cv_type}')

    def dtype_with_channels_to_cvtype2(self, dtype: np.dtype, n_channels: int) -> str:
        """Return the name of OpenCV's element type, such as 8UC3."""
        try:
            return f'{DEPTH_OF_NUMPY[np.dtype(dtype).name]}C{n_channels}'
        except KeyError:
            raise CvBridgeError(f'elements of type {dtype} are none of an image') from None

    def _cv_type(self, image: np.ndarray) -> str:
        if not isinstance(image, np.ndarray):
            raise TypeError(f'an image is a numpy array, not {type(image).__name__}')
        if image.ndim not in (2, 3) or 0 in image.shape:
            raise CvBridgeError(f'the shape of an image is (h, w) or (h, w, channels), '
                                f'not {image.shape}')
        return self.dtype_with_channels_to_cvtype2(
            image.dtype, 1 if image.ndim == 2 else image.shape[2])

    @staticmethod
    def _view(message: Image, dtype: np.dtype, channels: int) -> np.ndarray:
        """Return the pixels of a message as they are stored, without the padding of its rows."""
        height, width, step = message.height, message.width, message.step
        row = width * channels * dtype.itemsize
        if not height or not width:
            raise CvBridgeError(f'height and width are {height} and {width}: there is no pixel')
        if step < row:
            raise CvBridgeError(f"step is {step}, less than a row of {width} pixels "
                                f"'{message.encoding}' ({row} bytes)")
        size = len(message.data)
        # The last row needs no padding.
        if size < (height - 1) * step + row:
            raise CvBridgeError(f'data holds {size} bytes, less than height * step = {height} * '
                                f'{step} = {height * step}')
        stored = dtype.newbyteorder('>' if message.is_bigendian else '<')
        shape = (height, width) if channels == 1 else (height, width, channels)
        strides = (step, dtype.itemsize * channels, dtype.itemsize)[:len(shape)]
        data = np.asarray(message.data, np.uint8) if isinstance(message.data, list) \
            else message.data
        image = np.ndarray(shape, stored, data, strides=strides)
        return np.ascontiguousarray(image, dtype)
