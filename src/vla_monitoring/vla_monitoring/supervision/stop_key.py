"""
A stop under one's finger: `ros2 run vla_monitoring stop_key`.

Space or Enter stops, r releases, q ends. Any other key stops too: who hits the keyboard in a hurry
means it.
"""
import os
import signal
import sys
import termios
import threading
import tty

from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import Trigger

from vla_core.node import run_node

__all__ = ['StopKey', 'main']

WAIT_S = 2.0


class StopKey(Node):
    """Asks the controller itself, so that a stop needs nobody else, and tells the supervisor."""

    def __init__(self) -> None:
        super().__init__('stop_key')
        self._stop = self.create_client(Trigger, 'stop')
        self._release = self.create_client(Trigger, 'supervisor/release')
        self._tell = self.create_publisher(String, 'operator_stop', 10)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        print('space: stop   r: release   q: end', flush=True)
        while key := _key():
            if key == 'q':
                break
            if key == 'r':
                self._call(self._release, 'supervisor/release')
            else:
                self._tell.publish(String(data='the key'))
                self._call(self._stop, 'stop')
        threading.Thread(target=_interrupt, daemon=True).start()

    def _call(self, client: object, name: str) -> None:
        if not client.service_is_ready():
            print(f'NOT DONE: there is no service {name}', flush=True)
            return
        future = client.call_async(Trigger.Request())
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        if done.wait(WAIT_S):
            answer = future.result()
            print(f'{"" if answer.success else "NOT DONE: "}{answer.message}', flush=True)
        else:
            print(f'NOT DONE: no answer of {name} in {WAIT_S:g} s', flush=True)


def _key() -> str:
    """The next key; '' at the end of the input."""
    if not sys.stdin.isatty():
        return sys.stdin.read(1)
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        return sys.stdin.read(1)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def main(args: list[str] | None = None) -> int:
    """Run the node until q."""
    return run_node(StopKey, args)


if __name__ == '__main__':
    raise SystemExit(main())
