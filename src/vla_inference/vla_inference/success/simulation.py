"""The check of the simulated world: vla_interfaces/TaskCheck on `task_check`."""
from std_srvs.srv import Trigger

from vla_inference.success.source import SuccessSource
from vla_inference.task import Outcome, Verdict
from vla_interfaces.msg import TaskCheck

__all__ = ['Simulation']


class Simulation(SuccessSource):
    """Begins the check anew with each task and believes what it says of that attempt."""

    def __init__(self, node) -> None:
        self._check: TaskCheck | None = None
        self._ignored_attempt = -1
        self._subscription = node.create_subscription(TaskCheck, 'task_check', self._take, 10)
        self._restart = node.create_client(Trigger, 'task_check/restart')

    def begin(self, instruction: str) -> None:
        self._ignored_attempt = self._check.attempt if self._check is not None else -1
        self._check = None
        if self._restart.service_is_ready():
            self._restart.call_async(Trigger.Request())

    def verdict(self) -> Verdict | None:
        check = self._check
        if check is None:
            return None
        if check.success:
            return Verdict(Outcome.SUCCEEDED, f'the simulation sees {check.task} done')
        if check.failure:
            return Verdict(Outcome.FAILED, f'the simulation sees that {check.failure}')
        return None

    @property
    def progress(self) -> float:
        return self._check.progress if self._check is not None else -1.0

    def success_if_ended(self) -> bool | None:
        return self._check.success_if_ended if self._check is not None else None

    def _take(self, message: TaskCheck) -> None:
        if message.attempt != self._ignored_attempt and message.task:
            self._check = message
