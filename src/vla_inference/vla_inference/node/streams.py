"""
Subscriptions to the streams of a contract.

States come far more often than they are used, so they are taken before each picture, and not one
by one as they come: an executor spends more on a message than the message is worth.
"""
from collections.abc import Callable
from functools import partial
from typing import Any

from geometry_msgs.msg import PoseStamped
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image, JointState

from vla_core.policy_contract import PolicyContract, Sample
from vla_core.sampled import Sampled
from vla_core.samples import sample_from_message

__all__ = ['StreamSubscriptions']

_TYPES = {
    'sensor_msgs/msg/Image': Image, 'sensor_msgs/msg/CompressedImage': CompressedImage,
    'sensor_msgs/msg/JointState': JointState, 'geometry_msgs/msg/PoseStamped': PoseStamped}
_NEWEST_PICTURE = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
_STATES = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
_KEPT = 100  # states between two looks: those of 1 kHz for 0.1 s
_LOOK_S = 0.05  # between two looks while no picture comes


class StreamSubscriptions:
    """
    Hands every sample of the topics of ``contract`` to ``take(topic, sample)``.

    A message that is no sample goes to ``refuse(topic, reason)``. Without pictures every state
    counts, and is handed on as it comes.
    """

    def __init__(
        self, node: Node, contract: PolicyContract, take: Callable[[str, Sample], None],
        refuse: Callable[[str, str], None],
    ) -> None:
        self._node = node
        self._take, self._refuse = take, refuse
        pictures = {topic for topic, kind in contract.topics.items() if 'Image' in kind}
        self._states = {
            topic: (kind, Sampled(node, _TYPES[kind], topic, _KEPT))
            for topic, kind in contract.topics.items() if pictures and topic not in pictures}
        self._subscriptions = [
            node.create_subscription(
                _TYPES[kind], topic, partial(self._receive, topic, kind),
                _NEWEST_PICTURE if topic in pictures else _STATES)
            for topic, kind in contract.topics.items() if topic not in self._states]
        self._timer = node.create_timer(
            _LOOK_S, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def close(self) -> None:
        """Unsubscribe."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()
        self._node.destroy_timer(self._timer)
        for _, states in self._states.values():
            states.close()
        self._states.clear()

    def _look(self) -> None:
        for topic, (kind, states) in self._states.items():
            for message in states.take():
                self._hand_on(topic, kind, message)

    def _receive(self, topic: str, kind: str, message: Any) -> None:
        self._look()
        self._hand_on(topic, kind, message)

    def _hand_on(self, topic: str, kind: str, message: Any) -> None:
        try:
            sample = sample_from_message(message, kind)
        except ValueError as error:
            self._refuse(topic, str(error))
            return
        self._take(topic, sample)
