"""A detector of success: std_msgs/Bool on `task_success`."""
import time

from std_msgs.msg import Bool

from vla_inference.success.source import SuccessSource
from vla_inference.task import Outcome, Verdict

__all__ = ['Detector']

HELD_S = 0.5


class Detector(SuccessSource):
    """Success when the detector has said true, and nothing else, for half a second."""

    def __init__(self, node) -> None:
        self._since_s: float | None = None
        self._heard_s = 0.0
        self._subscription = node.create_subscription(Bool, 'task_success', self._take, 10)

    def begin(self, instruction: str) -> None:
        self._since_s = None

    def verdict(self) -> Verdict | None:
        if self._since_s is None or self._heard_s - self._since_s < HELD_S:
            return None
        return Verdict(Outcome.SUCCEEDED, 'the detector sees success')

    def _take(self, message: Bool) -> None:
        self._heard_s = time.monotonic()
        if not message.data:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = self._heard_s
