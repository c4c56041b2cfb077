"""
What the policy wants of its grippers while a person moves the arms.

Read from the chunks themselves: each step at the time it is due, the newest chunk first, the last
step kept after its end.
"""
import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace
from vla_core.gripper import to_opening
from vla_core.profile import RobotProfile

__all__ = ['PolicyGripper']


class PolicyGripper:
    """The openings that the newest chunk plans."""

    def __init__(self, profile: RobotProfile) -> None:
        self._profile = profile
        self._chunk: ActionChunk | None = None
        self._openings: dict[str, np.ndarray] = {}

    def add(self, chunk: ActionChunk) -> None:
        """Take a chunk; ChunkError or ActionSpaceMismatch when it is not one of this robot's."""
        chunk.validate()
        chunk.space.check_robot(self._profile)
        if self._chunk is not None and chunk.stamp_ns < self._chunk.stamp_ns:
            return
        self._chunk = chunk
        self._openings = {
            name: to_opening(chunk.data[:, part.gripper], chunk.space.gripper,
                             self._profile.arm(name).gripper)
            for name, part in zip(self._arms(chunk.space), chunk.space.slices)
            if part.gripper is not None}

    def opening(self, arm: str, now_ns: int) -> float | None:
        """What the arm's gripper is to be at ``now_ns``; None where nothing was planned yet."""
        if arm not in self._openings:
            return None
        due = self._chunk.stamps_ns
        step = int(np.searchsorted(due, now_ns, side='right'))
        return float(self._openings[arm][min(step, len(due) - 1)])

    def _arms(self, space: ActionSpace) -> list[str]:
        if not space.is_joint_kind:
            return list(space.names)
        firsts = [space.labels[part.arm][0] for part in space.slices]
        return [next(arm.name for arm in self._profile.arms if joint in arm.joints)
                for joint in firsts]
