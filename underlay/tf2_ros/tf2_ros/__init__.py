"""Transforms between frames on ROS topics."""
from geometry_msgs.msg import TransformStamped
from tf2_py import (
    BufferCore,
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    TimeoutException,
    TransformException,
)

from tf2_ros.buffer import Buffer
from tf2_ros.buffer_interface import (
    BufferInterface,
    ConvertRegistration,
    NotImplementedException,
    Stamped,
    TransformRegistration,
    TypeException,
    convert,
)
from tf2_ros.static_transform_broadcaster import StaticTransformBroadcaster
from tf2_ros.transform_broadcaster import TransformBroadcaster
from tf2_ros.transform_listener import TransformListener

__all__ = [
    'Buffer',
    'BufferCore',
    'BufferInterface',
    'ConnectivityException',
    'ConvertRegistration',
    'ExtrapolationException',
    'InvalidArgumentException',
    'LookupException',
    'NotImplementedException',
    'Stamped',
    'StaticTransformBroadcaster',
    'TimeoutException',
    'TransformBroadcaster',
    'TransformException',
    'TransformListener',
    'TransformRegistration',
    'TransformStamped',  # programs take it from here, as from the genuine one
    'TypeException',
    'convert',
]
