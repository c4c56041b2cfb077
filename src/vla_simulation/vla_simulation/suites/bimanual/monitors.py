"""Success of the bimanual tasks, from the state of the physics."""
from typing import TYPE_CHECKING

import numpy as np

from vla_simulation.scene import Scene
from vla_simulation.tasks import TaskMonitor

if TYPE_CHECKING:
    from vla_simulation.world import World

__all__ = ['InsertMonitor', 'TransferMonitor', 'insertion']

HIGH_M = 0.05
CARRIED_S = 0.1
DEPTH_M = 0.030
HELD_SPEED = 0.10


class _HeldMonitor(TaskMonitor):
    """Remembers for how long each arm held each named body off the table."""

    def __init__(self, world: 'World', scene: Scene) -> None:
        super().__init__(world, scene)
        self._named = [body for body in (self.target, self.goal) if body]
        self._held_s = {(arm, body): 0.0 for arm in scene.arms for body in self._named}

    def watch(self, elapsed: float) -> None:
        for arm, body in self._held_s:
            if self.lifted(body) and self.holds(arm, body):
                self._held_s[arm, body] += elapsed

    def _watch_for_wrong_objects(self) -> None:
        others = self.others
        self.others = [body for body in others if body != self.goal]
        super()._watch_for_wrong_objects()
        self.others = others

    def carried(self, arm: str, body: str) -> bool:
        return self._held_s[arm, body] >= CARRIED_S

    def holds(self, arm: str, body: str) -> bool:
        return self.world.contacts.holds(arm, body)

    def lifted(self, body: str) -> bool:
        return self.world.bottom(body) > HIGH_M

    def slow(self, body: str) -> bool:
        return float(np.linalg.norm(self.world.velocity(body))) < HELD_SPEED


class TransferMonitor(_HeldMonitor):
    """Held high by the receiver alone, after the giver had carried it."""

    def fulfilled(self) -> bool:
        giver, receiver = self.scene.arms
        return (self.carried(giver, self.target) and self.holds(receiver, self.target)
                and not self.world.contacts.rests_on_others(self.target, receiver)
                and self.lifted(self.target) and self.slow(self.target))

    def progress(self) -> float:
        giver, receiver = self.scene.arms
        if self.carried(receiver, self.target):
            return 0.8
        if self.carried(giver, self.target):
            return 0.5
        return 0.2 if self.holds(giver, self.target) else 0.0


class InsertMonitor(_HeldMonitor):
    """The peg `DEPTH_M` deep in the socket, each held off the table by the arm that carried it."""

    def fulfilled(self) -> bool:
        peg_arm, socket_arm = self.scene.arms
        depth, aside = insertion(self.world, self.target, self.goal)
        return (self.carried(peg_arm, self.target) and self.carried(socket_arm, self.goal)
                and self.holds(peg_arm, self.target) and self.holds(socket_arm, self.goal)
                and self.lifted(self.target) and self.lifted(self.goal)
                and depth > DEPTH_M and aside < 0.010
                and self.slow(self.target) and self.slow(self.goal))

    def progress(self) -> float:
        peg_arm, socket_arm = self.scene.arms
        both = self.carried(peg_arm, self.target), self.carried(socket_arm, self.goal)
        depth, aside = insertion(self.world, self.target, self.goal)
        deep = max(0.0, depth / DEPTH_M) if all(both) and aside < 0.012 else 0.0
        return 0.3 * sum(both) + 0.35 * min(deep, 1.0)


def insertion(world: 'World', peg: str, socket: str) -> tuple[float, float]:
    """How deep the peg is in the socket's bore, and how far its end is off the axis, in m."""
    kinds = world.suite.movables
    turn, middle = world.rotation(socket), world.position(socket)
    along = world.rotation(peg)[:, 0] * kinds[peg].radius
    ends = [turn.T @ (world.position(peg) + sign * along - middle) for sign in (1.0, -1.0)]
    inner = min(ends, key=lambda end: abs(end[0]))
    return float(kinds[socket].radius - abs(inner[0])), float(np.abs(inner[1:]).max())
