"""Success of the tabletop tasks, from the state of the physics."""
from typing import TYPE_CHECKING

import numpy as np

from vla_simulation.scene import Scene
from vla_simulation.tasks import TaskMonitor

if TYPE_CHECKING:
    from vla_simulation.world import World

__all__ = ['PickMonitor', 'PlaceMonitor', 'PushMonitor', 'StackMonitor']

LIFT_M = 0.08
CARRIED_S = 0.1
CARRY_LIFT_M = 0.02
BOWL_REACH, TRAY_REACH = 0.055, 0.068
RIM = {'bowl': 0.042, 'tray': 0.030}
ON_PAD_M = 0.035
MOST_PUSH_LIFT_M = 0.015
WRONG_PUSH_M = 0.06
TOUCH_GAP_S = 0.15  # a pushed thing skips
STACK_GAP_M = 0.006
BASE_MOVE_M = 0.06


class PickMonitor(TaskMonitor):
    """Held by the fingers alone, `LIFT_M` above where it lay."""

    def fulfilled(self) -> bool:
        return (self._height() >= LIFT_M and self.world.contacts.holds(self.arm, self.target)
                and not self.world.contacts.rests_on_others(self.target, self.arm)
                and np.linalg.norm(self.world.velocity(self.target)) < 0.15)

    def progress(self) -> float:
        if not self.world.contacts.holds(self.arm, self.target):
            return 0.2 * _nearness(self)
        return 0.3 + 0.6 * self._height() / LIFT_M

    def _height(self) -> float:
        return self.world.position(self.target)[2] - self.start[self.target][2]


class _CarryMonitor(TaskMonitor):
    """Remembers whether the target was carried: held by the fingers and off the table."""

    def __init__(self, world: 'World', scene: Scene) -> None:
        super().__init__(world, scene)
        self._carried_s = 0.0

    @property
    def carried(self) -> bool:
        return self._carried_s >= CARRIED_S

    def watch(self, elapsed: float) -> None:
        lifted = self.world.bottom(self.target) > CARRY_LIFT_M
        if lifted and self.world.contacts.holds(self.arm, self.target):
            self._carried_s += elapsed

    def progress(self) -> float:
        if not self.carried:
            held = self.world.contacts.holds(self.arm, self.target)
            return 0.3 if held else 0.2 * _nearness(self)
        distance = np.linalg.norm(_flat(self, self.target) - _flat(self, self.goal))
        return 0.4 + 0.5 * max(0.0, 1.0 - distance / 0.4)


class PlaceMonitor(_CarryMonitor):
    """Lies still in the named bowl or tray, carried there and let go."""

    def fulfilled(self) -> bool:
        return (self.carried and self._inside(self.target, self.goal)
                and not self.world.contacts.touches_any_arm(self.target)
                and self.still(self.target))

    def watch(self, elapsed: float) -> None:
        super().watch(elapsed)
        containers = [place.body for place in self.scene.placements
                      if place.body in self.world.suite.fixtures]
        if (any(self._inside(body, self.goal) for body in self.others)
                or any(self._inside(self.target, other) and not
                       self.world.contacts.touches_any_arm(self.target)
                       for other in containers if other != self.goal)):
            self.note_wrong()

    def _inside(self, body: str, container: str) -> bool:
        kind = self.world.suite.fixtures[container]
        offset = self.world.rotation(container).T @ (
            self.world.position(body) - self.world.position(container))
        within = (np.linalg.norm(offset[:2]) < BOWL_REACH if kind == 'bowl'
                  else np.abs(offset[:2]).max() < TRAY_REACH)
        return bool(within and self.world.bottom(body) < RIM[kind]
                    and not self.world.contacts.touch(body, 'table'))


class PushMonitor(TaskMonitor):
    """Rests on the pad, pushed there and never lifted."""

    def __init__(self, world: 'World', scene: Scene) -> None:
        super().__init__(world, scene)
        self._pushed_m = 0.0
        self._untouched_s = np.inf
        self._where = self.start.get(self.target)

    def watch(self, elapsed: float) -> None:
        now = self.world.position(self.target)
        touched = self.world.contacts.touches_arm(self.target, self.arm)
        self._untouched_s = 0.0 if touched else self._untouched_s + elapsed
        if self._untouched_s < TOUCH_GAP_S:
            self._pushed_m += float(np.linalg.norm((now - self._where)[:2]))
        self._where = now
        if self.world.bottom(self.target) > MOST_PUSH_LIFT_M:
            self.fail(f'{self.target} was lifted')
        for body in self.others:
            moved = np.linalg.norm(_flat(self, body) - self.start[body][:2])
            on_pad = np.linalg.norm(_flat(self, body) - _flat(self, self.goal)) < ON_PAD_M
            if moved > WRONG_PUSH_M or (moved > 0.02 and on_pad):
                self.note_wrong()

    def fulfilled(self) -> bool:
        way = np.linalg.norm(self.start[self.target][:2] - _flat(self, self.goal))
        return (self._distance() < ON_PAD_M and self._pushed_m > 0.6 * (way - ON_PAD_M)
                and self.world.contacts.touch(self.target, 'table') and self.still(self.target))

    def progress(self) -> float:
        way = np.linalg.norm(self.start[self.target][:2] - _flat(self, self.goal))
        return 0.1 * _nearness(self) + 0.85 * (1.0 - self._distance() / way)

    def _distance(self) -> float:
        return float(np.linalg.norm(_flat(self, self.target) - _flat(self, self.goal)))


class StackMonitor(_CarryMonitor):
    """Stands still on the named object and on nothing else, carried there and let go."""

    def fulfilled(self) -> bool:
        world = self.world
        top = world.position(self.goal)[2] + world.suite.movables[self.goal].height / 2
        return bool(
            self.carried and world.contacts.touch(self.target, self.goal)
            and abs(world.bottom(self.target) - top) < STACK_GAP_M
            and not world.contacts.touch(self.target, 'table')
            and not world.contacts.touches_any_arm(self.target)
            and np.linalg.norm(_flat(self, self.goal) - self.start[self.goal][:2]) < BASE_MOVE_M
            and self.still(self.target) and self.still(self.goal))


def _flat(monitor: TaskMonitor, body: str) -> np.ndarray:
    return monitor.world.position(body)[:2]


def _nearness(monitor: TaskMonitor) -> float:
    """1 with the tip at the target, 0 from 0.4 m on."""
    tip, _ = monitor.world.site_pose(monitor.world.profile.arm(monitor.arm).tip_frame)
    return max(0.0, 1.0 - float(np.linalg.norm(tip - monitor.world.position(monitor.target))) / 0.4)
