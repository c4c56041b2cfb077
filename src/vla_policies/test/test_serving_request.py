"""What a request means, and what is refused with which words."""
import numpy as np
import pytest
from stand_in_policy import make_contract

from vla_policies.serving.request import RequestError, read_request

CONTRACT = make_contract()
IMAGE = np.arange(24 * 32 * 3, dtype=np.uint8).reshape(24, 32, 3)
FRONT, WRIST = (f'observation.images.{name}' for name in ('front', 'wrist'))


def plain(**changes):
    request = {FRONT: IMAGE, WRIST: 255 - IMAGE, 'observation.state': np.arange(8.0),
               'prompt': 'pick it'}
    return {key: value for key, value in {**request, **changes}.items() if value is not None}


def test_contract_keys():
    asked = read_request(plain(), CONTRACT)
    observation = asked.request.observation
    np.testing.assert_array_equal(observation.images[FRONT], IMAGE)
    np.testing.assert_array_equal(observation.images[WRIST], 255 - IMAGE)
    assert observation.state.dtype == np.float32
    assert observation.state_names == CONTRACT.state.labels
    assert observation.instruction == 'please pick it'
    assert not asked.reset
    assert not asked.extended
    assert asked.request.prefix is None
    assert asked.request.rng is None


def test_images_of_floating_point_numbers_and_channels_first():
    as_float = (IMAGE / 255.0).astype(np.float32)
    observation = read_request(
        plain(**{FRONT: as_float.transpose(2, 0, 1)}), CONTRACT).request.observation
    assert np.abs(observation.images[FRONT].astype(int) - IMAGE).max() <= 1


def test_cameras_are_found_by_name_before_place():
    contract = make_contract(('cam_right_wrist', 'cam_high'))
    request = {'images': {'cam_high': IMAGE.transpose(2, 0, 1),
                          'cam_low': IMAGE.transpose(2, 0, 1),
                          'cam_right_wrist': (255 - IMAGE).transpose(2, 0, 1)},
               'state': np.zeros(8), 'prompt': 'go'}
    images = read_request(request, contract).request.observation.images
    np.testing.assert_array_equal(images['observation.images.cam_high'], IMAGE)
    np.testing.assert_array_equal(images['observation.images.cam_right_wrist'], 255 - IMAGE)


def test_fields_of_ours():
    asked = read_request(plain(prompt='please pick it', vla={
        'processed': True, 'delay': 2, 'seed': 7, 'reset': True, 'stamp_ns': 5, 'features': True,
        'prefix': np.ones((3, 8), np.float32)}), CONTRACT)
    assert asked.request.observation.instruction == 'please pick it'
    assert asked.request.observation.stamp_ns == 5
    assert asked.request.prefix.shape == (3, 8)
    assert asked.request.delay == 2
    assert asked.request.rng.random() == np.random.default_rng(7).random()
    assert asked.reset
    assert asked.extended
    assert asked.features


@pytest.mark.parametrize(('request_', 'reason'), [
    ([], 'a request is a map of keys to values, not list'),
    ({}, f'{FRONT}, {WRIST}, observation.state: missing; the request has the keys none'),
    (plain(**{WRIST: None}), f'{WRIST}: missing'),
    (plain(**{FRONT: 'text'}), f'{FRONT}: is an array, not str'),
    (plain(**{FRONT: IMAGE[:20]}), r'must have shape \[24, 32, 3\].*has \[20, 32, 3\]; resize it'),
    (plain(**{FRONT: IMAGE[..., :1]}), r'has \[24, 32, 1\]'),
    (plain(**{FRONT: IMAGE.astype(np.int16)}), 'must be uint8, is int16'),
    (plain(**{FRONT: IMAGE.astype(np.float32)}), 'lie between 0 and 1'),
    (plain(**{FRONT: np.full((24, 32, 3), np.nan)}), 'lie between 0 and 1'),
    (plain(**{'observation.state': np.zeros(7)}), 'must have 8 numbers, has 7'),
    (plain(**{'observation.state': np.zeros((2, 4))}), r'one row of numbers, has shape \[2, 4\]'),
    (plain(**{'observation.state': {'a': 1}}), 'a list of numbers, not dict'),
    (plain(**{'observation.state': 'text'}), 'a list of numbers, not str'),
    (plain(**{'observation.state': [10 ** 400] * 8}), 'a list of numbers|is inf'),
    (plain(**{'observation.state': np.array([0, 1, np.nan, *range(5)])}), 'joint3 is nan'),
    (plain(**{'observation.state': np.array([0, np.inf, *range(6)])}), 'joint2 is inf'),
    (plain(prompt=None), 'prompt: missing; say what to do'),
    (plain(prompt=''), 'instruction: is empty'), (plain(prompt=' \n '), 'instruction: is empty'),
    (plain(prompt='word ' * 10_000), 'has 49999 characters, at most 500 are read'),
    (plain(prompt=3), 'prompt: is text, not int'),
    (plain(prompt=IMAGE), 'prompt: is text, not ndarray'),
    (plain(prompt=' ', vla={'processed': True}), 'from 1 to 520 are read'),
    (plain(prompt='x' * 5000, vla={'processed': True}), 'has 5000 characters'),
    (plain(vla=3), 'vla: is a map, not int'),
    (plain(vla={'dealy': 1}), "unknown field; did you mean 'delay'"),
    (plain(vla={'delay': -1}), 'vla.delay: is a whole number from 0 to 6'),
    (plain(vla={'delay': 7}), 'vla.delay: is a whole number from 0 to 6'),
    (plain(vla={'delay': 1.5}), 'vla.delay: is a whole number'),
    (plain(vla={'seed': True}), 'vla.seed: is a whole number'),
    (plain(vla={'reset': 1}), 'vla.reset: must be true or false'),
    (plain(vla={'prefix': [1]}), 'vla.prefix: is an array of float32 or float64'),
    (plain(vla={'prefix': np.zeros((2, 3))}), r'vla.prefix: must have shape \[n, 8\]'),
    (plain(vla={'prefix': np.zeros((7, 8))}), 'with n ≤ 6'),
    (plain(vla={'prefix': np.full((2, 8), np.inf)}), 'vla.prefix: must be finite'),
    (plain(vla={'prefix': np.zeros((2, 8)), 'delay': 3}), 'is 3, but the prefix has 2 steps'),
    ({'images': 3, 'state': np.zeros(8), 'prompt': 'x'}, 'images: is a map of images, not int'),
    ({'images': {'cam_high': IMAGE.transpose(2, 0, 1)}, 'state': np.zeros(8), 'prompt': 'x'},
     f"cam_low: missing; it is the image '{WRIST}'"),
])
def test_refusal(request_, reason):
    with pytest.raises(RequestError, match=reason) as caught:
        read_request(request_, CONTRACT)
    assert '\n' not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_contract_without_a_state_needs_none():
    data = CONTRACT.model_dump(mode='json')
    data['state'] = None
    contract = type(CONTRACT).model_validate(data)
    request = plain()
    del request['observation.state']
    assert read_request(request, contract).request.observation.state.shape == (0,)
    droid = {'observation/exterior_image_1_left': IMAGE, 'observation/wrist_image_left': IMAGE,
             'prompt': 'x'}
    assert len(read_request(droid, contract).request.observation.images) == 2
