"""Fills a buffer from /tf and /tf_static."""
from threading import Thread

import rclpy
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from tf2_ros.buffer import Buffer

AUTHORITY = 'default_authority'


class TransformListener:
    """Subscribes to /tf and /tf_static for as long as it lives."""

    def __init__(self, buffer: Buffer, node: Node, *, spin_thread: bool = False,
                 qos: QoSProfile | int | None = None,
                 static_qos: QoSProfile | int | None = None) -> None:
        """
        Start to listen.

        :param buffer: what the transforms are given to.
        :param node: owner; its executor must be spun unless `spin_thread`.
        :param spin_thread: listen with a thread, an executor and a node of the listener's own, so
            that callbacks of `node` may wait for transforms whatever executor runs them.
        :param qos: of /tf; reliable, volatile, the last 100 if None.
        :param static_qos: of /tf_static; reliable, transient local, the last 100 if None.
        """
        if qos is None:
            qos = QoSProfile(depth=100, history=HistoryPolicy.KEEP_LAST,
                             durability=DurabilityPolicy.VOLATILE)
        if static_qos is None:
            static_qos = QoSProfile(depth=100, history=HistoryPolicy.KEEP_LAST,
                                    durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.buffer = buffer
        self.node = self._own_node(node) if spin_thread else node
        # Reentrant: a callback that waits for a transform must not keep the transform out.
        self.group = ReentrantCallbackGroup()
        self.tf_sub = self.node.create_subscription(
            TFMessage, node.resolve_topic_name('/tf'), self.callback, qos,
            callback_group=self.group)
        self.tf_static_sub = self.node.create_subscription(
            TFMessage, node.resolve_topic_name('/tf_static'), self.static_callback, static_qos,
            callback_group=self.group)
        self._thread = None
        if spin_thread:
            self.executor = SingleThreadedExecutor(context=node.context)
            self.executor.add_node(self.node)
            self._thread = Thread(target=spin, args=(self.executor,), daemon=True,
                                  name='transform_listener')
            self._thread.start()

    def callback(self, data: TFMessage) -> None:
        """Give moving transforms to the buffer."""
        for transform in data.transforms:
            self.buffer.set_transform(transform, AUTHORITY)

    def static_callback(self, data: TFMessage) -> None:
        """Give static transforms to the buffer."""
        for transform in data.transforms:
            self.buffer.set_transform_static(transform, AUTHORITY)

    def unregister(self) -> None:
        """Stop to listen; a second call does nothing."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self.executor.shutdown()
            thread.join()
        for subscription in (self.tf_sub, self.tf_static_sub):
            self.node.destroy_subscription(subscription)
        if thread is not None:
            self.node.destroy_node()

    def __del__(self) -> None:
        if hasattr(self, '_thread'):
            self.unregister()

    def _own_node(self, node: Node) -> Node:
        return rclpy.create_node(
            f'transform_listener_impl_{id(self):x}', context=node.context,
            use_global_arguments=False, start_parameter_services=False, enable_rosout=False)


def spin(executor: SingleThreadedExecutor) -> None:
    """Run an executor until it or its context is shut down."""
    try:
        executor.spin()
    except (ExternalShutdownException, InvalidHandle):
        return
    except RuntimeError:
        # What rclpy says when the context is taken away in the midst of a spin.
        if executor.context.ok():
            raise
