"""Distances between the robot's own links, watched a few pairs at a time.

A pair that is far apart cannot be near soon: a pair at distance d is looked at again after
(d − d_stop) / v, v the fastest that two links can near each other. Few pairs are due in one tick,
so the watch costs little and still sees every pair in time; where many are due, as among the
thousands of four arms, the spheres around their shapes tell which of them are far.

Pairs with at most two moving joints between them touch by construction and are left out, as in the
simulation. Fingers of two grippers, which meet at what one hands to the other, may touch, but not
push into each other by more than they and the arms give.
Distances by Coal (Pan et al. 2012, "FCL"; Montaut et al. 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
import pinocchio as pin

from vla_control.arm_model import description, full_model
from vla_core.profile import GripperProfile, RobotProfile
from vla_hardware import ArmState

__all__ = ['SelfCollisionWatch']

FASTEST = 2.0  # m/s, two links toward each other
SOONEST = 0.02  # s
GIVE = 0.005  # m, of fingers
PAIRS_A_MILLISECOND = 4
BACKLOG = 4  # batches


@dataclass(frozen=True)
class _Finger:
    """A gripper's joint: where it lies in q, and where it is from closed (0) to open (1)."""

    place: int
    closed: float
    open: float

    def position(self, opening: float) -> float:
        return self.closed + opening * (self.open - self.closed)


def _fingers(gripper: GripperProfile | None, mimics: dict[str, tuple[float, float]],
             place: Callable[[str], int]) -> list[_Finger]:
    if gripper is None:
        return []
    rules = {name: mimics.get(name, (1.0, 0.0)) for name in gripper.joints}
    return [_Finger(place(name), factor * gripper.closed + offset, factor * gripper.open + offset)
            for name, (factor, offset) in rules.items()]


def _mimics(urdf: str) -> dict[str, tuple[float, float]]:
    """Factor and offset of each joint that follows another."""
    return {joint.get('name'): (float(mimic.get('multiplier', 1.0)),
                                float(mimic.get('offset', 0.0)))
            for joint in ElementTree.fromstring(urdf).findall('joint')
            if (mimic := joint.find('mimic')) is not None}


class SelfCollisionWatch:
    """Watch over all arms of a robot."""

    def __init__(self, profile: RobotProfile, distance: float) -> None:
        self._batch = max(2, round(1000.0 * PAIRS_A_MILLISECOND / profile.rate_hz))
        model = full_model(profile)
        self._model, self._data = model, model.createData()
        self._geometry = pin.buildGeomFromUrdfString(
            model, description(profile), pin.GeometryType.COLLISION)
        self._q = pin.neutral(model)
        present = [arm for arm in (*profile.arms, *profile.leaders)
                   if all(map(model.existJointName, arm.joints))]
        self._arms = [np.array([self._place(name) for name in arm.joints]) for arm in present]
        mimics = _mimics(description(profile))
        self._fingers = [_fingers(arm.gripper, mimics, self._place) for arm in present]
        self._grippers = [{model.getJointId(name) for name in arm.gripper.joints}
                          if arm.gripper else set() for arm in present]
        for arm, places, fingers in zip(present, self._arms, self._fingers):
            self._q[places] = arm.home
            for finger in fingers:
                self._q[finger.place] = finger.position(1.0)
        self._geometry.addAllCollisionPairs()
        pairs = [(p.first, p.second) for p in self._geometry.collisionPairs]
        self._geometry.removeAllCollisionPairs()
        for first, second in pairs:
            if self._apart(first, second) > 2:
                self._geometry.addCollisionPair(pin.CollisionPair(first, second))
        self._geometry_data = self._geometry.createData()
        self._pairs = np.array([(pair.first, pair.second)
                                for pair in self._geometry.collisionPairs]).reshape(-1, 2)
        self._least = np.array([
            -GIVE if self._meet(*pair) else distance for pair in self._pairs.tolist()])
        shapes = [each.geometry for each in self._geometry.geometryObjects]
        for shape in shapes:
            shape.computeLocalAABB()
        self._centres = [shape.aabb_center for shape in shapes]
        self._radii = np.array([shape.aabb_radius for shape in shapes])
        self._put()
        self._survey(0.0)

    def _apart(self, first: int, second: int) -> int:
        """Moving joints between two shapes."""
        chains = []
        for index in (first, second):
            joint, chain = self._geometry.geometryObjects[index].parentJoint, set()
            while joint:
                chain.add(joint)
                joint = self._model.parents[joint]
            chains.append(chain)
        return len(chains[0] ^ chains[1])

    def _place(self, joint: str) -> int:
        return self._model.joints[self._model.getJointId(joint)].idx_q

    def _meet(self, first: int, second: int) -> bool:
        """Whether two shapes are fingers of two grippers."""
        joints = {self._geometry.geometryObjects[i].parentJoint for i in (first, second)}
        touched = [gripper for gripper in self._grippers if gripper & joints]
        return len(touched) == 2 and joints <= set().union(*touched)

    @property
    def pairs(self) -> int:
        """Number of watched pairs."""
        return len(self._pairs)

    def check(self, time: float, arms: Sequence[ArmState]) -> str:
        """Name of a pair that came too near, with its distance, or ''."""
        due = np.flatnonzero(self._due <= time)
        if not len(due):
            return ''
        self._take(arms)
        if len(due) > BACKLOG * self._batch:
            due = self._without_far(time, due)
        if len(due) > self._batch:
            due = due[np.argsort(self._due[due])[:self._batch]]
        for index in due:
            distance, least = self._distance(index), self._least[index]
            self._due[index] = time + self._wait(index, distance)
            if distance < self._accepted[index] - 1e-3 * (self._accepted[index] < least):
                return self._describe(index, distance)
            if distance > least:
                self._accepted[index] = least
        return ''

    def accept(self, time: float, arms: Sequence[ArmState]) -> None:
        """Take the present distances as they are: after a release pairs may part, not close."""
        self._take(arms)
        self._survey(time)

    def _survey(self, time: float) -> None:
        """Look at every pair once, so that each is due in its own time."""
        self._accepted = self._least.copy()
        self._due = np.full(len(self._least), time)
        for index in self._without_far(time, np.arange(len(self._least))):
            distance = self._distance(index)
            self._accepted[index] = min(self._least[index], distance)
            self._due[index] = time + self._wait(index, distance)

    def _take(self, arms: Sequence[ArmState]) -> None:
        for arm, places, fingers in zip(arms, self._arms, self._fingers):
            self._q[places] = arm.position
            for finger in fingers:
                self._q[finger.place] = finger.position(arm.gripper_position)
        self._put()

    def _put(self) -> None:
        pin.updateGeometryPlacements(
            self._model, self._data, self._geometry, self._geometry_data, self._q)

    def _without_far(self, time: float, pairs: np.ndarray) -> np.ndarray:
        """Those of `pairs` whose spheres are near; the others are due when these can be."""
        centres = np.stack([place.act(centre) for place, centre in zip(
            self._geometry_data.oMg, self._centres)])
        first, second = self._pairs[pairs].T
        between = np.linalg.norm(centres[first] - centres[second], axis=-1) \
            - self._radii[first] - self._radii[second]
        wait = self._wait(pairs, between)
        far = wait > SOONEST
        self._due[pairs[far]] = time + wait[far]
        self._accepted[pairs[far]] = self._least[pairs[far]]
        return pairs[~far]

    def _distance(self, index: int) -> float:
        return pin.computeDistance(self._geometry, self._geometry_data, int(index)).min_distance

    def _wait(self, pairs: np.ndarray | int, distance: np.ndarray | float) -> np.ndarray:
        """Seconds until pairs at these distances can be as near as they may be."""
        return np.maximum((distance - self._least[pairs]) / FASTEST, SOONEST)

    def _describe(self, index: int, distance: float) -> str:
        first, second = (
            self._geometry.geometryObjects[i].name for i in self._pairs[index].tolist())
        return f'{first} and {second} are {1000.0 * distance:.1f} mm apart'
