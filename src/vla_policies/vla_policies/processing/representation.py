"""
In what numbers a network tells actions: those of the contract, or where they bring the tips.

Where a thing lies in a picture says where a tip has to go; which joints bring it there is the
robot's geometry, which a network would have to learn as well. So joint positions may be told as
poses of the tips, of which inverse kinematics makes joints again. A command that holds against
gravity stays one: what is told is where the commanded joints would bring the tip.
"""
import numpy as np

from vla_core.action_space import ActionSpace
from vla_core.kinematics import ArmKinematics
from vla_core.policy_contract import PolicyContract
from vla_core.profile import ProfileError, RobotProfile
from vla_core.rotation import (
    matrix_to_quaternion,
    matrix_to_rotation_6d,
    quaternion_to_matrix,
    rotation_6d_to_matrix,
)
from vla_policies.policy import PolicyError

__all__ = ['Representation', 'Tips', 'representation']

#: Share of the joints' greatest speeds that a decoded step may ask for: a wrist whose joints are
#: nearly in line is turned no faster than controllers follow.
UNHURRIED = 0.5


class Representation:
    """Actions as they are; ``contract`` is that of what the network tells."""

    def __init__(self, contract: PolicyContract) -> None:
        self.contract = contract

    def encode(self, actions: np.ndarray) -> np.ndarray:
        """What a network tells for actions [..., D]."""
        return actions

    def decode(self, told: np.ndarray, state: np.ndarray) -> np.ndarray:
        """The actions [B, H, D] for what it told, seen from states [B, n]."""
        return told


class Tips(Representation):
    """Joint positions as poses of the tips, each in the base frame of its arm."""

    def __init__(self, contract: PolicyContract) -> None:
        space = contract.action.space
        place = f'contract {contract.name}: predicts: tips'
        if space.kind != 'joint_position':
            raise PolicyError(f'{place} is for joint positions, not for {space.kind}')
        try:
            profile = RobotProfile.load(contract.robot)
        except ProfileError as error:
            raise PolicyError(f'{place}: {error}') from error
        labels = list(contract.state.labels)
        self._parts, names = [], []
        for part in space.slices:
            joints = space.labels[part.arm]
            arm = next((arm for arm in profile.arms if arm.joints == tuple(joints)), None)
            if arm is None:
                raise PolicyError(f'{place}: {", ".join(joints)} are not the joints of an arm')
            if not set(joints) <= set(labels):
                raise PolicyError(f'{place} needs the joints of arm {arm.name} in the state')
            self._parts.append((
                part, ArmKinematics(profile, arm), [labels.index(joint) for joint in joints]))
            names.append(arm.name)
        self._space = ActionSpace(
            kind='pose', names=tuple(names), frame='base', rotation='rotation_6d',
            gripper=space.gripper)
        self._dimension = space.dimension
        self._duration = UNHURRIED / contract.rate_hz
        super().__init__(contract.model_copy(update={
            'action': contract.action.model_copy(update={'space': self._space})}))

    def encode(self, actions: np.ndarray) -> np.ndarray:
        flat = np.asarray(actions, np.float64).reshape(-1, self._dimension)
        told = np.empty((len(flat), self._space.dimension))
        for (part, kinematics, _), into in zip(self._parts, self._space.slices):
            poses = kinematics.forward(flat[:, part.arm])
            told[:, into.translation] = poses[:, :3]
            told[:, into.rotation] = matrix_to_rotation_6d(quaternion_to_matrix(poses[:, 3:]))
            if part.gripper is not None:
                told[:, into.gripper] = flat[:, part.gripper]
        return told.reshape(*np.shape(actions)[:-1], self._space.dimension).astype(np.float32)

    def decode(self, told: np.ndarray, state: np.ndarray) -> np.ndarray:
        actions = np.empty((*told.shape[:-1], self._dimension), np.float32)
        for (part, kinematics, columns), source in zip(self._parts, self._space.slices):
            turns = matrix_to_quaternion(rotation_6d_to_matrix(told[..., source.rotation]))
            poses = np.concatenate([told[..., source.translation], turns], -1)
            for row, chunk, seen in zip(actions, poses, np.atleast_2d(state)):
                joints = seen[columns]
                for step, pose in zip(row, chunk):
                    joints = kinematics.nearest(pose, joints, self._duration)
                    step[part.arm] = joints
            if part.gripper is not None:
                actions[..., part.gripper] = told[..., source.gripper]
        return actions


def representation(predicts: str, contract: PolicyContract) -> Representation:
    """What ``predicts`` of a mini policy's settings names; PolicyError where it cannot be."""
    return Tips(contract) if predicts == 'tips' else Representation(contract)
