"""Action spaces: layout, compatibility by field, and what a robot can serve."""
import numpy as np
import pytest
from pydantic import ValidationError

from vla_core.action_space import ActionSpace, ActionSpaceMismatch
from vla_core.validation import one_line


def test_two_arms_of_joints_lie_one_after_the_other(pair):
    space = ActionSpace.of_robot(pair, gripper='normalised_open')
    assert space.labels == (
        'left_shoulder', 'left_elbow', 'gripper_1', 'right_shoulder', 'right_elbow', 'gripper_2')
    assert space.dimension == 6
    assert [part.arm for part in space.slices] == [slice(0, 2), slice(3, 5)]
    assert np.array_equal(space.gripper_indices, [2, 5])
    assert space.slices[0].translation is None


def test_poses_are_split_into_translation_rotation_and_gripper(pair):
    space = ActionSpace.of_robot(
        pair, 'pose_delta', frame='world', rotation='rotation_6d', delta_reference='observation',
        gripper='width')
    assert space.dimension == 2 * (3 + 6 + 1)
    left, right = space.slices
    assert (left.translation, left.rotation, left.gripper) == (slice(0, 3), slice(3, 9), 9)
    assert (right.arm, right.gripper) == (slice(10, 19), 19)
    assert space.labels[9:12] == ('left.gripper', 'right.x', 'right.y')


@pytest.mark.parametrize(('rotation', 'size'), [
    ('quaternion_xyzw', 7), ('rotation_vector', 6), ('rpy', 6), ('rotation_6d', 9)])
def test_the_form_of_the_rotation_sets_the_dimension(rotation, size):
    assert ActionSpace(
        kind='pose', names=['arm'], frame='base', rotation=rotation).dimension == size


def test_a_twist_has_six_numbers():
    space = ActionSpace(kind='twist', names=['arm'], frame='base')
    assert space.labels == ('arm.vx', 'arm.vy', 'arm.vz', 'arm.wx', 'arm.wy', 'arm.wz')


@pytest.mark.parametrize(('change', 'expected'), [
    ({'names': []}, 'names: tuple should have at least 1 item'),
    ({'names': ['a', 'a']}, 'names: a name appears twice'),
    ({'frame': 'base'}, 'frame: must be empty for kind joint_position'),
    ({'rotation': 'rpy'}, 'rotation: must be none for kind joint_position'),
    ({'delta_reference': 'previous'}, 'delta_reference: must be none for kind joint_position'),
    ({'kind': 'joint_delta'}, 'delta_reference: is missing; say observation or previous'),
    ({'kind': 'pose', 'rotation': 'rpy'}, 'frame: is missing; name the frame'),
    ({'kind': 'pose', 'frame': 'base'}, 'rotation: is missing; name the form'),
    ({'kind': 'twist', 'frame': 'base', 'joints_per_arm': [1, 1]}, 'joints_per_arm: must be empty'),
    ({'joints_per_arm': [1, 2]}, 'joints_per_arm: must be positive and add up to the 2 names'),
    ({'griper': 'none'}, "griper: unknown key; did you mean 'gripper'?"),
])
def test_a_contradiction_is_named(change, expected):
    with pytest.raises(ValidationError) as caught:
        ActionSpace(**{'kind': 'joint_position', 'names': ['a', 'b'], **change})
    assert expected in one_line(caught.value)


def test_spaces_of_one_arm_are_equal_with_and_without_a_split():
    plain = ActionSpace(kind='joint_position', names=['a', 'b'])
    split = ActionSpace(kind='joint_position', names=['a', 'b'], joints_per_arm=[2])
    assert plain == split
    plain.check_compatible(split)


@pytest.mark.parametrize(('change', 'field', 'text'), [
    ({'kind': 'joint_velocity'}, 'kind', "expected 'joint_position', got 'joint_velocity'"),
    ({'names': ['b', 'a']}, 'names', 'expected [a, b], got [b, a]'),
    ({'joints_per_arm': [1, 1]}, 'joints_per_arm', 'expected [], got [1, 1]'),
    ({'gripper': 'width'}, 'gripper', "expected 'none', got 'width'"),
    ({'statistics_id': 'x'}, 'statistics_id', "expected '', got 'x'"),
])
def test_a_mismatch_names_the_field(change, field, text):
    space = ActionSpace(kind='joint_position', names=['a', 'b'])
    with pytest.raises(ActionSpaceMismatch) as caught:
        space.check_compatible(space.model_copy(update=change))
    assert caught.value.field == field
    assert str(caught.value).startswith(f'action space: {field}: expected')


def test_a_robot_without_the_joint_arm_or_gripper_is_refused(pair, profile_data):
    ActionSpace.of_robot(pair, gripper='joint').check_robot(pair)
    with pytest.raises(ActionSpaceMismatch, match="no 'left_elbo'; did you mean 'left_elbow'"):
        ActionSpace(kind='joint_position', names=['left_elbo']).check_robot(pair)
    with pytest.raises(ActionSpaceMismatch, match="no 'arm'; known: left, right"):
        ActionSpace(kind='twist', names=['arm'], frame='base').check_robot(pair)
    with pytest.raises(ActionSpaceMismatch, match='are not joints of one arm'):
        ActionSpace(kind='joint_position', names=pair.joints).check_robot(pair)
    del profile_data['arms'][1]['gripper']
    bare = type(pair).model_validate(profile_data)
    with pytest.raises(ActionSpaceMismatch, match="arm 'right' of robot pair has no gripper"):
        ActionSpace.of_robot(bare, gripper='width').check_robot(bare)
