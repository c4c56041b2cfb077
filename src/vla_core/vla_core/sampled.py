"""
Topics that are looked at when their reader has time, instead of at every message.

A stream of 100 Hz costs a reader of 20 Hz a fifth, and a flood costs it no more than the depth of
its queue: the middleware drops what is not taken.
"""
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.qos import QoSProfile

__all__ = ['Sampled']

MessageT = TypeVar('MessageT')


@cache
def _never_called() -> type:
    """A callback group that keeps the executor from waking up for what is taken by hand."""
    from rclpy.callback_groups import CallbackGroup

    class NeverCalled(CallbackGroup):
        def can_execute(self, entity: object) -> bool:
            return False

        def beginning_execution(self, entity: object) -> bool:
            return False

        def ending_execution(self, entity: object) -> None:
            pass

    return NeverCalled


class Sampled(Generic[MessageT]):
    """
    A subscription whose messages are taken by `take`; ``newest`` is the last one taken.

    Best effort, so that it matches every publisher, and ``depth`` messages are kept between two
    looks.
    """

    def __init__(self, node: 'Node', message_type: type[MessageT], topic: str, depth: int = 1,
                 qos: 'QoSProfile | None' = None) -> None:
        from rclpy.qos import QoSProfile, ReliabilityPolicy
        self._node = node
        self._subscription = node.create_subscription(
            message_type, topic, _ignore,
            qos or QoSProfile(depth=depth, reliability=ReliabilityPolicy.BEST_EFFORT),
            callback_group=_never_called()())
        self._depth = qos.depth if qos else depth
        self.newest: MessageT | None = None

    def take(self) -> Iterator[MessageT]:
        """The messages that came since the last look, oldest first, at most the depth."""
        handle = self._subscription.handle
        with handle:
            for _ in range(self._depth):
                taken = handle.take_message(self._subscription.msg_type, False)
                if taken is None:
                    return
                self.newest = taken[0]
                yield taken[0]

    def look(self) -> MessageT | None:
        """The newest message there has ever been, or None."""
        for _ in self.take():
            pass
        return self.newest

    def close(self) -> None:
        """Listen no more."""
        self._node.destroy_subscription(self._subscription)


def _ignore(message: Any) -> None:
    """Messages are taken by hand."""
