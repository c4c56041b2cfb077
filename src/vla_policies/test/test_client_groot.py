"""The ZeroMQ client against GR00T servers of both generations and both array encodings."""
import numpy as np
import pytest
from stand_in_policy import make_contract

from vla_core.validation import ConfigurationError
from vla_policies.clients import PolicyUnavailable, ServerError, connect

CONTRACT = make_contract()
LAYOUT = {
    'images': [{'key': 'ego_view', 'image': 'observation.images.front'}],
    'state': [{'key': 'arm', 'start': 0, 'stop': 7}, {'key': 'gripper', 'start': 7, 'stop': 8}]}


@pytest.fixture(scope='module')
def fakes(start_peer):
    running = {}

    def get(version, encoding='npy'):
        if (version, encoding) not in running:
            running[version, encoding] = start_peer('fake_groot_server.py', version, encoding)
        return f'tcp://127.0.0.1:{running[version, encoding].port}'
    return get


@pytest.mark.parametrize('version', ['n1.5', 'n1.6'])
@pytest.mark.parametrize('encoding', ['npy', 'msgpack_numpy'])
def test_both_generations_in_both_encodings(fakes, observe, version, encoding):
    with connect(fakes(version, encoding), CONTRACT, version=version, encoding=encoding,
                 layout=LAYOUT, actions=('arm', 'gripper')) as client:
        chunk = client.infer(observe(CONTRACT))
    assert chunk.data.shape == (4, 8)
    np.testing.assert_allclose(chunk.data[:, [0, 1, 7]], [[10.0, 3.6, 0.25]] * 4, rtol=1e-6)


def test_new_episode_resets_the_server(fakes, observe):
    with connect(fakes('n1.6'), CONTRACT, actions=('arm', 'gripper')) as client:
        before = client.infer(observe(CONTRACT)).data[0, 2]
        assert client.infer(observe(CONTRACT)).data[0, 2] == before
        client.reset('put it back')
        assert client.infer(observe(CONTRACT)).data[0, 2] == before + 1


@pytest.mark.parametrize(('instruction', 'reason'), [
    ('fail', 'the embodiment is unknown'), ('objects', "kind b'O' is not accepted")])
def test_refusals_and_objects(fakes, observe, instruction, reason):
    with connect(fakes('n1.6'), CONTRACT, actions=('arm', 'gripper')) as client:
        with pytest.raises(ServerError, match=reason):
            client.infer(observe(CONTRACT, instruction))
        assert client.infer(observe(CONTRACT)).steps == 4


def test_unknown_action_name(fakes, observe):
    with connect(fakes('n1.6'), CONTRACT, actions=('arm', 'hand')) as client, \
            pytest.raises(ServerError, match="no action 'hand'; it has arm, gripper"):
        client.infer(observe(CONTRACT))


def test_socket_is_made_anew_after_a_lost_reply(start_peer, observe):
    server = start_peer('fake_groot_server.py', 'n1.5', 'npy')
    with connect(f'tcp://127.0.0.1:{server.port}', CONTRACT, version='n1.5',
                 actions=('arm', 'gripper'), timeout_s=0.4) as client:
        with pytest.raises(PolicyUnavailable, match=r'no answer within 0\.4 s'):
            client.infer(observe(CONTRACT, 'hang'))
        client.options = client.options.model_copy(update={'timeout_s': 10.0})
        assert client.infer(observe(CONTRACT)).steps == 4


def test_token(start_peer, observe):
    server = start_peer('fake_groot_server.py', 'n1.6', 'npy', 'secret')
    address = f'tcp://127.0.0.1:{server.port}'
    with pytest.raises(ServerError, match='Invalid API token'):
        connect(address, CONTRACT, actions=('arm', 'gripper'))
    with connect(address, CONTRACT, actions=('arm', 'gripper'), api_token='secret') as client:
        assert client.infer(observe(CONTRACT)).steps == 4


def test_nobody_there(free_port):
    with pytest.raises(PolicyUnavailable, match='no GR00T server answers there'):
        connect(f'tcp://127.0.0.1:{free_port}', CONTRACT, actions=('arm',), connect_timeout_s=0.3)


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'zmq', None)
    with pytest.raises(ConfigurationError, match='install it with pip install pyzmq'):
        connect('tcp://127.0.0.1:5555', CONTRACT, actions=('arm',))
