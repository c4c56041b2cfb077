"""Success of touching, from the state of the physics."""
import numpy as np

from vla_simulation.tasks import TaskMonitor

__all__ = ['TouchMonitor']

CLOSED = 0.1
MOST_MOVE_M = 0.015
FAR_M = 0.4


class TouchMonitor(TaskMonitor):
    """The closed fingers rest on the target, which stays where it is; no other is touched."""

    def watch(self, elapsed: float) -> None:
        self._watch_touches()
        moved = self.world.position(self.target) - self.start[self.target]
        if np.linalg.norm(moved) > MOST_MOVE_M:
            self.fail(f'{self.target} was moved')

    def fulfilled(self) -> bool:
        return self._closed() and self.world.contacts.pressed_from_above(self.arm, self.target)

    def progress(self) -> float:
        tip, _ = self.world.site_pose(self.world.profile.arm(self.arm).tip_frame)
        way = float(np.linalg.norm(tip - self.world.position(self.target)))
        return 0.2 * self._closed() + 0.6 * max(0.0, 1.0 - way / FAR_M)

    def _closed(self) -> bool:
        return self.world.opening(self.world.profile.arm(self.arm)) < CLOSED

    def _watch_absent(self) -> None:
        super()._watch_absent()
        self._watch_touches()

    def _watch_touches(self) -> None:
        for body in self.others:
            if self.world.contacts.touches_arm(body, self.arm):
                self.fail(f'{body} was touched')
                if self.world.contacts.pressed_from_above(self.arm, body):
                    self.note_wrong()
