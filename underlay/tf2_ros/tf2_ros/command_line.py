"""What the command line tools share: run a node until it is told to stop."""
from collections.abc import Callable

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node


def run(make_node: Callable[[], Node], arguments: list[str]) -> int:
    """Spin a node until SIGINT or SIGTERM, and return the exit status."""
    rclpy.init(args=arguments)
    try:
        rclpy.spin(make_node())
    except (KeyboardInterrupt, ExternalShutdownException):
        return 0
    except RuntimeError:
        # What rclpy says when a signal takes the context away in the midst of a spin.
        if rclpy.ok():
            raise
    finally:
        rclpy.try_shutdown()
    return 0
