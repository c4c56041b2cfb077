"""Pictures, joints and transforms of a running robot, for the commands."""
import time
from collections.abc import Iterator

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image

from vla_cameras.calibration.board import CalibrationError
from vla_cameras.calibration.pose import pose_of
from vla_cameras.camera_info import Intrinsics, intrinsics_from_message
from vla_core.conversion import image_from_message, time_from_message
from vla_core.image_processing import ImageProcessing, process_image

__all__ = ['Live', 'Picture']


class Picture:
    """A picture as it came: rgb8, stamp and optical frame."""

    def __init__(self, message: Image) -> None:
        self.stamp_ns = time_from_message(message.header.stamp)
        self.frame = message.header.frame_id
        self._message = message

    @property
    def image(self) -> np.ndarray:
        """rgb8 [h, w, 3]."""
        whole = ImageProcessing(
            width=self._message.width, height=self._message.height, fit='stretch',
            interpolation='nearest')
        return process_image(image_from_message(self._message), self._message.encoding, whole)


class Live:
    """A node of a command; use it in a `with`."""

    def __init__(self, name: str) -> None:
        rclpy.init()
        self.node = rclpy.create_node(name)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._newest: Picture | None = None
        self._info: CameraInfo | None = None
        self._buffer = None

    def __enter__(self) -> 'Live':
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown()

    def spin(self, seconds: float) -> None:
        """Take what comes for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def watch(self, camera: str) -> None:
        """Subscribe to a camera: the name of its topics' folder."""
        self.node.create_subscription(
            Image, f'{camera}/image_raw', self._take, qos_profile_sensor_data)
        self.node.create_subscription(
            CameraInfo, f'{camera}/camera_info', self._take_info, qos_profile_sensor_data)

    def _take(self, message: Image) -> None:
        self._newest = Picture(message)

    def _take_info(self, message: CameraInfo) -> None:
        self._info = message

    def pictures(self, seconds: float) -> Iterator[Picture]:
        """The newest picture again and again, for at most ``seconds``; CalibrationError if none."""
        end, seen = time.monotonic() + seconds, False
        while time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.1)
            picture, self._newest = self._newest, None
            if picture is not None:
                seen = True
                yield picture
        if not seen:
            raise CalibrationError(
                f'no picture came in {seconds:g} s: is the camera node running, and in this '
                f'namespace and ROS_DOMAIN_ID?')

    def intrinsics(self) -> Intrinsics | None:
        """What camera_info says, None if nothing or 'not calibrated'."""
        return intrinsics_from_message(self._info) if self._info is not None else None

    def pose(self, parent: str, child: str, stamp_ns: int) -> np.ndarray | None:
        """Pose [4, 4] of ``child`` in ``parent`` at a time, None while TF does not know it."""
        from tf2_ros import Buffer, TransformException, TransformListener
        if self._buffer is None:
            self._buffer = Buffer()
            self._listener = TransformListener(self._buffer, self.node)
            self.spin(1.0)
        try:
            found = self._buffer.lookup_transform(
                parent, child, Time(nanoseconds=stamp_ns)).transform
        except TransformException:
            return None
        p, q = found.translation, found.rotation
        return pose_of([p.x, p.y, p.z], [q.x, q.y, q.z, q.w])
