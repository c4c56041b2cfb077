"""The person beside the robot: services `task_succeeded` and `task_failed`."""
from std_srvs.srv import Trigger

from vla_inference.success.source import SuccessSource
from vla_inference.task import Outcome, Verdict

__all__ = ['Operator']


class Operator(SuccessSource):
    """Ends the task by a call of std_srvs/Trigger."""

    def __init__(self, node) -> None:
        self._running = False
        self._verdict: Verdict | None = None
        self._services = [
            node.create_service(Trigger, name, self._answer(outcome))
            for name, outcome in (
                ('task_succeeded', Outcome.SUCCEEDED), ('task_failed', Outcome.FAILED))]

    def begin(self, instruction: str) -> None:
        self._running, self._verdict = True, None

    def verdict(self) -> Verdict | None:
        if self._verdict is not None:
            self._running = False
        return self._verdict

    def _answer(self, outcome: Outcome):
        def answer(_: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            response.success = self._running
            response.message = 'noted' if self._running else 'no task is running'
            if self._running:
                self._verdict = Verdict(outcome, f'the operator says it {outcome.name.lower()}')
            return response
        return answer
