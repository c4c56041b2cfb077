"""The suites' success checks on a world that another process simulates."""
from dataclasses import dataclass

from vla_inference.task_check.live_world import LiveWorld
from vla_simulation.tasks import CHECK_PERIOD_S, TaskMonitor, Verdict

__all__ = ['TaskChecker', 'TaskState']



@dataclass(frozen=True)
class TaskState:
    """How the task stands; ``attempt`` counts beginnings of the check."""

    task: str
    seed: int
    instruction: str
    resets: int
    attempt: int
    verdict: Verdict
    success_if_ended: bool


class TaskChecker:
    """Follows a live world with the monitor of its scene; `look` every `CHECK_PERIOD_S`."""

    def __init__(self, world: LiveWorld) -> None:
        self._world = world
        self._monitor: TaskMonitor | None = None
        self._resets = -1
        self._attempt = 0
        self._time = 0.0
        self._wanted = True

    def restart(self) -> None:
        """Begin anew with the state at the next look."""
        self._wanted = True

    def look(self) -> TaskState | None:
        """How the task stands now; None without a task, or while the world stands still."""
        seen = self._world.follow()
        if self._wanted or seen.resets != self._resets:
            self._begin(seen.resets)
        elif seen.time - self._time < CHECK_PERIOD_S / 2:
            return None
        self._time = seen.time
        if self._monitor is None:
            return None
        verdict = self._monitor.update()
        nothing_to_do = not self._monitor.target
        return TaskState(
            seen.task, seen.seed, self._world.scene.instruction, seen.resets, self._attempt,
            verdict, verdict.success or (
                nothing_to_do and not verdict.failure and not verdict.wrong_object))

    def _begin(self, resets: int) -> None:
        self._resets, self._wanted = resets, False
        self._attempt += 1
        scene = self._world.scene
        self._monitor = None if scene is None else (
            self._world.suite.family(scene.family).monitor(self._world, scene))
