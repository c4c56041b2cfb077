"""Subscriptions to the streams of a contract."""
from collections.abc import Callable
from functools import partial
from typing import Any

from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image, JointState

from vla_core.policy_contract import PolicyContract, Sample
from vla_core.samples import sample_from_message

__all__ = ['StreamSubscriptions']

_TYPES = {
    'sensor_msgs/msg/Image': Image, 'sensor_msgs/msg/CompressedImage': CompressedImage,
    'sensor_msgs/msg/JointState': JointState, 'geometry_msgs/msg/PoseStamped': PoseStamped}
_NEWEST_PICTURE = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
_STATES = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)


class StreamSubscriptions:
    """
    Hands every sample of the topics of ``contract`` to ``take(topic, sample)``.

    A message that is no sample goes to ``refuse(topic, reason)``.
    """

    def __init__(
        self, node: Node, contract: PolicyContract, take: Callable[[str, Sample], None],
        refuse: Callable[[str, str], None],
    ) -> None:
        self._node = node
        self._take, self._refuse = take, refuse
        self._subscriptions = [
            node.create_subscription(
                _TYPES[kind], topic, partial(self._receive, topic, kind),
                _NEWEST_PICTURE if 'Image' in kind else _STATES)
            for topic, kind in contract.topics.items()]

    def close(self) -> None:
        """Unsubscribe."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()

    def _receive(self, topic: str, kind: str, message: Any) -> None:
        try:
            sample = sample_from_message(message, kind)
        except ValueError as error:
            self._refuse(topic, str(error))
            return
        self._take(topic, sample)
