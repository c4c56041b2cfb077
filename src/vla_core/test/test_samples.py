"""Messages become samples by their fields, whoever decoded them."""
from types import SimpleNamespace as Message

import cv2
import numpy as np
import pytest

from vla_core.conversion import ConversionError
from vla_core.samples import sample_from_message

HEADER = Message(stamp=Message(sec=3, nanosec=5))


def test_image_is_a_view_with_its_stamp():
    data = np.arange(24, dtype=np.uint8)
    message = Message(header=HEADER, width=2, height=4, encoding='rgb8', step=6, is_bigendian=0,
                      data=data)
    sample = sample_from_message(message, 'sensor_msgs/msg/Image')
    assert (sample.stamp_ns, sample.encoding) == (3_000_000_005, 'rgb8')
    assert sample.image.shape == (4, 2, 3)
    assert np.shares_memory(sample.image, data)


def test_compressed_image_is_decoded_or_named():
    image = np.full((6, 8, 3), (10, 200, 30), np.uint8)
    packed = cv2.imencode('.png', image)[1].tobytes()
    message = Message(header=HEADER, format='png', data=packed)
    sample = sample_from_message(message, 'sensor_msgs/msg/CompressedImage')
    assert sample.encoding == 'bgr8' and np.array_equal(sample.image, image)
    message.data = b'nothing of the kind'
    with pytest.raises(ConversionError, match="of 'png' cannot be decoded"):
        sample_from_message(message, 'sensor_msgs/msg/CompressedImage')


def test_joints_and_poses():
    message = Message(header=HEADER, name=['b', 'a'], position=[1.0, 2.0], velocity=[], effort=[])
    sample = sample_from_message(message, 'sensor_msgs/msg/JointState')
    assert sample.names == ('b', 'a') and sample.position.tolist() == [1.0, 2.0]
    pose = Message(position=Message(x=1.0, y=2.0, z=3.0),
                   orientation=Message(x=0.0, y=0.0, z=0.0, w=1.0))
    sample = sample_from_message(
        Message(header=HEADER, pose=pose), 'geometry_msgs/msg/PoseStamped')
    assert sample.position.tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(ConversionError, match='no policy contract takes it'):
        sample_from_message(message, 'std_msgs/msg/String')
