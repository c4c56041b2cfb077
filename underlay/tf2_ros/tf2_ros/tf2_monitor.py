"""Prints how often and how late each frame is published."""
import sys
from argparse import ArgumentParser
from collections import deque

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from tf2_msgs.msg import TFMessage

from tf2_ros.command_line import own_arguments, run

WINDOW = 200
"""Transforms of a frame that its figures are taken over."""


class TransformMonitor(Node):
    """Prints rate (Hz) and delay (s, receipt minus stamp) of every frame, once a second."""

    def __init__(self) -> None:
        super().__init__('tf2_monitor')
        self._static: dict[str, str] = {}
        self._moving: dict[str, tuple[str, deque[tuple[float, float]]]] = {}
        latched = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._subscriptions_of_tf = (
            self.create_subscription(TFMessage, '/tf', self._note_moving, 100),
            self.create_subscription(TFMessage, '/tf_static', self._note_static, latched))
        self._timer = self.create_timer(1.0, lambda: print(self.report(), flush=True))

    def report(self) -> str:
        """Return one line a frame."""
        lines = ['RESULTS: for all Frames']
        lines += [f'Frame: {child}, parent: {parent}, static'
                  for child, parent in sorted(self._static.items())]
        for child, (parent, arrivals) in sorted(self._moving.items()):
            span = arrivals[-1][0] - arrivals[0][0]
            rate = (len(arrivals) - 1) / span if span else 0.0
            delays = [delay for _, delay in arrivals]
            lines.append(f'Frame: {child}, parent: {parent}, rate: {rate:.3f} Hz, '
                         f'average delay: {sum(delays) / len(delays):.6f} s, '
                         f'max delay: {max(delays):.6f} s')
        return '\n'.join(lines)

    def _note_static(self, message: TFMessage) -> None:
        self._static.update((one.child_frame_id, one.header.frame_id) for one in message.transforms)

    def _note_moving(self, message: TFMessage) -> None:
        now = self.get_clock().now()
        for one in message.transforms:
            delay = (now - Time.from_msg(one.header.stamp)).nanoseconds / 1e9
            _, arrivals = self._moving.setdefault(
                one.child_frame_id, (one.header.frame_id, deque(maxlen=WINDOW)))
            arrivals.append((now.nanoseconds / 1e9, delay))


def main() -> int:
    """Print until told to stop."""
    ArgumentParser(
        prog='tf2_monitor', description='Tell the rate and the delay of every transform on /tf.',
    ).parse_args(own_arguments())
    return run(TransformMonitor, sys.argv)
