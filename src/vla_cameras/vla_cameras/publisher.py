"""The topics of one camera, named as ROS camera drivers and image_transport name them."""
import cv2
import numpy as np
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from vla_cameras.camera_info import Intrinsics, camera_info_to_message
from vla_cameras.configuration import CameraConfig
from vla_cameras.frame import Frame
from vla_core.conversion import image_to_message, time_to_message

__all__ = ['CameraPublisher']

# Reliable serves every subscriber, and with so few kept it never waits for one.
QUALITY = QoSProfile(depth=5)
SAME_ASPECT = 0.01

_CONVERSIONS = {
    ('bgr8', 'rgb8'): cv2.COLOR_BGR2RGB, ('rgb8', 'bgr8'): cv2.COLOR_RGB2BGR,
    ('bgr8', 'mono8'): cv2.COLOR_BGR2GRAY, ('rgb8', 'mono8'): cv2.COLOR_RGB2GRAY,
    ('mono8', 'rgb8'): cv2.COLOR_GRAY2RGB, ('mono8', 'bgr8'): cv2.COLOR_GRAY2BGR}


class CameraPublisher:
    """
    Publishes below ``<camera>/``, from the thread that calls `publish`.

    ``image_raw``, ``camera_info``, where asked for ``image_raw/compressed``, and for pictures with
    depth ``depth/image_raw`` (32FC1, m) and ``depth/camera_info``. What nobody listens to is not
    made.
    """

    def __init__(self, node: Node, config: CameraConfig, known: Intrinsics | None) -> None:
        self._node = node
        self._config = config
        calibrated = config.calibration.intrinsics
        self._intrinsics = calibrated.intrinsics if calibrated else known
        self._images = self._create(Image, 'image_raw')
        self._infos = self._create(CameraInfo, 'camera_info')
        self._compressed = (self._create(CompressedImage, 'image_raw/compressed')
                            if config.publish.compressed else None)
        self._depths = self._depth_infos = None
        self._image, self._depth = Image(), Image()

    def _create(self, kind: type, topic: str):
        return self._node.create_publisher(
            kind, f'{self._config.name}/{topic}', QUALITY,
            qos_overriding_options=QoSOverridingOptions.with_default_policies())

    def publish(self, frame: Frame, stamp_ns: int) -> None:
        """Publish a picture taken at ``stamp_ns``, a time of ROS."""
        captured = frame.image.shape[1], frame.image.shape[0]
        size = (self._config.publish.width or captured[0],
                self._config.publish.height or captured[1])
        heard = frame.shown and _heard(self._images)
        heard_compressed = frame.shown and _heard(self._compressed)
        if heard or heard_compressed:
            image = self._converted(frame, size)
            if heard:
                self._fill(self._image, image, self._config.publish.encoding, stamp_ns)
                self._images.publish(self._image)
            if heard_compressed:
                self._compressed.publish(self._jpeg(image, stamp_ns))
        self._infos.publish(self._info(captured, size, stamp_ns))
        if frame.depth is not None and frame.shown:
            self._publish_depth(frame.depth, captured, size, stamp_ns)

    def heard(self) -> bool:
        """Whether anybody listens to pictures of any kind."""
        return any(map(_heard, (
            self._images, self._compressed, self._depths, self._depth_infos)))

    def _converted(self, frame: Frame, size: tuple[int, int]) -> np.ndarray:
        image = frame.image
        if size != (image.shape[1], image.shape[0]):
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        conversion = _CONVERSIONS.get((frame.encoding, self._config.publish.encoding))
        return image if conversion is None else cv2.cvtColor(image, conversion)

    def _publish_depth(
        self, depth: np.ndarray, captured: tuple[int, int], size: tuple[int, int], stamp_ns: int,
    ) -> None:
        if self._depths is None:
            self._depths = self._create(Image, 'depth/image_raw')
            self._depth_infos = self._create(CameraInfo, 'depth/camera_info')
        if size != captured:
            # Depths of two surfaces have no mean that lies on either.
            depth = cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST)
        self._fill(self._depth, depth, '32FC1', stamp_ns)
        self._depths.publish(self._depth)
        self._depth_infos.publish(self._info(captured, size, stamp_ns))

    def _fill(self, message: Image, image: np.ndarray, encoding: str, stamp_ns: int) -> None:
        self._stamp(message, stamp_ns)
        image_to_message(image, encoding, message)

    def _jpeg(self, image: np.ndarray, stamp_ns: int) -> CompressedImage:
        encoding = self._config.publish.encoding
        if encoding == 'rgb8':
            image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode('.jpg', image, [
            cv2.IMWRITE_JPEG_QUALITY, self._config.publish.jpeg_quality])
        stored = 'mono8' if encoding == 'mono8' else 'bgr8'
        message = self._stamp(
            CompressedImage(format=f'{encoding}; jpeg compressed {stored}'), stamp_ns)
        message.data.frombytes(data)
        return message

    def _info(
        self, captured: tuple[int, int], size: tuple[int, int], stamp_ns: int,
    ) -> CameraInfo:
        intrinsics = self._intrinsics
        if intrinsics is not None:
            aspect = intrinsics.width * captured[1] / (intrinsics.height * captured[0])
            if abs(aspect - 1.0) > SAME_ASPECT:
                intrinsics = None  # the sensor shows another part of the scene
        return self._stamp(camera_info_to_message(intrinsics, *size, CameraInfo()), stamp_ns)

    def _stamp(self, message, stamp_ns: int):
        time_to_message(stamp_ns, message.header.stamp)
        message.header.frame_id = self._config.frame
        return message


def _heard(publisher: Publisher | None) -> bool:
    return publisher is not None and publisher.get_subscription_count() > 0
