"""Distances between the robot's own links, watched a few pairs at a time.

A pair that is far apart cannot be near soon: a pair at distance d is looked at again after
(d − d_stop) / v, v the fastest that two links can near each other. Few pairs are due in one tick,
so the watch costs little and still sees every pair in time; where many are due, as among the
thousands of four arms, the spheres around their shapes tell which of them are far.

Pairs with at most two moving joints between them touch by construction and are left out, as in the
simulation. Fingers of two grippers, which meet at what one hands to the other, may come as near as
they like, but not touch.
Distances by Coal (Pan et al. 2012, "FCL"; Montaut et al. 2022).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pinocchio as pin

from vla_control.arm_model import description, full_model
from vla_core.description import Mimic, mimics
from vla_core.profile import RobotProfile
from vla_hardware import ArmState

__all__ = ['SelfCollisionWatch']

FASTEST = 2.0  # m/s, two links toward each other
SOONEST = 0.02  # s
PAIRS_A_MILLISECOND = 4
BACKLOG = 4  # batches


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
        followers = mimics(description(profile))
        self._grippers = [arm.gripper for arm in present]
        fingers = [gripper.joints if gripper else () for gripper in self._grippers]
        self._fingers = [
            [(self._place(name), followers.get(name, Mimic(name, 1.0, 0.0))) for name in names]
            for names in fingers]
        self._hand_of = {model.getJointId(name): number
                         for number, names in enumerate(fingers) for name in names}
        for number, arm in enumerate(present):
            self._set(number, arm.home, 1.0)
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
            0.0 if self._meet(*pair) else distance for pair in self._pairs.tolist()])
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
        hands = [self._hand_of.get(self._geometry.geometryObjects[index].parentJoint)
                 for index in (first, second)]
        return None not in hands and hands[0] != hands[1]

    @property
    def pairs(self) -> int:
        """Number of watched pairs."""
        return len(self._pairs)

    def check(self, time: float, arms: Sequence[ArmState]) -> str:
        """Name of a pair that came too near, with its distance, or ''."""
        due, = (self._due <= time).nonzero()
        if not len(due):
            return ''
        self._take(arms)
        if len(due) > BACKLOG * self._batch:
            due = self._without_far(time, due)
        if len(due) > self._batch:
            due = due[self._due[due].argsort()[:self._batch]]
        for index in due.tolist():
            distance, least = self._distance(index), float(self._least[index])
            self._due[index] = time + max((distance - least) / FASTEST, SOONEST)
            accepted = float(self._accepted[index])
            if distance < accepted - 1e-3 * (accepted < least):
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
        for number, arm in zip(range(len(self._arms)), arms):
            self._set(number, arm.position, arm.gripper_position)
        self._put()

    def _set(self, number: int, position: np.ndarray, opening: float) -> None:
        self._q[self._arms[number]] = position
        if self._grippers[number] is not None:
            led = self._grippers[number].to_joint(opening)
            for place, (_, factor, offset) in self._fingers[number]:
                self._q[place] = factor * led + offset

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
