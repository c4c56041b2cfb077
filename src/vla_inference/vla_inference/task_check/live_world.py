"""A simulated world as it is now, followed from outside through its snapshot."""
import mujoco
import numpy as np

from vla_core.profile import RobotProfile
from vla_simulation.snapshot import Snapshot, SnapshotReader
from vla_simulation.suites import draw_task
from vla_simulation.world import World

__all__ = ['LiveWorld']


class LiveWorld(World):
    """
    The world of a simulated robot that runs in another process; `follow` brings it up to date.

    Contacts are computed here, velocities [nv] from successive states, so that physics is neither
    asked nor delayed. SharedMemoryError when there is no such robot.
    """

    def __init__(self, suite: str, profile: RobotProfile, snapshot: str) -> None:
        super().__init__(suite, profile, leaders=True)
        self._reader = SnapshotReader(snapshot, self.model)
        self._last_qpos = np.zeros(self.model.nq)
        self._last: Snapshot | None = None

    def follow(self) -> Snapshot:
        """Take the newest state; `scene` is the one that was last reset to."""
        self._last_qpos[:] = self.data.qpos
        last, seen = self._last, self._reader.read(self.data)
        if last is None or seen.resets != last.resets:
            self.scene = None
            if seen.task:
                self.scene = draw_task(
                    self.suite, seen.task, seen.seed, seen.axes, self.profile)
            self.data.qvel[:] = 0.0
        elif seen.time > last.time:
            mujoco.mj_differentiatePos(
                self.model, self.data.qvel, seen.time - last.time, self._last_qpos, self.data.qpos)
        mujoco.mj_fwdPosition(self.model, self.data)
        mujoco.mj_fwdVelocity(self.model, self.data)
        self.contacts.update(self.data)
        self._last = seen
        return seen
