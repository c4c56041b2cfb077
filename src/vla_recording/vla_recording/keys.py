"""
``ros2 run vla_recording keys``: start, mark and end episodes with single keys in a terminal.

The keys become words on ``episode_command``, which the recorder obeys.
"""
import contextlib
import select
import sys
import termios
import tty
from collections.abc import Iterator

import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from vla_interfaces.msg import EpisodeStatus

__all__ = ['KEYS', 'main']

KEYS = {' ': 'start', 's': 'succeeded', 'f': 'failed', 'k': 'keep', 'd': 'discard', 'm': 'mark'}
_STATES = {EpisodeStatus.IDLE: 'ready', EpisodeStatus.RECORDING: 'RECORDING',
           EpisodeStatus.FINISHING: 'writing', EpisodeStatus.FAILED: 'FAILED'}


def main() -> int:
    """Read keys until q or Ctrl-C."""
    if not sys.stdin.isatty():
        print('error: keys are read from a terminal; publish on episode_command instead',
              file=sys.stderr)
        return 1
    rclpy.init()
    node = rclpy.create_node('episode_keys')
    commands = node.create_publisher(String, 'episode_command', 10)
    node.create_subscription(
        EpisodeStatus, 'episode_status', _show,
        QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    print('space start · s succeeded · f failed · k keep · d discard · m mark · q quit')
    try:
        with _single_keys():
            while True:
                rclpy.spin_once(node, timeout_sec=0.05)
                if not select.select([sys.stdin], [], [], 0)[0]:
                    continue
                key = sys.stdin.read(1)
                if key in ('q', ''):
                    break
                if key in KEYS:
                    commands.publish(String(data=KEYS[key]))
    except KeyboardInterrupt:
        pass
    finally:
        print()
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _show(status: EpisodeStatus) -> None:
    parts = [_STATES.get(status.state, '?')]
    if status.state == EpisodeStatus.RECORDING:
        parts.append(f'{status.duration:6.1f} s  {status.messages} messages  '
                     f'{status.bytes / 1e6:.0f} MB  {status.lost_messages} lost')
    if status.message:
        parts.append(status.message)
    print('\r\x1b[K' + '  '.join(parts)[:120], end='', flush=True)


@contextlib.contextmanager
def _single_keys() -> Iterator[None]:
    """Keys come as they are pressed; Ctrl-C still interrupts."""
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


if __name__ == '__main__':
    sys.exit(main())
