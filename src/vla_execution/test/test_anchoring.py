"""Relative actions become absolute once, at the state they were predicted from, and back."""
import numpy as np
import pytest

from vla_core.action_space import ActionSpace, ActionSpaceMismatch
from vla_core.anchoring import Anchoring
from vla_core.rotation import rpy_to_quaternion

MS = 1_000_000
STATE = np.array([0.45, 0.0, 0.3, *rpy_to_quaternion([np.pi, 0.0, 0.3]), 1.0])


def spaces(franka):
    def of(kind, **fields):
        return ActionSpace.of_robot(franka, kind, gripper='normalised_open', **fields)
    return [
        of('joint_delta', delta_reference='observation'),
        of('joint_delta', delta_reference='previous'), of('joint_velocity'),
        *(of('pose_delta', frame=frame, rotation=rotation, delta_reference=reference)
          for frame in ('base', 'fr3_hand_tcp') for rotation in ('rpy', 'rotation_6d')
          for reference in ('observation', 'previous')),
        of('twist', frame='base'), of('twist', frame='fr3_hand_tcp')]


@pytest.mark.parametrize('index', range(13))
def test_there_and_back(franka, chunk, index):
    space = spaces(franka)[index]
    anchoring = Anchoring.of(space, franka)
    random = np.random.default_rng(index)
    data = random.normal(0, 0.1, (6, space.dimension))
    if space.rotation == 'rotation_6d':
        data[:, 3:9] += [1, 0, 0, 0, 1, 0]
    state = np.append(franka.home, 1.0) if space.is_joint_kind else STATE
    made = chunk(space, 0, data)
    rows = anchoring.anchor(made, state)
    back = anchoring.anchor(chunk(space, 0, anchoring.relative(rows, made.times_s, state)), state)
    assert np.allclose(np.abs(back), np.abs(rows), atol=1e-9)


def test_each_reference_is_what_its_name_says(franka, chunk):
    of = ActionSpace.of_robot
    first = franka.home + 0.1
    ones = 0.1 * np.ones((3, 7))
    for space, expected in (
            (of(franka, 'joint_delta', delta_reference='observation'), first),
            (of(franka, 'joint_delta', delta_reference='previous'), franka.home + 0.3),
            (of(franka, 'joint_velocity'), franka.home + 0.03)):
        rows = Anchoring.of(space, franka).anchor(chunk(space, 0, ones), franka.home)
        assert np.allclose(rows[2], expected), space.kind


def test_the_tip_frame_goes_along_the_tips_own_axes(franka, chunk):
    space = ActionSpace.of_robot(
        franka, 'pose_delta', frame='fr3_hand_tcp', rotation='rotation_vector',
        delta_reference='observation')
    rows = Anchoring.of(space, franka).anchor(
        chunk(space, 0, [[0, 0, 0.1, 0, 0, 0]]), STATE[:7])
    assert rows[0, :3] == pytest.approx([0.45, 0.0, 0.2])  # the tool points down


def test_relative_actions_are_anchored_once(franka, chunk, execute, walk):
    """A client added a delta to the newest state in every tick: the arm ran away."""
    space = ActionSpace.of_robot(franka, 'joint_delta', delta_reference='observation')
    executor = execute(franka, space, franka.home, strategy='replace')
    made = chunk(space, 0, np.full((5, 7), 0.05))
    executor.add(made, 0, state=franka.home)
    rows = walk(executor, 0, 2000)
    assert rows[-1] == pytest.approx(franka.home + 0.05, abs=1e-4)
    assert np.abs(rows - franka.home).max() < 0.051


def test_a_state_that_is_not_known_is_named(franka, chunk, execute):
    space = ActionSpace.of_robot(franka, 'joint_velocity')
    executor = execute(franka, space, franka.home, strategy='replace')
    assert not executor.add(chunk(space, 0, np.zeros((3, 7))), 0)
    assert 'state that the relative actions start from' in executor.report(0).refusal


def test_another_frame_is_refused(franka):
    space = ActionSpace.of_robot(franka, 'twist', frame='front_optical')
    with pytest.raises(ActionSpaceMismatch, match='base frame'):
        Anchoring.of(space, franka)


def test_a_prefix_is_handed_over_in_the_policys_own_space(franka, chunk, execute):
    space = ActionSpace.of_robot(franka, 'joint_delta', delta_reference='observation')
    executor = execute(franka, space, franka.home, strategy='rtc')
    executor.add(chunk(space, 0, 0.01 * np.arange(1, 11)[:, None] * np.ones(7)), 0,
                 state=franka.home)
    executor.reference(300 * MS)
    observed = franka.home + 0.025
    request = executor.request(300 * MS, 100 * MS, 0.1 * np.arange(1, 11), observed)
    assert request.prefix[0] == pytest.approx(np.full(7, 0.04 - 0.025))
