"""The openpi client against a server that follows openpi's own, and against ours."""
import json
import threading
import time

import numpy as np
import pytest
from stand_in_policy import HORIZON, make_contract
from websockets.sync.server import serve as serve_web_socket

from vla_core.observation import ObservationError
from vla_core.policy_contract import ContractError
from vla_core.validation import ConfigurationError
from vla_policies.clients import PolicyUnavailable, ServerError, connect
from vla_policies.wire import openpi

CONTRACT = make_contract()


@pytest.fixture(scope='module')
def fake(start_peer):
    return start_peer('fake_openpi_server.py')


@pytest.fixture(scope='module')
def ours(serve):
    return serve('stand_in_policy:Remembering')


def seen_by(client, observation):
    """What the fake server saw of the request."""
    replies = []
    unpacked = openpi.unpack

    def keep(frame):
        replies.append(unpacked(frame))
        return replies[-1]
    openpi.unpack = keep
    try:
        client.infer(observation)
    finally:
        openpi.unpack = unpacked
    return json.loads(replies[-1]['seen'])


@pytest.mark.parametrize(('layout', 'seen'), [
    ('contract', {
        'observation.images.front': ['|u1', [24, 32, 3]],
        'observation.images.wrist': ['|u1', [24, 32, 3]],
        'observation.state': ['<f4', [8]], 'prompt': 'pick it'}),
    ('droid', {
        'observation/exterior_image_1_left': ['|u1', [24, 32, 3]],
        'observation/wrist_image_left': ['|u1', [24, 32, 3]],
        'observation/joint_position': ['<f4', [7]],
        'observation/gripper_position': ['<f4', [1]], 'prompt': 'pick it'}),
    ('libero', {
        'observation/image': ['|u1', [24, 32, 3]], 'observation/wrist_image': ['|u1', [24, 32, 3]],
        'observation/state': ['<f4', [8]], 'prompt': 'pick it'}),
    ('aloha', {
        'images': {'cam_high': ['|u1', [3, 24, 32]], 'cam_low': ['|u1', [3, 24, 32]]},
        'state': ['<f4', [8]], 'prompt': 'pick it'}),
])
def test_genuine_server_sees_the_keys_of_its_robot_and_nothing_of_ours(
        fake, observe, layout, seen):
    with connect(f'ws://127.0.0.1:{fake.port}', CONTRACT, layout=layout) as client:
        assert seen_by(client, observe(CONTRACT)) == seen


def test_chunk_has_the_contracts_space_times_and_stamp(fake, observe):
    with connect(f'ws://127.0.0.1:{fake.port}', CONTRACT, layout='libero') as client:
        chunk = client.infer(observe(CONTRACT))
    assert chunk.space == CONTRACT.action.space
    assert chunk.stamp_ns == 1_000
    assert chunk.instruction == 'pick it'
    assert chunk.inference_end_ns > chunk.inference_start_ns
    np.testing.assert_allclose(chunk.times_s, [0.1, 0.2, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(chunk.data[:, 0], 10.0)
    np.testing.assert_allclose(chunk.data[:, 1], 3.6, rtol=1e-6)
    np.testing.assert_allclose(chunk.data[:, 2], np.arange(5))


def test_droid_gripper_is_sent_closed_as_one(fake, observe):
    with connect(f'ws://127.0.0.1:{fake.port}', CONTRACT, layout='droid') as client:
        chunk = client.infer(observe(CONTRACT))
    np.testing.assert_allclose(chunk.data[:, 1], 2.8 + (1 - 0.8), rtol=1e-6)


@pytest.mark.parametrize(('instruction', 'reason'), [
    ('fail now', "KeyError: 'image'"),
    ('send garbage', 'not a msgpack message'),
    ('few numbers', r'shape \[5, 3\]; the contract has 8 numbers a step: joint1'),
    ('nan please', 'joint1 at step 1 is nan'),
])
def test_bad_answer_is_one_clear_line_and_the_next_call_works(fake, observe, instruction, reason):
    with connect(f'ws://127.0.0.1:{fake.port}', CONTRACT, layout='droid') as client:
        with pytest.raises(ServerError, match=reason) as caught:
            client.infer(observe(CONTRACT, instruction))
        assert '\n' not in str(caught.value)
        assert str(caught.value).startswith(client.address)
        assert client.infer(observe(CONTRACT)).steps == 5


def test_lost_reply_costs_one_call(fake, observe):
    """Regression seen elsewhere: an asynchronous client that never asks again."""
    with connect(f'ws://127.0.0.1:{fake.port}', CONTRACT, layout='droid', timeout_s=0.3) as client:
        with pytest.raises(PolicyUnavailable, match=r'no answer within 0\.3 s'):
            client.infer(observe(CONTRACT, 'hang'))
        with pytest.raises(PolicyUnavailable, match='cannot be reached'):
            client.infer(observe(CONTRACT, 'drop'))
        assert client.infer(observe(CONTRACT)).steps == 5


def test_server_that_restarts_is_found_again(start_peer, observe):
    first = start_peer('fake_openpi_server.py')
    address = f'ws://127.0.0.1:{first.port}'
    with connect(address, CONTRACT, layout='droid', timeout_s=20.0) as client:
        client.infer(observe(CONTRACT))
        first.stop()
        threading.Timer(0.3, start_peer, ['fake_openpi_server.py'], {'port': first.port}).start()
        assert client.infer(observe(CONTRACT)).steps == 5


def test_nobody_there(observe, free_port):
    begin = time.monotonic()
    with pytest.raises(PolicyUnavailable, match='cannot be reached'):
        connect(f'ws://127.0.0.1:{free_port}', CONTRACT, layout='droid', connect_timeout_s=0.3)
    assert time.monotonic() - begin < 5.0


def test_closing_ends_a_call_that_retries(observe):
    with serve_web_socket(lambda socket: socket.send(openpi.pack({})), '127.0.0.1', 0) as server:
        port = server.socket.getsockname()[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = connect(f'ws://127.0.0.1:{port}', CONTRACT, layout='droid', timeout_s=60.0,
                         retry_min_s=30.0)
        threading.Timer(0.3, client.close).start()
        begin = time.monotonic()
        with pytest.raises(PolicyUnavailable):
            client.infer(observe(CONTRACT))
        assert time.monotonic() - begin < 20.0


def test_api_key(start_peer, observe):
    server = start_peer('fake_openpi_server.py', 'secret')
    address = f'ws://127.0.0.1:{server.port}'
    with pytest.raises(ServerError, match='the API key is missing or wrong'):
        connect(address, CONTRACT, layout='droid', api_key='wrong')
    with connect(address, CONTRACT, layout='droid', api_key='secret') as client:
        assert client.infer(observe(CONTRACT)).steps == 5


def test_genuine_server_needs_layout_and_contract(fake):
    with pytest.raises(ContractError, match='say layout=droid, aloha, libero'):
        connect(f'ws://127.0.0.1:{fake.port}', CONTRACT)
    with pytest.raises(ContractError, match='tells no contract'):
        connect(f'ws://127.0.0.1:{fake.port}')


def test_layout_of_ones_own(fake, observe):
    layout = {'images': [{'key': 'base', 'image': 'observation.images.wrist'}],
              'state': [{'key': 'arm', 'start': 0, 'stop': 3}]}
    with connect(f'ws://127.0.0.1:{fake.port}', CONTRACT, layout=layout) as client:
        assert seen_by(client, observe(CONTRACT)) == {
            'base': ['|u1', [24, 32, 3]], 'arm': ['<f4', [3]], 'prompt': 'pick it'}
    layout['images'][0]['image'] = 'observation.images.wrst'
    with pytest.raises(ContractError, match=r"did you mean 'observation\.images\.wrist'"):
        connect(f'ws://127.0.0.1:{fake.port}', CONTRACT, layout=layout)


def test_our_server_brings_contract_prefix_delay_seed_and_reset(ours, observe):
    with connect(ours.address) as client:
        assert client.contract == CONTRACT
        assert client.takes_prefix
        assert client.name == 'stand_in'
        first = client.infer(observe(CONTRACT, 'please pick it'))
        # Mean of the images, sum of the state, the text as it is, one episode, and no extras.
        np.testing.assert_allclose(first.data[0], [10, 20, 3.6, 14, 1, 0, 0, 0], rtol=1e-6)
        assert first.policy == 'stand_in'
        prefix = np.zeros((4, 8), np.float32)
        client.reset('please pick it')
        drawn = [client.infer(observe(CONTRACT), prefix=prefix, delay=2,
                              rng=np.random.default_rng(seed)).data[0, 4:] for seed in (1, 1, 2)]
        np.testing.assert_allclose([row[:3] for row in drawn], [[2, 4, 2]] * 3)
        assert drawn[0][3] == drawn[1][3] != drawn[2][3]
        other = client.session()
        assert other.infer(observe(CONTRACT)).data[0, 4] == 1
        other.close()


def test_our_server_and_another_contract(ours):
    with pytest.raises(ContractError, match='images: is'):
        connect(ours.address, make_contract(('front', 'side')))
    with pytest.raises(ConfigurationError, match='names'):
        other = CONTRACT.model_dump(mode='json')
        other['action']['space']['names'][0] = 'elbow'
        connect(ours.address, type(CONTRACT).model_validate(other))


def test_observation_that_the_contract_does_not_allow_is_not_sent(ours, observe):
    with connect(ours.address) as client:
        with pytest.raises(ObservationError, match='must have shape'):
            client.infer(observe(CONTRACT, images={
                entry.key: np.zeros((5, 5, 3), np.uint8) for entry in CONTRACT.images}))
        assert client.infer(observe(CONTRACT)).steps == HORIZON


def test_reply_of_a_hostile_server_is_refused(observe):
    def reply(message):
        def converse(socket):
            socket.send(openpi.pack({}))
            for _ in socket:
                socket.send(openpi.pack(message))
        return converse
    for message, reason in (
            ({'actions': np.array([['a'] * 8])}, 'type <U1'),
            ({}, 'no actions'), ([], 'no actions'),
            ({'actions': np.zeros((0, 8))}, r'shape \[0, 8\]'),
            ({'actions': np.zeros((2000, 8))}, r'shape \[2000, 8\]'),
            ({'actions': np.zeros((2, 8)), 'vla': 3}, 'unknown form'),
            ({'actions': np.zeros((2, 8)), 'vla': {'times_s': 1}}, 'times_s that is int'),
            ({'actions': np.zeros((2, 8)), 'vla': {'times_s': np.zeros(2)}}, 'must increase')):
        with serve_web_socket(reply(message), '127.0.0.1', 0) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            port = server.socket.getsockname()[1]
            with connect(f'ws://127.0.0.1:{port}', CONTRACT, layout='droid') as client, \
                    pytest.raises(ServerError, match=reason):
                client.infer(observe(CONTRACT))
