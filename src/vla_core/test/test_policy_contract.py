"""Policy contracts: reading, refusing, and the one way to an observation."""
import copy

import numpy as np
import pytest
import yaml

from vla_core.action_space import ActionSpaceMismatch
from vla_core.image_processing import process_image
from vla_core.policy_contract import (
    CameraSample,
    ContractError,
    JointSample,
    LanguageContract,
    PolicyContract,
    PoseSample,
    StatePart,
    assemble_observation,
    process_instruction,
)
from vla_core.rotation import rpy_to_quaternion

DATA = {
    'name': 'mini', 'robot': 'pair', 'rate_hz': 20.0,
    'images': [{
        'key': 'observation.images.front', 'topic': 'cameras/front/image_raw',
        'processing': {'width': 32, 'height': 24, 'interpolation': 'area'}}],
    'state': {'parts': [
        {'source': 'joint_position', 'topic': 'joint_states',
         'names': ['left_elbow', 'right_shoulder'], 'unit': 'deg'},
        {'source': 'gripper', 'topic': 'joint_states', 'arm': 'left'},
        {'source': 'tip_pose', 'topic': 'left/pose', 'arm': 'left', 'rotation': 'rpy'}]},
    'action': {
        'horizon': 8,
        'space': {'kind': 'joint_position', 'names': ['left_shoulder', 'left_elbow'],
                  'gripper': 'normalised_open', 'statistics_id': 'tabletop'}},
    'statistics': {'id': 'tabletop', 'method': 'quantile'},
    'language': {'template': 'Task: {instruction}', 'lower_case': True},
}


@pytest.fixture
def data():
    return copy.deepcopy(DATA)


@pytest.fixture
def contract():
    return PolicyContract.model_validate(DATA)


@pytest.fixture
def samples():
    names = ('right_shoulder', 'left_finger', 'left_shoulder', 'left_elbow')
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    return {
        'cameras/front/image_raw': CameraSample(image, 'bgr8', stamp_ns=80),
        'joint_states': JointSample(names, 95, np.array([0.5, 0.01, 0.0, np.pi / 2])),
        'left/pose': PoseSample(np.array([0.1, 0.2, 0.3]), rpy_to_quaternion([0.1, 0.2, 0.3]), 97)}


def test_an_observation_is_assembled_by_name(contract, pair, samples):
    seen = assemble_observation(contract, pair, samples, '  Pick the\nRED cube ', 100).validate()
    assert seen.state_names == (
        'left_elbow', 'right_shoulder', 'left.gripper', 'left.x', 'left.y', 'left.z',
        'left.roll', 'left.pitch', 'left.yaw')
    assert seen.state.dtype == np.float32
    assert seen.state == pytest.approx(
        [90, np.rad2deg(0.5), 0.25, 0.1, 0.2, 0.3, 0.1, 0.2, 0.3], rel=1e-6)
    assert seen.instruction == 'Task: pick the red cube'
    assert seen.images['observation.images.front'].shape == (24, 32, 3)
    assert seen.ages_ns(100) == {
        'cameras/front/image_raw': 20, 'joint_states': 5, 'left/pose': 3}


def test_the_same_samples_give_the_same_bytes_whatever_their_order(contract, pair, samples):
    first = assemble_observation(contract, pair, samples, 'go', 100)
    joints = samples['joint_states']
    samples['joint_states'] = JointSample(
        joints.names[::-1], joints.stamp_ns, joints.position[::-1])
    second = assemble_observation(contract, pair, samples, 'go', 100)
    assert first.state.tobytes() == second.state.tobytes()
    key, = first.images
    assert first.images[key].tobytes() == second.images[key].tobytes()
    camera = samples['cameras/front/image_raw']
    assert np.array_equal(
        first.images[key],
        process_image(camera.image, 'bgr8', contract.images[0].processing))


def test_a_contract_survives_its_file(contract, tmp_path):
    path = tmp_path / 'mini.yaml'
    contract.save(path)
    assert PolicyContract.load(path) == contract
    assert yaml.safe_load(path.read_text())['action']['horizon'] == 8


def test_topics_have_their_types(contract):
    assert contract.topics == {
        'cameras/front/image_raw': 'sensor_msgs/msg/Image',
        'joint_states': 'sensor_msgs/msg/JointState',
        'left/pose': 'geometry_msgs/msg/PoseStamped'}


def set_in(data, path, value):
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


@pytest.mark.parametrize(('path', 'value', 'expected'), [
    (('rate',), 3, "rate: unknown key; did you mean 'rate_hz' or 'state'?"),
    (('images', 0, 'processing', 'widht'), 3,
     "images[0].processing.widht: unknown key; did you mean 'width'?"),
    (('images', 0, 'processing', 'interpolation'), 'best',
     'images[0].processing.interpolation: input should be '),
    (('images', 0, 'key'), 'action', "images: key 'action' is used twice"),
    (('state', 'parts', 0, 'names'), [], 'state.parts[0].names: is needed for source'),
    (('state', 'parts', 1, 'names'), ['a'], 'state.parts[1].names: has no meaning for source'),
    (('state', 'parts', 1, 'unit'), 'deg', 'state.parts[1].unit: deg has no meaning'),
    (('state', 'parts', 2, 'rotation'), 'none', 'state.parts[2].rotation: goes with source'),
    (('state', 'parts', 0, 'names'), ['left_elbow', 'left_elbow'], 'appears twice'),
    (('statistics', 'id'), 'other', "action.space.statistics_id: must be 'other'"),
    (('action', 'space', 'frame'), 'base', 'action.space.frame: must be empty'),
    (('action', 'replan_steps'), 1000, 'action.replan_steps: must be at most the horizon'),
    (('language', 'template'), 'go', "language.template: must contain '{instruction}'"),
])
def test_a_mistake_is_named_in_one_line(tmp_path, data, path, value, expected):
    set_in(data, path, value)
    file = tmp_path / 'mini.yaml'
    file.write_text(yaml.safe_dump(data))
    with pytest.raises(ContractError) as caught:
        PolicyContract.load(str(file))
    assert str(caught.value).startswith(f'{file}: ')
    assert expected in str(caught.value)
    assert '\n' not in str(caught.value)


def test_an_unknown_name_is_refused(monkeypatch):
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)
    with pytest.raises(ContractError, match="no policy contract 'nothing_like_it'"):
        PolicyContract.load('nothing_like_it')


def test_a_robot_that_cannot_serve_is_refused(contract, data, pair):
    contract.check_robot(pair)
    with pytest.raises(ContractError, match="robot: is for 'other', not 'pair'"):
        contract.model_copy(update={'robot': 'other'}).check_robot(pair)
    data['state']['parts'][0]['names'] = ['left_elbo']
    with pytest.raises(ContractError, match=r"parts\[0\]\.names: .* no joint 'left_elbo'; did you"):
        PolicyContract.model_validate(data).check_robot(pair)
    data['state']['parts'][0]['names'] = ['left_elbow']
    data['action']['space']['names'] = ['elbow_left']
    with pytest.raises(ActionSpaceMismatch, match='names'):
        PolicyContract.model_validate(data).check_robot(pair)


@pytest.mark.parametrize(('topic', 'sample', 'expected'), [
    ('joint_states', None, 'topic joint_states: no sample yet'),
    ('joint_states', PoseSample(np.zeros(3), np.zeros(4), 0),
     'topic joint_states: gives PoseSample, needs JointSample'),
    ('joint_states', JointSample(('left_elbow',), 0, np.zeros(1)),
     "topic joint_states: position: no joint 'right_shoulder'"),
    ('joint_states', JointSample(('left_elbow', 'right_shoulder'), 0, np.zeros(0)),
     'topic joint_states: position: 2 joint names, but values of shape'),
])
def test_a_sample_that_cannot_be_used_is_named(contract, pair, samples, topic, sample, expected):
    samples[topic] = sample
    if sample is None:
        del samples[topic]
    with pytest.raises(ContractError, match=expected):
        assemble_observation(contract, pair, samples, 'go', 100)


def test_an_instruction_must_say_something_and_not_too_much():
    language = LanguageContract(max_characters=10)
    assert process_instruction(language, ' Go  up ') == 'Go up'
    with pytest.raises(ContractError, match='empty'):
        process_instruction(language, ' \n')
    with pytest.raises(ContractError, match='has 11 characters, at most 10'):
        process_instruction(language, 'x' * 11)


def test_labels_tell_quantities_apart():
    part = StatePart(source='joint_effort', topic='joint_states', names=['a'])
    assert part.labels == ('a.effort',)
