"""The REST client against servers like OpenVLA's and OpenVLA-OFT's."""
import numpy as np
import pytest
from stand_in_policy import make_contract

from vla_core.policy_contract import ContractError, PolicyContract
from vla_policies.clients import PolicyUnavailable, ServerError, connect

OFT = make_contract()


@pytest.fixture(scope='module')
def address(start_peer):
    return f'http://127.0.0.1:{start_peer("fake_openvla_server.py").port}'


def openvla_contract():
    """One image, no state, end-effector deltas of 7 numbers: what OpenVLA gives."""
    contract = make_contract(('front',)).model_dump(mode='json')
    contract['state'] = None
    contract['action']['space'] = {
        'kind': 'pose_delta', 'names': ['arm'], 'frame': 'base', 'rotation': 'rpy',
        'delta_reference': 'previous', 'gripper': 'normalised_open'}
    return PolicyContract.model_validate(contract)


@pytest.mark.parametrize('encoding', ['plain', 'encoded'])
def test_oft_chunk_in_both_encodings(address, observe, encoding):
    with connect(address, OFT, encoding=encoding) as client:
        for _ in range(3):  # one connection serves several requests
            chunk = client.infer(observe(OFT))
    assert chunk.data.shape == (8, 8)
    np.testing.assert_allclose(chunk.data[0, :4], [10.0, 3.6, 2, 7], rtol=1e-6)
    np.testing.assert_allclose(chunk.times_s, np.arange(1, 9) / 10)


@pytest.mark.parametrize('encoding', ['plain', 'encoded'])
def test_openvla_gives_one_action(address, observe, encoding):
    contract = openvla_contract()
    with connect(f'{address}/act', contract, server='openvla', encoding=encoding,
                 unnorm_key='bridge_orig') as client:
        chunk = client.infer(observe(contract))
    assert chunk.data.shape == (1, 7)
    np.testing.assert_allclose(chunk.data[0], [10, 0, 1, 7, len('bridge_orig'), 0, 0])


@pytest.mark.parametrize(('instruction', 'reason'), [
    ('fail', "answered 'error'; what failed stands in the log of the server"),
    ('crash', 'HTTP status 500'),
    ('text', 'dict instead of actions'),
])
@pytest.mark.parametrize('encoding', ['plain', 'encoded'])
def test_failure_is_said_and_the_next_call_works(address, observe, encoding, instruction, reason):
    with connect(address, OFT, encoding=encoding) as client:
        with pytest.raises(ServerError, match=reason):
            client.infer(observe(OFT, instruction))
        assert client.infer(observe(OFT)).steps == 8


def test_time_out(address, observe):
    with connect(address, OFT, timeout_s=0.3) as client:
        with pytest.raises(PolicyUnavailable, match=r'no answer within 0\.3 s'):
            client.infer(observe(OFT, 'hang'))
        assert client.infer(observe(OFT)).steps == 8


def test_another_number_of_actions_is_refused(address, observe):
    with connect(address, OFT, server='openvla') as client, \
            pytest.raises(ServerError, match=r'shape \[1, 7\]; the contract has 8 numbers'):
        client.infer(observe(OFT))


def test_images_beyond_the_servers_need_a_layout(address):
    contract = make_contract(('a', 'b', 'c', 'd'))
    with pytest.raises(ContractError, match='takes 1 to 3, not 4'):
        connect(address, contract)


def test_nobody_there(free_port):
    with pytest.raises(PolicyUnavailable, match='Connection refused'):
        connect(f'http://127.0.0.1:{free_port}', OFT, connect_timeout_s=0.3)
