"""Nodes spun by an executor in a thread of its own."""

from __future__ import annotations

import threading
from contextlib import suppress

from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from vla_core.executor import KeepingExecutor

__all__ = ['ExecutorThread']


class ExecutorThread:
    """Spins from the moment it is made until `close`."""

    def __init__(self, node: Node) -> None:
        """Begin with a node, whose context is that of every later one."""
        self._executor = KeepingExecutor(context=node.context)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, name=node.get_name(), daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        with suppress(ExternalShutdownException):
            self._executor.spin()

    def add(self, node: Node) -> None:
        """Spin this node too."""
        self._executor.add_node(node)

    def remove(self, node: Node) -> None:
        """Spin it no more."""
        self._executor.remove_node(node)

    def close(self) -> None:
        """End the thread."""
        self._executor.shutdown(timeout_sec=1.0)
        self._thread.join(1.0)
