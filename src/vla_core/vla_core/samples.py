"""
From a ROS message to a sample of a policy contract: the one way live, in bags and in export.

Messages are read by their fields, so those of rclpy and those that `rosbags` decodes give the
same samples. Nothing of ROS is imported.
"""
from typing import Any

import cv2
import numpy as np

from vla_core.conversion import (
    ConversionError,
    image_from_message,
    pose_from_message,
    time_from_message,
)
from vla_core.policy_contract import CameraSample, JointSample, PoseSample, Sample

__all__ = ['sample_from_message']


def sample_from_message(message: Any, message_type: str) -> Sample:
    """
    The sample in a message of ``message_type`` ('sensor_msgs/msg/Image' and the like).

    An image is a view of the message's memory; a compressed one is decoded to bgr8.
    ConversionError for a message that contradicts itself or a type that no contract takes.
    """
    if message_type not in _READERS:
        raise ConversionError(f'{message_type}: no policy contract takes it; it takes '
                              f'{", ".join(_READERS)}')
    return _READERS[message_type](message, time_from_message(message.header.stamp))


def _image(message: Any, stamp_ns: int) -> CameraSample:
    return CameraSample(image_from_message(message), message.encoding, stamp_ns)


def _compressed(message: Any, stamp_ns: int) -> CameraSample:
    packed = np.frombuffer(message.data, dtype=np.uint8)
    image = cv2.imdecode(packed, cv2.IMREAD_COLOR) if packed.size else None
    if image is None:
        raise ConversionError(
            f'image: data: {packed.size} bytes of {message.format!r} cannot be decoded')
    return CameraSample(image, 'bgr8', stamp_ns)


def _joints(message: Any, stamp_ns: int) -> JointSample:
    return JointSample(
        tuple(message.name), stamp_ns, np.array(message.position, dtype=np.float64),
        np.array(message.velocity, dtype=np.float64), np.array(message.effort, dtype=np.float64))


def _pose(message: Any, stamp_ns: int) -> PoseSample:
    return PoseSample(*pose_from_message(message.pose), stamp_ns)


_READERS = {
    'sensor_msgs/msg/Image': _image,
    'sensor_msgs/msg/CompressedImage': _compressed,
    'sensor_msgs/msg/JointState': _joints,
    'geometry_msgs/msg/PoseStamped': _pose,
}
