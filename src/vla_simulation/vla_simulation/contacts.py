"""Who touches whom: contacts of the physics by body, and what each gripper holds."""
import mujoco
import numpy as np

from vla_core.profile import RobotProfile

__all__ = ['Contacts']

TABLE = 'table'


class Contacts:
    """
    Touching pairs of bodies at the last `update`.

    The table has the world body's id. A gripper holds a body when both of its fingers press on
    it from opposite sides.
    """

    def __init__(self, model: mujoco.MjModel, profile: RobotProfile) -> None:
        self._model = model
        self._fingers = {
            arm.name: tuple(int(model.jnt_bodyid[model.joint(joint).id])
                            for joint in arm.gripper.joints)
            for arm in profile.arms if arm.gripper is not None}
        self._arm_bodies = {arm.name: _moved_by(model, arm.joints[0]) for arm in profile.arms}
        self._pairs: set[tuple[int, int]] = set()
        self._pushes: dict[tuple[int, int], np.ndarray] = {}

    def update(self, data: mujoco.MjData) -> None:
        """Read the contacts of ``data``."""
        self._pairs.clear()
        self._pushes.clear()
        count = data.ncon
        if not count:
            return
        contact = data.contact
        active = np.asarray(contact.efc_address[:count]) >= 0
        bodies = self._model.geom_bodyid[np.asarray(contact.geom[:count])][active]
        normals = np.asarray(contact.frame[:count])[active, :3]
        for (first, second), normal in zip(bodies.tolist(), normals):
            self._pairs.add((first, second))
            self._pairs.add((second, first))
            self._pushes[second, first] = self._pushes.get((second, first), 0.0) - normal
            self._pushes[first, second] = self._pushes.get((first, second), 0.0) + normal

    def touch(self, body: str, other: str) -> bool:
        """Whether two bodies touch; 'table' names the table."""
        return (self._id(body), self._id(other)) in self._pairs

    def touching(self, body: str) -> set[int]:
        """Ids of the bodies that ``body`` touches."""
        index = self._id(body)
        return {second for first, second in self._pairs if first == index}

    def touches_arm(self, body: str, arm: str) -> bool:
        """Whether any part of the arm touches ``body``."""
        return bool(self.touching(body) & self._arm_bodies[arm])

    def touches_any_arm(self, body: str) -> bool:
        """Whether any arm touches ``body``."""
        return any(self.touches_arm(body, arm) for arm in self._arm_bodies)

    def holds(self, arm: str, body: str) -> bool:
        """Whether the arm's fingers press on ``body`` from opposite sides."""
        index = self._id(body)
        pushes = [self._pushes.get((finger, index)) for finger in self._fingers[arm]]
        if any(push is None for push in pushes):
            return False
        lengths = [np.linalg.norm(push) for push in pushes]
        return bool(min(lengths) > 0 and pushes[0] @ pushes[1] < -0.3 * lengths[0] * lengths[1])

    def pressed_from_above(self, arm: str, body: str) -> bool:
        """Whether the arm's fingers press down on ``body``."""
        index = self._id(body)
        down = [self._pushes[finger, index] for finger in self._fingers[arm]
                if (finger, index) in self._pushes]
        return bool(down) and all(push[2] < -0.7 * np.linalg.norm(push) for push in down)

    def rests_on_others(self, body: str, arm: str) -> bool:
        """Whether ``body`` touches anything but the arm."""
        return bool(self.touching(body) - self._arm_bodies[arm])

    def _id(self, body: str) -> int:
        return 0 if body == TABLE else self._model.body(body).id


def _moved_by(model: mujoco.MjModel, joint: str) -> set[int]:
    """The bodies that a joint moves."""
    moved = {int(model.jnt_bodyid[model.joint(joint).id])}
    for body in range(model.nbody):
        if int(model.body_parentid[body]) in moved:
            moved.add(body)
    return moved
