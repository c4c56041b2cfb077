"""
Where the tips go under a chunk of actions, whatever its action space; no ROS.

Poses are taken as they are; joints go through the arm's kinematics; what is relative (deltas,
velocities) starts at the state that the robot had when the chunk was conditioned:

    pose, joint_position                  as given
    pose_delta, joint_delta, observation  x_i = x_0 + Δ_i
    pose_delta, joint_delta, previous     x_i = x_{i−1} + Δ_i
    twist, joint_velocity                 x_i = x_{i−1} + v_i (t_i − t_{i−1})

Of pose deltas and twists only the translation is drawn.
"""
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from vla_control.arm_model import ArmModel
from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ArmSlices
from vla_core.gripper import to_opening
from vla_core.profile import ArmProfile, RobotProfile

__all__ = ['ArmState', 'TipPath', 'TipPaths']


@dataclass(frozen=True, eq=False)
class ArmState:
    """Joints [n] of an arm in rad, and its tip [3] in m in its base frame."""

    joints: np.ndarray
    tip: np.ndarray


@dataclass(frozen=True, eq=False)
class TipPath:
    """
    Way of one tip: ``positions`` [H, 3] m in ``frame``, at ``stamps_ns`` [H].

    ``openings`` [H] are 0 closed to 1 open, None where the space has no gripper.
    """

    arm: str
    frame: str
    stamps_ns: np.ndarray
    positions: np.ndarray
    openings: np.ndarray | None


class TipPaths:
    """Makes `TipPath`s of chunks for one robot."""

    def __init__(self, profile: RobotProfile) -> None:
        self._profile = profile
        self._models = {arm.name: ArmModel(profile, arm) for arm in profile.arms}

    def tip(self, arm: str, joints: np.ndarray) -> np.ndarray:
        """Tip [3] in m in the base frame of an arm with joints [n] in rad."""
        model = self._models[arm]
        model.update_kinematics(np.asarray(joints, dtype=float))
        return model.translation.copy()

    def of(self, chunk: ActionChunk, states: Mapping[str, ArmState]) -> list[TipPath]:
        """
        The path of each arm; an arm without a state is left out where the space is relative.

        ActionSpaceMismatch or ChunkError when the chunk is not for this robot.
        """
        chunk.validate()
        chunk.space.check_robot(self._profile)
        paths = []
        for index, part in enumerate(chunk.space.slices):
            arm = self._arm(chunk, index)
            positions = self._positions(chunk, part, arm, states.get(arm.name))
            if positions is None:
                continue
            openings = None if part.gripper is None else to_opening(
                chunk.data[:, part.gripper], chunk.space.gripper, arm.gripper)
            frame = arm.base_frame if chunk.space.is_joint_kind else (
                chunk.space.frame or chunk.frame_id)
            paths.append(TipPath(arm.name, frame, chunk.stamps_ns, positions, openings))
        return paths

    def samples(self, chunk: ActionChunk, samples: np.ndarray,
                states: Mapping[str, ArmState]) -> list[TipPath]:
        """Paths of several plans [K, H, D] in the space of ``chunk``."""
        return [path for sample in samples
                for path in self.of(replace(chunk, data=np.asarray(sample), prefix_length=0,
                                            uncertainty=None), states)]

    def _arm(self, chunk: ActionChunk, index: int) -> ArmProfile:
        if not chunk.space.is_joint_kind:
            return self._profile.arm(chunk.space.names[index])
        first = sum(chunk.space.joints_per_arm[:index])
        joint = chunk.space.names[first]
        return next(arm for arm in self._profile.arms if joint in arm.joints)

    def _positions(self, chunk: ActionChunk, part: ArmSlices, arm: ArmProfile,
                   state: ArmState | None) -> np.ndarray | None:
        space = chunk.space
        numbers = part.arm if space.is_joint_kind else part.translation
        data = np.asarray(chunk.data[:, numbers], dtype=float)
        if space.kind not in ('pose', 'joint_position'):
            if state is None:
                return None
            start = state.joints if space.is_joint_kind else state.tip
            if space.kind in ('twist', 'joint_velocity'):
                steps = np.diff(chunk.times_s, prepend=0.0)[:, None]
                data = start + np.cumsum(data * steps, axis=0)
            elif space.delta_reference == 'previous':
                data = start + np.cumsum(data, axis=0)
            else:
                data = start + data
        if space.is_joint_kind:
            return np.array([self.tip(arm.name, joints) for joints in data])
        return data
