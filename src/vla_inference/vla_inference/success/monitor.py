"""A monitor that judges scene and instruction: std_msgs/String on `task_abstained`, the reason."""
from std_msgs.msg import String

from vla_inference.success.source import SuccessSource
from vla_inference.task import Outcome, Verdict

__all__ = ['Monitor']


class Monitor(SuccessSource):
    """Ends the task as abstained when a monitor says that the policy should not act here."""

    def __init__(self, node) -> None:
        self._reason = ''
        self._subscription = node.create_subscription(String, 'task_abstained', self._take, 10)

    def begin(self, instruction: str) -> None:
        self._reason = ''

    def verdict(self) -> Verdict | None:
        return Verdict(Outcome.ABSTAINED, self._reason) if self._reason else None

    def _take(self, message: String) -> None:
        self._reason = message.data or 'a monitor abstains'
