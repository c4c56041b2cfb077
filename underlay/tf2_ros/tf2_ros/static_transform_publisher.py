"""Latches one transform, given on the command line, on /tf_static."""
import sys
from argparse import ArgumentParser, Namespace
from math import cos, sin, sqrt

from geometry_msgs.msg import Quaternion, TransformStamped, Vector3
from rclpy.node import Node

from tf2_ros.command_line import own_arguments, run
from tf2_ros.static_transform_broadcaster import StaticTransformBroadcaster


class StaticTransformPublisher(Node):
    """Holds one static transform for as long as it lives."""

    def __init__(self, transform: TransformStamped) -> None:
        super().__init__('static_transform_publisher')
        transform.header.stamp = self.get_clock().now().to_msg()
        self._broadcaster = StaticTransformBroadcaster(self)
        self._broadcaster.sendTransform(transform)
        self.get_logger().info(
            f"'{transform.child_frame_id}' in '{transform.header.frame_id}': "
            f'{transform.transform.translation} {transform.transform.rotation}')


def read_arguments(arguments: list[str]) -> TransformStamped:
    """Return the transform that the command line describes; exit with a line if it cannot be."""
    parser = ArgumentParser(
        prog='static_transform_publisher',
        description='Latch on /tf_static where a child frame stands in its parent frame.')
    for name in ('x', 'y', 'z'):
        parser.add_argument(f'--{name}', type=float, default=0.0, help='translation, m')
    for name in ('qx', 'qy', 'qz', 'qw'):
        parser.add_argument(f'--{name}', type=float, help='rotation as a quaternion')
    for name in ('roll', 'pitch', 'yaw'):
        parser.add_argument(f'--{name}', type=float, help='rotation about x, y, z, rad')
    parser.add_argument('--frame-id', required=True, help='parent frame')
    parser.add_argument('--child-frame-id', required=True, help='child frame')
    options = parser.parse_args(arguments)
    if options.frame_id == options.child_frame_id:
        parser.error(f"--frame-id and --child-frame-id are the same: '{options.frame_id}'")
    quaternion = [options.qx, options.qy, options.qz, options.qw]
    angles = [options.roll, options.pitch, options.yaw]
    if any(value is not None for value in quaternion) and any(a is not None for a in angles):
        parser.error('give the rotation as a quaternion or as roll, pitch and yaw, not as both')
    if any(value is not None for value in quaternion):
        quaternion = [value or 0.0 for value in quaternion]
        norm = sqrt(sum(value * value for value in quaternion))
        if norm == 0.0:
            parser.error('--qx, --qy, --qz and --qw are all zero, which is no rotation')
        quaternion = [value / norm for value in quaternion]
    else:
        quaternion = from_roll_pitch_yaw(*(angle or 0.0 for angle in angles))
    return to_transform(options, quaternion)


def to_transform(options: Namespace, quaternion: list[float]) -> TransformStamped:
    """Return the message for parsed options and a unit quaternion xyzw."""
    x, y, z, w = quaternion
    message = TransformStamped(child_frame_id=options.child_frame_id)
    message.header.frame_id = options.frame_id
    message.transform.translation = Vector3(x=options.x, y=options.y, z=options.z)
    message.transform.rotation = Quaternion(x=x, y=y, z=z, w=w)
    return message


def from_roll_pitch_yaw(roll: float, pitch: float, yaw: float) -> list[float]:
    """Return the quaternion xyzw of Rz(yaw)·Ry(pitch)·Rx(roll), angles in rad."""
    cr, cp, cy = cos(roll / 2), cos(pitch / 2), cos(yaw / 2)
    sr, sp, sy = sin(roll / 2), sin(pitch / 2), sin(yaw / 2)
    return [sr * cp * cy - cr * sp * sy, cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy, cr * cp * cy + sr * sp * sy]


def main() -> int:
    """Publish until told to stop."""
    transform = read_arguments(own_arguments())
    return run(lambda: StaticTransformPublisher(transform), sys.argv)
