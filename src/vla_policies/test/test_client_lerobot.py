"""The gRPC client against a server that unpickles as LeRobot's does."""
import numpy as np
import pytest
from stand_in_policy import make_contract

from vla_core.validation import ConfigurationError
from vla_policies.clients import PolicyUnavailable, ServerError, connect

CONTRACT = make_contract()
POLICY = {'policy_type': 'act', 'pretrained_name_or_path': 'folder', 'allow_pickle': True}


@pytest.fixture(scope='module')
def address(start_peer):
    return f'grpc://127.0.0.1:{start_peer("fake_lerobot_server.py").port}'


def test_chunk_of_torch_tensors_arrives_without_torch_here(address, observe):
    with connect(address, CONTRACT, **POLICY, timeout_s=10.0) as client:
        chunks = [client.infer(observe(CONTRACT)) for _ in range(3)]
    for step, chunk in enumerate(chunks, start=1):
        assert chunk.data.shape == (3, 8)
        np.testing.assert_allclose(chunk.data[0, :3], [10.0, 3.6, step], rtol=1e-5)


def test_observation_larger_than_a_message_goes_in_pieces(address, observe):
    data = make_contract().model_dump(mode='json')
    for image in data['images']:
        image['processing'].update(width=1280, height=960)
    contract = type(CONTRACT).model_validate(data)
    with connect(address, contract, **POLICY, timeout_s=20.0) as client:
        assert client.infer(observe(contract)).steps == 3


def test_hostile_pickle_is_refused_by_name(address, observe):
    with connect(address, CONTRACT, **POLICY, timeout_s=10.0) as client:
        with pytest.raises(ServerError, match=r'asks for builtins\.eval, which is not allowed'):
            client.infer(observe(CONTRACT, 'attack'))
        assert client.infer(observe(CONTRACT)).steps == 3


def test_server_that_answers_nothing(address, observe):
    with connect(address, CONTRACT, **POLICY, timeout_s=0.5) as client, \
            pytest.raises(PolicyUnavailable, match=r'no answer within 0\.5 s'):
        client.infer(observe(CONTRACT, 'fail'))


def test_policy_that_the_server_does_not_know(address):
    with pytest.raises(ServerError, match=r'SendPolicyInstructions: .*unknown not supported'):
        connect(address, CONTRACT, **{**POLICY, 'policy_type': 'unknown'})


def test_pickles_have_to_be_asked_for():
    with pytest.raises(ConfigurationError, match='say allow_pickle=true'):
        connect('grpc://127.0.0.1:8080', CONTRACT, **{**POLICY, 'allow_pickle': False})


@pytest.mark.parametrize('host', ['192.168.1.5', 'robot.example.com', '0.0.0.0'])
def test_another_machine_has_to_be_asked_for(host):
    with pytest.raises(ConfigurationError, match='say allow_remote=true'):
        connect(f'grpc://{host}:8080', CONTRACT, **POLICY)


def test_state_names_must_fit(address):
    with pytest.raises(ConfigurationError, match='state_names: must name 8'):
        connect(address, CONTRACT, **POLICY, state_names=('a', 'b'))


def test_nobody_there(free_port):
    with pytest.raises(PolicyUnavailable, match='no gRPC server answers there'):
        connect(f'grpc://127.0.0.1:{free_port}', CONTRACT, **POLICY, connect_timeout_s=0.3)
