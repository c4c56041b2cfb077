"""Every action space the robot's kinematics allows says the same motion as every other."""
from itertools import product

import numpy as np
import pytest

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace, ActionSpaceMismatch
from vla_core.kinematics import ArmKinematics, Unreachable
from vla_core.profile import RobotProfile
from vla_core.rotation import angle_between
from vla_policies.processing.action_conversion import ActionConversion

PROFILES = {name: RobotProfile.load(name) for name in ('franka', 'ur', 'aloha')}
GRIPPERS = ('normalised_open', 'normalised_closed', 'width', 'joint')


def spaces(profile: RobotProfile) -> dict[str, ActionSpace]:
    """One of every kind, reference, rotation form and frame that the robot can be told."""
    def of(kind, **fields):
        return ActionSpace.of_robot(
            profile, kind, gripper=GRIPPERS[len(found) % len(GRIPPERS)], **fields)
    found: dict[str, ActionSpace] = {}
    for reference in ('observation', 'previous'):
        found[f'joint_delta {reference}'] = of('joint_delta', delta_reference=reference)
    for kind in ('joint_position', 'joint_velocity'):
        found[kind] = of(kind)
    for rotation in ('quaternion_xyzw', 'rotation_vector', 'rpy', 'rotation_6d'):
        found[f'pose {rotation}'] = of('pose', frame=profile.root_frame, rotation=rotation)
    if len(profile.arms) == 1:
        arm = profile.arms[0]
        for frame, reference in product(
                (arm.base_frame, arm.tip_frame), ('observation', 'previous')):
            found[f'pose_delta {frame} {reference}'] = of(
                'pose_delta', frame=frame, rotation='rotation_vector', delta_reference=reference)
        for frame in (arm.base_frame, arm.tip_frame):
            found[f'twist {frame}'] = of('twist', frame=frame)
    return found


def motion(profile: RobotProfile) -> ActionChunk:
    random = np.random.default_rng(5)
    space = ActionSpace.of_robot(profile, gripper='normalised_open')
    data = np.empty((8, space.dimension))
    for arm, part in zip(profile.arms, space.slices):
        steps = random.normal(0.0, 0.02, (8, len(arm.joints)))
        data[:, part.arm] = arm.home + np.cumsum(steps, axis=0)
        data[:, part.gripper] = np.linspace(0.9, 0.2, 8)
    return ActionChunk(stamp_ns=5, space=space, times_s=0.05 * np.arange(1, 9), data=data)


@pytest.mark.parametrize('robot', PROFILES)
def test_through_every_space_in_turn_it_stays_the_same_motion(robot):
    profile = PROFILES[robot]
    first = motion(profile)
    arms = [ArmKinematics(profile, arm) for arm in profile.arms]
    known = list(spaces(profile).values())
    order = np.random.default_rng(7).permutation(len(known))
    chunk = first
    for space in [*(known[index] for index in order), first.space]:
        chunk = ActionConversion(chunk.space, space, profile).convert(chunk, profile.home)
        chunk.validate()
        assert chunk.space is space and chunk.stamp_ns == 5
    for kinematics, part in zip(arms, first.space.slices):
        for found, wanted in zip(chunk.data, first.data):
            tip, goal = kinematics.forward(found[part.arm]), kinematics.forward(wanted[part.arm])
            assert np.abs(tip[:3] - goal[:3]).max() < 1e-3
            assert angle_between(tip[3:], goal[3:]) < 2e-3
        assert np.allclose(chunk.data[:, part.gripper], first.data[:, part.gripper], atol=1e-5)


def test_one_arm_of_two_is_told_alone():
    profile = PROFILES['aloha']
    right = ActionSpace(kind='joint_position', names=profile.arms[1].joints, gripper='width')
    chunk = motion(profile)
    told = ActionConversion(chunk.space, right, profile).convert(chunk, profile.home)
    assert np.allclose(told.data[:, :-1], chunk.data[:, chunk.space.slices[1].arm], atol=1e-6)
    with pytest.raises(ActionSpaceMismatch, match="names: the source does not speak of arm 'left'"):
        ActionConversion(right, chunk.space, profile)


def test_what_cannot_be_said_is_named():
    profile = PROFILES['franka']
    arm = profile.arms[0]
    joints = ActionSpace.of_robot(profile)
    pose = ActionSpace.of_robot(profile, 'pose', frame='base', rotation='rpy')
    for source, target, said in (
            (joints, joints.model_copy(update={'gripper': 'width'}), 'gripper: width'),
            (ActionSpace(kind='joint_position', names=arm.joints[:3]), pose,
             "names: poses of arm 'arm' need all its joints"),
            (ActionSpace(kind='joint_position', names=arm.joints[:3]), joints,
             "names: arm 'arm': .* are not the joints of the source"),
            (joints, pose.model_copy(update={'frame': arm.tip_frame}), 'frame: .*stands still')):
        with pytest.raises(ActionSpaceMismatch, match=said):
            ActionConversion(source, target, profile)


def test_a_pose_out_of_reach_is_refused():
    profile = PROFILES['franka']
    space = ActionSpace.of_robot(profile, 'pose', frame='base', rotation='quaternion_xyzw')
    far = ActionChunk(stamp_ns=0, space=space, times_s=np.array([0.1]),
                      data=np.array([[2.0, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0]]))
    with pytest.raises(Unreachable, match='out of reach'):
        ActionConversion(space, ActionSpace.of_robot(profile), profile).convert(far, profile.home)
