"""A managed node that runs until it is told to end."""
import contextlib

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode

rclpy.init()
with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
    rclpy.spin(LifecycleNode('managed'))
