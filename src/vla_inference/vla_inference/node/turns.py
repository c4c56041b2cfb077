"""How coroutines of a node wait for a condition without holding its executor up."""
import time
from collections.abc import Callable

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.task import Future

__all__ = ['Turns']

TURN_S = 0.01


class Turns:
    """A timer that runs while coroutines of ``node`` wait, and lets them look again."""

    def __init__(self, node: Node) -> None:
        self._next: Future | None = None
        self._timer = node.create_timer(
            TURN_S, self._turn, callback_group=ReentrantCallbackGroup(),
            clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._timer.cancel()

    async def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until ``condition`` holds; False when it does not within ``timeout_s``."""
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                return False
            if self._next is None:
                self._next = Future()
                self._timer.reset()
            await self._next
        return True

    def _turn(self) -> None:
        turn, self._next = self._next, None
        self._timer.cancel()
        if turn is not None:
            turn.set_result(None)
