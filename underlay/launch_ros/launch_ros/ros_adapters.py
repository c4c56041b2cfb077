"""The launch's own ROS node."""
from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from launch import LaunchContext
from launch.event_handlers import OnShutdown

if TYPE_CHECKING:
    import rclpy.node

__all__ = ['get_ros_node']


class _RosAdapter:
    """A node that spins in a thread until the launch ends."""

    def __init__(self) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.signals import SignalHandlerOptions
        self._context = rclpy.Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self.node = rclpy.create_node(f'launch_ros_{os.getpid()}', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        from rclpy.executors import ExternalShutdownException
        try:
            self._executor.spin()
        except ExternalShutdownException:
            return

    def shutdown(self) -> None:
        """Stop spinning and remove the node."""
        self._context.try_shutdown()
        self._thread.join(1.0)
        self.node.destroy_node()


def get_ros_node(context: LaunchContext) -> rclpy.node.Node:
    """Return the node of this launch, made when first asked for."""
    adapter = context.get_locals_as_dict().get('ros_adapter')
    if adapter is None:
        adapter = _RosAdapter()
        context.extend_globals({'ros_adapter': adapter})
        context.register_event_handler(
            OnShutdown(on_shutdown=lambda *_: adapter.shutdown()))
    return adapter.node
