"""What the command line tools share: run a node until it is told to stop."""
import signal
import sys
from collections.abc import Callable
from socket import socketpair
from threading import Thread

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from rclpy.utilities import remove_ros_args


class StopSignal:
    """
    SIGINT or SIGTERM as a future.

    rclpy's own handlers take the context away under a running callback, which ends in a
    traceback. Here the C handler writes to a socket, and its reader ends the spin between two
    callbacks.
    """

    def __init__(self) -> None:
        self.received = Future()
        self._reader, self._writer = socketpair()
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        self._reader.recv(1)
        self.received.set_result(None)


def own_arguments() -> list[str]:
    """Return the arguments that are not for ROS; exit with a line if ROS cannot read its own."""
    try:
        return remove_ros_args(sys.argv)[1:]
    except RuntimeError as error:
        sys.exit(f"error: {' '.join(str(error).split(', at /')[0].split())}")


def run(make_node: Callable[[], Node], arguments: list[str]) -> int:
    """Spin a node until SIGINT or SIGTERM, and return the exit status."""
    stop = StopSignal()
    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    try:
        rclpy.spin_until_future_complete(make_node(), stop.received, SingleThreadedExecutor())
    finally:
        rclpy.shutdown()
    return 0
