"""
One task from its beginning to an outcome that can be told.

Whoever knows something says so here: a source of success, the safety chain, the person who cancels,
the policy. The first word counts, and the outcome carries who said it.
"""
from dataclasses import dataclass, replace
from enum import IntEnum

__all__ = ['Outcome', 'Phase', 'Task', 'TaskEnd', 'Verdict']


class Outcome(IntEnum):
    """How a task ended; the numbers of vla_interfaces/action/ExecuteTask."""

    SUCCEEDED = 0
    FAILED = 1
    TIMED_OUT = 2
    CANCELLED = 3
    SAFETY_STOP = 4
    ABSTAINED = 5


class Phase(IntEnum):
    """What a task is doing; the numbers of vla_interfaces/action/ExecuteTask."""

    STARTING = 0
    ACTING = 1
    ASKING = 2
    RECOVERING = 3
    FINISHING = 4


@dataclass(frozen=True)
class Verdict:
    """What a source of success says: that the task is over and how, in one line."""

    outcome: Outcome
    message: str


@dataclass(frozen=True)
class TaskEnd:
    """What is told of a task: ``duration_s`` since it began, ``steps`` executed."""

    outcome: Outcome
    success: bool
    message: str
    duration_s: float
    steps: int


class Task:
    """
    A task that runs; times in s of one clock that only goes forward.

    ``time_limit_s`` counts from the beginning, whatever happens meanwhile.
    """

    def __init__(self, instruction: str, time_limit_s: float, now_s: float, rate_hz: float) -> None:
        self.instruction = instruction
        self.time_limit_s = time_limit_s
        self.phase = Phase.STARTING
        self.progress = -1.0
        self.end: TaskEnd | None = None
        self.began_s = self._last_s = now_s
        self._rate_hz = rate_hz
        self._executing_s = 0.0

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.end is not None

    def finish(
        self, outcome: Outcome, message: str, now_s: float, success: bool | None = None,
    ) -> None:
        """End it; what comes after the first word changes nothing."""
        if self.end is None:
            self.end = TaskEnd(
                outcome, outcome is Outcome.SUCCEEDED if success is None else success, message,
                now_s - self.began_s, round(self._executing_s * self._rate_hz))
            self.phase = Phase.FINISHING

    def judge_success(self, success: bool) -> None:
        """Say of a task that has ended whether it was a success all the same."""
        self.end = replace(self.end, success=success)

    def tick(self, now_s: float, *, executing: bool, trouble: str) -> None:
        """
        Time goes on: ``executing`` tells whether the arm follows a plan, ``trouble`` why not.
        """
        if self.end is not None:
            return
        if executing:
            self._executing_s += now_s - self._last_s
        self._last_s = now_s
        if trouble and self.phase is not Phase.STARTING:
            self.phase = Phase.RECOVERING
        elif executing:
            self.phase = Phase.ACTING
        elapsed = now_s - self.began_s
        if elapsed >= self.time_limit_s:
            why = f'; {trouble}' if trouble else ''
            self.finish(Outcome.TIMED_OUT, f'no success within {self.time_limit_s:g} s{why}', now_s)
