"""
The state in which an answer will find the robot, for a policy that conditions on it.

What is measured now is moved as far as the reference will move until then (VLASH, see
`strategies.future_state`), so that a steady tracking error stays in it.
"""
from collections.abc import Callable

import numpy as np

from vla_core.action_space import ActionSpace
from vla_core.gripper import to_opening
from vla_core.policy_contract import PolicyContract, StatePart
from vla_core.profile import RobotProfile
from vla_core.rotation import (
    from_quaternion,
    matrix_to_quaternion,
    quaternion_inverse,
    quaternion_multiply,
    quaternion_to_matrix,
    to_quaternion,
)

__all__ = ['Reach', 'RollForward', 'Solve']

#: Joints [n] of an arm, near those given, that bring its tip to a position and rotation matrix.
Solve = Callable[[str, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
#: Position and rotation matrix of an arm's tip for its joints [n].
Reach = Callable[[str, np.ndarray], tuple[np.ndarray, np.ndarray]]


class RollForward:
    """
    Moves states of ``contract`` along references of the absolute ``space``.

    Joints of an arm that is commanded by poses follow by ``solve``, the tip of one that is
    commanded by joints by ``reach``; without these they stay.
    """

    def __init__(
        self, contract: PolicyContract, space: ActionSpace, profile: RobotProfile,
        solve: Solve | None = None, reach: Reach | None = None,
    ) -> None:
        self._space, self._profile = space, profile
        self._solve, self._reach = solve, reach
        self._parts: list[tuple[StatePart, slice]] = []
        start = 0
        for part in contract.state.parts if contract.state else ():
            self._parts.append((part, slice(start, start + len(part.labels))))
            start += len(part.labels)
        self._arms = {}
        for index, slices in enumerate(space.slices):
            name = space.names[index] if not space.is_joint_kind else next(
                arm.name for arm in profile.arms
                if set(space.labels[slices.arm]) <= set(arm.joints))
            self._arms[name] = slices

    def state(
        self, state: np.ndarray, before: np.ndarray, after: np.ndarray, duration_s: float,
    ) -> np.ndarray:
        """
        The state [n] after the reference has gone from ``before`` to ``after`` [D].

        Grippers go toward their target at their own speed for ``duration_s``.
        """
        rolled = np.array(state, copy=True)
        for part, place in self._parts:
            if part.source == 'tip_pose' and not self._space.is_joint_kind:
                rolled[place] = self._pose(part, state[place], before, after)
            elif part.source == 'gripper':
                rolled[place] = self._opening(part, state[place], after, duration_s)
        for part, place in self._parts:
            if part.source == 'joint_position':
                rolled[place] = self._joints(part, state[place], before, after, rolled)
        if self._space.is_joint_kind:
            self._tips(rolled)
        return rolled

    def _tips(self, rolled: np.ndarray) -> None:
        """Put the tips where the joints, rolled already, bring them."""
        for part, place in self._parts:
            if part.source != 'tip_pose' or self._reach is None:
                continue
            arm = self._profile.arm(part.arm)
            held = {name: value * (np.pi / 180.0 if other.unit == 'deg' else 1.0)
                    for other, where in self._parts if other.source == 'joint_position'
                    for name, value in zip(other.names, rolled[where])}
            if set(arm.joints) <= held.keys():
                position, turn = self._reach(arm.name, np.array([held[j] for j in arm.joints]))
                rolled[place] = np.concatenate([
                    position, from_quaternion(part.rotation, matrix_to_quaternion(turn))])

    def _pose(
        self, part: StatePart, pose: np.ndarray, before: np.ndarray, after: np.ndarray,
    ) -> np.ndarray:
        slices, form = self._arms[part.arm], self._space.rotation
        turn = quaternion_multiply(
            to_quaternion(form, after[slices.rotation]),
            quaternion_inverse(to_quaternion(form, before[slices.rotation])))
        turned = quaternion_multiply(turn, to_quaternion(part.rotation, pose[3:]))
        return np.concatenate([
            pose[:3] + after[slices.translation] - before[slices.translation],
            from_quaternion(part.rotation, turned)])

    def _opening(
        self, part: StatePart, opening: np.ndarray, after: np.ndarray, duration_s: float,
    ) -> np.ndarray:
        slices, gripper = self._arms[part.arm], self._profile.arm(part.arm).gripper
        if slices.gripper is None:
            return opening
        target = to_opening(after[slices.gripper], self._space.gripper, gripper)
        step = duration_s * gripper.max_velocity / abs(gripper.open - gripper.closed)
        return opening + np.clip(target - opening, -step, step)

    def _joints(
        self, part: StatePart, joints: np.ndarray, before: np.ndarray, after: np.ndarray,
        rolled: np.ndarray,
    ) -> np.ndarray:
        to_si = np.pi / 180.0 if part.unit == 'deg' else 1.0
        moved = np.array(joints, copy=True)
        if self._space.is_joint_kind:
            labels = self._space.labels
            for index, name in enumerate(part.names):
                if name in labels:
                    column = labels.index(name)
                    moved[index] += (after[column] - before[column]) / to_si
            return moved
        for arm in self._profile.arms:
            pose = next((rolled[place] for other, place in self._parts
                         if other.source == 'tip_pose' and other.arm == arm.name), None)
            if self._solve is None or pose is None or not set(arm.joints) <= set(part.names):
                continue
            columns = [part.names.index(name) for name in arm.joints]
            form = next(other.rotation for other, _ in self._parts
                        if other.source == 'tip_pose' and other.arm == arm.name)
            moved[columns] = self._solve(
                arm.name, pose[:3], quaternion_to_matrix(to_quaternion(form, pose[3:])),
                joints[columns] * to_si) / to_si
        return moved
