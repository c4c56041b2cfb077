"""
Relative actions made absolute, once, at the state they were predicted from.

    joint_delta, reference observation    q_i = q_0 + d_i
    joint_delta, reference previous       q_i = q_{i−1} + d_i
    joint_velocity                        q_i = q_{i−1} + v_i (t_i − t_{i−1}),  t_{−1} = 0
    pose_delta                            T_i = D_i ∘ T_0  or  D_i ∘ T_{i−1}
    twist                                 T_i = exp(ξ_i (t_i − t_{i−1})) ∘ T_{i−1}

In the base frame of the arm ∘ adds translations and turns about the fixed axes through the tip,
p + d and ΔR R; in the frame of the tip it goes along the tip's own axes, p + R d and R ΔR. An
absolute space is left as it is. `relative` is the way back, for the prefix that a policy of a
relative space continues.
"""
from dataclasses import dataclass

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace, ActionSpaceMismatch, ArmSlices
from vla_core.profile import RobotProfile
from vla_core.rotation import (
    from_quaternion,
    quaternion_inverse,
    quaternion_multiply,
    quaternion_rotate,
    quaternion_to_rotation_vector,
    rotation_vector_to_quaternion,
    to_quaternion,
)

__all__ = ['Anchoring']


@dataclass(frozen=True)
class Anchoring:
    """From chunks of ``space`` to ``absolute`` ones; ``in_tip`` for each arm of a pose kind."""

    space: ActionSpace
    absolute: ActionSpace
    in_tip: tuple[bool, ...]

    @classmethod
    def of(cls, space: ActionSpace, profile: RobotProfile) -> 'Anchoring':
        """
        How ``space`` is executed on the robot.

        ActionSpaceMismatch when the robot has not what the space names, or the frame of a
        relative pose is neither the arm's base frame nor its tip frame.
        """
        space.check_robot(profile)
        if space.kind in ('joint_position', 'pose'):
            return cls(space, space, ())
        same = {'names': space.names, 'gripper': space.gripper,
                'joints_per_arm': space.joints_per_arm, 'statistics_id': space.statistics_id}
        if space.is_joint_kind:
            return cls(space, ActionSpace(kind='joint_position', **same), ())
        arms = [profile.arm(name) for name in space.names]
        bases = {arm.base_frame for arm in arms}
        if len(bases) > 1:
            raise ActionSpaceMismatch('frame', f'{space.kind} of arms with different base frames')
        for arm in arms:
            if space.frame not in (arm.base_frame, arm.tip_frame):
                raise ActionSpaceMismatch(
                    'frame', f'{space.kind} of arm {arm.name!r} must be in its base frame '
                    f'{arm.base_frame!r} or its tip frame {arm.tip_frame!r}, not {space.frame!r}')
        return cls(
            space, ActionSpace(kind='pose', frame=bases.pop(), rotation='quaternion_xyzw', **same),
            tuple(space.frame == arm.tip_frame for arm in arms))

    @property
    def needed(self) -> bool:
        """Whether chunks are relative, so that the state at their stamp must be known."""
        return self.space is not self.absolute

    def anchor(self, chunk: ActionChunk, state: np.ndarray) -> np.ndarray:
        """Rows [H, D'] of the absolute space, from ``state`` [D'] at the chunk's stamp."""
        data, times = np.asarray(chunk.data, np.float64), np.asarray(chunk.times_s)
        if not self.needed:
            return data
        gaps = np.diff(times, prepend=0.0)
        rows = np.empty((len(data), self.absolute.dimension))
        for index, (old, new) in enumerate(zip(self.space.slices, self.absolute.slices)):
            if self.space.is_joint_kind:
                rows[:, new.arm] = self._joints(data[:, old.arm], gaps, state[new.arm])
            else:
                self._poses(data, gaps, state, rows, old, new, self.in_tip[index])
            if old.gripper is not None:
                rows[:, new.gripper] = data[:, old.gripper]
        return rows

    def relative(self, rows: np.ndarray, times_s: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Actions [n, D] of the space that lead from ``state`` [D'] to absolute rows [n, D']."""
        if not self.needed:
            return rows
        gaps = np.diff(times_s[:len(rows)], prepend=0.0)
        data = np.empty((len(rows), self.space.dimension))
        for index, (old, new) in enumerate(zip(self.space.slices, self.absolute.slices)):
            if self.space.is_joint_kind:
                before = state[new.arm] if self._from_observation else np.vstack(
                    [state[new.arm], rows[:-1, new.arm]])
                change = rows[:, new.arm] - before
                data[:, old.arm] = change / (gaps[:, None] if self._is_rate else 1.0)
            else:
                self._changes(data, gaps, state, rows, old, new, self.in_tip[index])
            if old.gripper is not None:
                data[:, old.gripper] = rows[:, new.gripper]
        return data

    @property
    def _from_observation(self) -> bool:
        return self.space.delta_reference == 'observation'

    @property
    def _is_rate(self) -> bool:
        return self.space.kind in ('joint_velocity', 'twist')

    def _joints(self, data: np.ndarray, gaps: np.ndarray, state: np.ndarray) -> np.ndarray:
        if self._from_observation:
            return state + data
        return state + np.cumsum(data * gaps[:, None] if self._is_rate else data, axis=0)

    def _poses(
        self, data: np.ndarray, gaps: np.ndarray, state: np.ndarray, rows: np.ndarray,
        old: ArmSlices, new: ArmSlices, in_tip: bool,
    ) -> None:
        place, turn = state[new.translation], state[new.rotation]
        for row, step, gap in zip(rows, data, gaps):
            if self._is_rate:
                shift = gap * step[old.translation]
                change = rotation_vector_to_quaternion(gap * step[old.rotation])
            else:
                shift = step[old.translation]
                change = to_quaternion(self.space.rotation, step[old.rotation])
            if in_tip:
                row[new.translation] = place + quaternion_rotate(turn, shift)
                row[new.rotation] = quaternion_multiply(turn, change)
            else:
                row[new.translation] = place + shift
                row[new.rotation] = quaternion_multiply(change, turn)
            if not self._from_observation:
                place, turn = row[new.translation], row[new.rotation]

    def _changes(
        self, data: np.ndarray, gaps: np.ndarray, state: np.ndarray, rows: np.ndarray,
        old: ArmSlices, new: ArmSlices, in_tip: bool,
    ) -> None:
        place, turn = state[new.translation], state[new.rotation]
        for step, row, gap in zip(data, rows, gaps):
            shift, back = row[new.translation] - place, quaternion_inverse(turn)
            if in_tip:
                shift = quaternion_rotate(back, shift)
                change = quaternion_multiply(back, row[new.rotation])
            else:
                change = quaternion_multiply(row[new.rotation], back)
            if self._is_rate:
                step[old.translation] = shift / gap
                step[old.rotation] = quaternion_to_rotation_vector(change) / gap
            else:
                step[old.translation] = shift
                step[old.rotation] = from_quaternion(self.space.rotation, change)
            if not self._from_observation:
                place, turn = row[new.translation], row[new.rotation]
