"""Distances between the robot's own links, watched a few pairs at a time.

A pair that is far apart cannot be near soon: a pair at distance d is looked at again after
(d − d_stop) / v, v the fastest that two links can near each other. Few pairs are due in one tick,
so the watch costs little and still sees every pair in time. Pairs with at most two moving joints
between them touch by construction and are left out, as in the simulation.
Distances by Coal (Pan et al. 2012, "FCL"; Montaut et al. 2022).
"""

from __future__ import annotations

import heapq

import numpy as np
import pinocchio as pin

from vla_control.arm_model import description, full_model
from vla_core.profile import RobotProfile

__all__ = ['SelfCollisionWatch']

FASTEST = 2.0  # m/s, two links toward each other
SOONEST = 0.02  # s
PAIRS_A_MILLISECOND = 4


class SelfCollisionWatch:
    """Watch over all arms of a robot."""

    def __init__(self, profile: RobotProfile, distance: float) -> None:
        self._batch = max(2, round(1000.0 * PAIRS_A_MILLISECOND / profile.rate_hz))
        self._distance = distance
        model = full_model(profile)
        self._model, self._data = model, model.createData()
        self._geometry = pin.buildGeomFromUrdfString(
            model, description(profile), pin.GeometryType.COLLISION)
        self._q = pin.neutral(model)
        self._index = {
            name: model.joints[model.getJointId(name)].idx_q
            for arm in (*profile.arms, *profile.leaders) for name in arm.joints
            if model.existJointName(name)}
        self._arms = [
            np.array([self._index[name] for name in arm.joints if name in self._index], dtype=int)
            for arm in (*profile.arms, *profile.leaders)]
        for arm, places in zip((*profile.arms, *profile.leaders), self._arms):
            if len(places):
                self._q[places] = arm.home
        self._geometry.addAllCollisionPairs()
        pairs = [(p.first, p.second) for p in self._geometry.collisionPairs]
        self._geometry.removeAllCollisionPairs()
        for first, second in pairs:
            if self._apart(first, second) > 2:
                self._geometry.addCollisionPair(pin.CollisionPair(first, second))
        self._geometry_data = self._geometry.createData()
        self._accepted = [distance] * len(self._geometry.collisionPairs)
        self._due = [(0.0, index) for index in range(len(self._accepted))]
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

    @property
    def pairs(self) -> int:
        """Number of watched pairs."""
        return len(self._accepted)

    def check(self, time: float, positions: list[np.ndarray]) -> str:
        """Name of a pair that came too near, with its distance, or '' ; positions [n] by arm."""
        if not self._due or self._due[0][0] > time:
            return ''
        for places, position in zip(self._arms, positions):
            if len(places):
                self._q[places] = position
        pin.updateGeometryPlacements(
            self._model, self._data, self._geometry, self._geometry_data, self._q)
        for _ in range(self._batch):
            if self._due[0][0] > time:
                break
            _, index = self._due[0]
            distance = pin.computeDistance(
                self._geometry, self._geometry_data, index).min_distance
            wait = max((distance - self._distance) / FASTEST, SOONEST)
            heapq.heapreplace(self._due, (time + wait, index))
            if distance < self._accepted[index] - 1e-3 * (self._accepted[index] < self._distance):
                return self._describe(index, distance)
            if distance > self._distance:
                self._accepted[index] = self._distance
        return ''

    def _survey(self, time: float) -> None:
        """Look at every pair once, so that each is due in its own time."""
        pin.updateGeometryPlacements(
            self._model, self._data, self._geometry, self._geometry_data, self._q)
        self._due = []
        for index in range(len(self._accepted)):
            distance = pin.computeDistance(
                self._geometry, self._geometry_data, index).min_distance
            self._accepted[index] = min(self._distance, distance)
            self._due.append((time + max((distance - self._distance) / FASTEST, SOONEST), index))
        heapq.heapify(self._due)

    def accept(self, time: float, positions: list[np.ndarray]) -> None:
        """Take the present distances as they are: after a release pairs may part, not close."""
        for places, position in zip(self._arms, positions):
            if len(places):
                self._q[places] = position
        self._survey(time)

    def _describe(self, index: int, distance: float) -> str:
        pair = self._geometry.collisionPairs[index]
        first, second = (self._geometry.geometryObjects[i].name for i in (pair.first, pair.second))
        return f'{first} and {second} are {1000.0 * distance:.1f} mm apart'
