"""
What a task's check sees and says.

A `TaskMonitor` looks at the physics every `CHECK_PERIOD_S` and remembers what happened on the way,
so that the end state alone is not enough: an object that jumped was moved by no arm, one that was
never held was not picked.
"""
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vla_simulation.scene import Scene

if TYPE_CHECKING:
    from vla_simulation.world import World

__all__ = ['CHECK_PERIOD_S', 'TaskMonitor', 'Verdict']

CHECK_PERIOD_S = 0.02
HELD_S = 0.5
FASTEST = 2.0
STILL_SPEED, STILL_SPIN = 0.03, 0.5
WRONG_LIFT_M = 0.03
ABSENT_MOVE_M = 0.03


@dataclass(frozen=True)
class Verdict:
    """
    How a task stands.

    ``progress`` runs from 0 to 1 and is 1 only with ``success``. ``wrong_object`` tells that
    another object was lifted, or was brought where the named one belongs. ``failure`` names what
    can no longer be made good.
    """

    success: bool
    progress: float
    wrong_object: bool
    failure: str = ''


class TaskMonitor(ABC):
    """Checks one episode; `update` after every `CHECK_PERIOD_S` of simulated time."""

    def __init__(self, world: 'World', scene: Scene) -> None:
        self.world, self.scene = world, scene
        self.target, self.goal = scene.target, scene.goal
        self.arm = scene.arms[0]
        self.others = [body for body in world.present_movables if body != self.target]
        self.start = {body: world.position(body) for body in world.present_movables}
        self._last = dict(self.start)
        self._last_time = world.data.time
        self._fulfilled_s = 0.0
        self._progress = 0.0
        self._wrong = False
        self._failure = ''
        self._succeeded = False

    @property
    def verdict(self) -> Verdict:
        """How the task stands now."""
        return Verdict(self._succeeded, 1.0 if self._succeeded else min(self._progress, 0.99),
                       self._wrong, self._failure)

    def update(self) -> Verdict:
        """Look at the world."""
        elapsed = self.world.data.time - self._last_time
        self._last_time = self.world.data.time
        self.world.contacts.update(self.world.data)
        self._watch_for_jumps(elapsed)
        self._watch_for_wrong_objects()
        if not self.target:
            self._watch_absent()
            return self.verdict
        self.watch(elapsed)
        self._progress = max(self._progress, float(np.clip(self.progress(), 0.0, 1.0)))
        done = not self._failure and self.fulfilled()
        self._fulfilled_s = self._fulfilled_s + elapsed if done else 0.0
        if self._fulfilled_s >= HELD_S - 1e-9:
            self._succeeded = True
        return self.verdict

    def finish(self) -> Verdict:
        """The verdict when time is up: where nothing was to be done, whether nothing was."""
        if not self.target and not self._failure and not self._wrong:
            self._succeeded = True
        return self.verdict

    @abstractmethod
    def fulfilled(self) -> bool:
        """Whether the state is what was asked for; it must stay so for `HELD_S`."""

    @abstractmethod
    def progress(self) -> float:
        """How far the task has come, 0 to 1."""

    def watch(self, elapsed: float) -> None:  # noqa: B027 - most remember, some need not
        """Remember what matters on the way; ``elapsed`` seconds since the last look."""

    def still(self, body: str) -> bool:
        """Whether a body is at rest."""
        return bool(np.linalg.norm(self.world.velocity(body)) < STILL_SPEED
                    and self.world.spin(body) < STILL_SPIN)

    def fail(self, reason: str) -> None:
        """Note what cannot be made good any more."""
        self._failure = self._failure or reason

    def note_wrong(self) -> None:
        """Note that another object was taken for the named one."""
        self._wrong = True

    def _watch_for_jumps(self, elapsed: float) -> None:
        for body, before in self._last.items():
            now = self.world.position(body)
            if np.linalg.norm(now - before) > FASTEST * elapsed + 0.01:
                self.fail(f'{body} jumped')
            self._last[body] = now

    def _watch_for_wrong_objects(self) -> None:
        for body in self.others:
            lifted = self._last[body][2] - self.start[body][2] > WRONG_LIFT_M
            if lifted and any(self.world.contacts.holds(arm, body) for arm in self.scene.arms):
                self._wrong = True

    def _watch_absent(self) -> None:
        for body in self.others:
            if np.linalg.norm(self._last[body] - self.start[body]) > ABSENT_MOVE_M:
                self.fail(f'{body} was moved though the named object is absent')
