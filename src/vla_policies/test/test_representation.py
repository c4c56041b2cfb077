"""Joint positions told as poses of the tips are the same joints again."""
import numpy as np
import pytest

from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile
from vla_policies.policy import PolicyError
from vla_policies.processing.representation import Tips, representation

CONTRACT = PolicyContract.load('mini_aloha')
ALOHA = RobotProfile.load('aloha')


def observed() -> tuple[np.ndarray, list[str]]:
    labels = list(CONTRACT.state.labels)
    state = np.zeros(len(labels))
    for arm in ALOHA.arms:
        for joint, value in zip(arm.joints, arm.home):
            state[labels.index(joint)] = value
    return state, labels


def test_tips_are_the_joints_again():
    random = np.random.default_rng(0)
    told = Tips(CONTRACT)
    state, labels = observed()
    space = CONTRACT.action.space
    actions = np.zeros((2, 25, space.dimension))
    for part in space.slices:
        start = state[[labels.index(joint) for joint in space.labels[part.arm]]]
        steps = random.normal(0.0, 0.02, (2, 25, len(start)))
        actions[..., part.arm] = start + np.cumsum(steps, axis=1)
        actions[..., part.gripper] = random.random((2, 25))
    tips = told.encode(actions)
    assert tips.shape == (2, 25, 20)
    assert told.contract.action.space.labels[:4] == ('left.x', 'left.y', 'left.z', 'left.r11')
    again = told.decode(tips, np.stack([state, state]))
    assert np.abs(told.encode(again) - tips).max() < 1e-3
    # A wrist that is nearly straight leaves two joints a choice.
    assert np.abs(again - actions).max() < 0.03


def test_a_pose_out_of_reach_is_approached():
    told = Tips(CONTRACT)
    state, _ = observed()
    tips = told.encode(np.zeros((1, 1, CONTRACT.action.space.dimension)))
    tips[..., 0] += 5.0
    actions = told.decode(tips, state[None])
    for part, arm in zip(CONTRACT.action.space.slices, ALOHA.arms):
        joints = actions[0, 0, part.arm]
        assert np.all(joints >= arm.limits.position_lower - 1e-6)
        assert np.all(joints <= arm.limits.position_upper + 1e-6)


def test_a_wrist_that_is_nearly_straight_turns_no_faster_than_controllers_follow():
    told = Tips(CONTRACT)
    state, labels = observed()
    for arm in ALOHA.arms:
        state[labels.index(arm.joints[4])] = 0.02  # forearm and wrist are nearly in line
    space = CONTRACT.action.space
    part = space.slices[0]
    start = state[[labels.index(joint) for joint in space.labels[part.arm]]]
    actions = np.zeros((1, 10, space.dimension))
    actions[..., part.arm] = start
    tips = told.encode(actions)
    tips[..., 1] += np.linspace(0.0, 0.03, 10)  # sideways
    again = told.decode(tips, state[None])[0, :, part.arm]
    steps = np.abs(np.diff(np.concatenate([start[None], again]), axis=0)) * CONTRACT.rate_hz
    assert np.all(steps <= 0.5 * ALOHA.arms[0].limits.velocity + 1e-4)


def test_actions_are_themselves_unless_tips_are_asked_for():
    actions = np.ones((3, CONTRACT.action.space.dimension))
    same = representation('actions', CONTRACT)
    assert same.encode(actions) is actions and same.contract is CONTRACT


def test_what_cannot_be_told_as_tips_is_said():
    with pytest.raises(PolicyError, match='predicts: tips is for joint positions, not for pose'):
        Tips(PolicyContract.load('mini_franka'))
    parts = tuple(part for part in CONTRACT.state.parts if part.source != 'joint_position')
    blind = CONTRACT.model_copy(update={
        'state': CONTRACT.state.model_copy(update={'parts': parts})})
    with pytest.raises(PolicyError, match='needs the joints of arm left in the state'):
        Tips(blind)
