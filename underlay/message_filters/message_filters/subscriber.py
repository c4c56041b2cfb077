"""The start of a chain of filters."""
from typing import Any

from rclpy.node import Node

from message_filters.simple_filter import SimpleFilter


class Subscriber(SimpleFilter):
    """Hands on the messages of a topic."""

    def __init__(self, node: Node, msg_type: type, topic: str, **options: Any) -> None:
        """
        Subscribe.

        :param options: those of Node.create_subscription; qos_profile is a depth of 10 if not
            given.
        """
        super().__init__()
        self.node, self.topic = node, topic
        options.setdefault('qos_profile', 10)
        self.sub = node.create_subscription(msg_type, topic, callback=self.signalMessage, **options)

    def getTopic(self) -> str:
        """Return the name of the topic."""
        return self.topic
