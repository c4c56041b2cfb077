"""Prints the transform between two frames, again and again."""
import sys
from argparse import ArgumentParser
from math import asin, atan2, copysign, degrees, pi

from geometry_msgs.msg import Quaternion, TransformStamped
from rclpy.node import Node
from rclpy.time import Time

from tf2_ros import Buffer, TransformException, TransformListener
from tf2_ros.command_line import own_arguments, run


class TransformEcho(Node):
    """Prints where `child` stands in `parent`, `rate` times a second."""

    def __init__(self, parent: str, child: str, rate: float) -> None:
        super().__init__('tf2_echo')
        self._frames = parent, child
        self._buffer = Buffer(node=self)
        self._listener = TransformListener(self._buffer, self)
        self._timer = self.create_timer(1.0 / rate, self._echo)

    def _echo(self) -> None:
        try:
            text = describe(self._buffer.lookup_transform(*self._frames, Time()))
        except TransformException as error:
            text = f'Waiting for transform: {error}'
        print(text, flush=True)


def describe(message: TransformStamped) -> str:
    """Return a transform as text: translation (m), quaternion, roll, pitch, yaw (rad, degrees)."""
    stamp, t, q = message.header.stamp, message.transform.translation, message.transform.rotation
    rpy = to_roll_pitch_yaw(q)
    return (f'At time {stamp.sec}.{stamp.nanosec:09d}\n'
            f'- Translation: [{t.x:.3f}, {t.y:.3f}, {t.z:.3f}]\n'
            f'- Rotation: in Quaternion (xyzw) [{q.x:.3f}, {q.y:.3f}, {q.z:.3f}, {q.w:.3f}]\n'
            f"- Rotation: in RPY (radian) [{', '.join(f'{a:.3f}' for a in rpy)}]\n"
            f"- Rotation: in RPY (degree) [{', '.join(f'{degrees(a):.3f}' for a in rpy)}]")


def to_roll_pitch_yaw(q: Quaternion) -> tuple[float, float, float]:
    """Return the angles (rad) of Rz(yaw)·Ry(pitch)·Rx(roll)."""
    sine = 2.0 * (q.w * q.y - q.z * q.x)
    pitch = copysign(pi / 2, sine) if abs(sine) >= 1.0 else asin(sine)
    return (atan2(2.0 * (q.w * q.x + q.y * q.z), 1.0 - 2.0 * (q.x * q.x + q.y * q.y)), pitch,
            atan2(2.0 * (q.w * q.z + q.x * q.y), 1.0 - 2.0 * (q.y * q.y + q.z * q.z)))


def main() -> int:
    """Print until told to stop."""
    parser = ArgumentParser(
        prog='tf2_echo', description='Print where a child frame stands in a parent frame.')
    parser.add_argument('source_frame', help='parent frame')
    parser.add_argument('target_frame', help='child frame')
    parser.add_argument('rate', nargs='?', type=float, default=1.0, help='Hz (default 1)')
    options = parser.parse_args(own_arguments())
    if options.rate <= 0.0:
        parser.error(f'rate {options.rate} is not positive')
    return run(lambda: TransformEcho(options.source_frame, options.target_frame, options.rate),
               sys.argv)
