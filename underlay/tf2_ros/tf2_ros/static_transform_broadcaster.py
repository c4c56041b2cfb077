"""Latches transforms that never change on /tf_static."""
from collections.abc import Iterable

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from tf2_ros.transform_broadcaster import as_list


class StaticTransformBroadcaster:
    """
    Publishes transforms that hold at every time.

    Every message carries all of them: the topic keeps the last message only for those who join
    later.
    """

    def __init__(self, node: Node, qos: QoSProfile | int | None = None) -> None:
        """
        Make the publisher.

        :param qos: of /tf_static; reliable, transient local, the last one if None.
        """
        if qos is None:
            qos = QoSProfile(depth=1, history=HistoryPolicy.KEEP_LAST,
                             durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.pub_tf = node.create_publisher(TFMessage, '/tf_static', qos)
        self._transforms: dict[str, TransformStamped] = {}

    def sendTransform(self, transform: TransformStamped | Iterable[TransformStamped]) -> None:
        """Publish one transform or several, in place of earlier ones of the same child frames."""
        self._transforms.update((one.child_frame_id, one) for one in as_list(transform))
        self.pub_tf.publish(TFMessage(transforms=list(self._transforms.values())))
