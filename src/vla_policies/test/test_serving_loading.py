"""Which policy is served, where it runs, and that it is warm before the first client comes."""
import asyncio
import threading

import numpy as np
import pytest
from mini_folder import make, observation
from stand_in_policy import StandIn, make_contract

from vla_core.action_space import ActionSpaceMismatch
from vla_policies.clients import connect
from vla_policies.policy import PolicyError
from vla_policies.serving.loading import load, prepare
from vla_policies.serving.server import PolicyServer, ServerOptions


class Tuned(StandIn):
    """A policy with both hooks, that remembers their use and the thread of it."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def optimise(self, device, dtype, compile):
        if device == 'cuda':
            raise RuntimeError('Found no NVIDIA driver\nmore')
        self.calls.append((device, dtype, compile))

    def warm_up(self):
        self.calls.append(threading.current_thread().name)


def test_policy_without_hooks_infers_alone_and_as_a_batch():
    policy = StandIn()
    prepare(policy, max_batch=8)
    assert policy.batches == [1, 8]


def test_hooks_get_what_was_asked_for():
    policy = Tuned()
    prepare(policy, dtype='bfloat16', compiled=True)
    assert policy.calls == [(None, 'bfloat16', True), 'MainThread']
    assert policy.batches == []


def test_device_that_is_not_there_is_one_line():
    with pytest.raises(PolicyError, match=r'device cuda.*: Found no NVIDIA driver$'):
        prepare(Tuned(), device='cuda')


async def _prepared():
    server = PolicyServer(Tuned(), ServerOptions(port=0))
    await server.prepare(server.policy.warm_up)
    await server.close()
    return server.policy.calls


def test_warm_up_runs_on_the_thread_that_infers():
    """CUDA graphs belong to the thread that recorded them."""
    assert asyncio.run(_prepared()) == ['inference']


@pytest.mark.parametrize(('name', 'reason'), [
    ('stand_in_policy:missing', "has no attribute 'missing'"), ('no_module:x', 'No module named'),
    ('stand_in_policy:JOINTS', 'a tuple is no policy'), (':', 'cannot be loaded'),
    ('stand_in_policy:make_contract', 'a PolicyContract is no policy with a contract')])
def test_what_is_no_policy(name, reason):
    with pytest.raises(PolicyError, match=reason):
        load(name)


def test_contract_that_is_named_must_be_the_policys(tmp_path):
    path = tmp_path / 'contract.yaml'
    make_contract(('front', 'side')).save(path)
    with pytest.raises(ActionSpaceMismatch, match='kind: expected'):
        load(str(make(tmp_path / 'mini')), str(path))
    assert load('stand_in_policy:StandIn', str(path)).contract == make_contract(('front', 'side'))


@pytest.mark.timeout(300)  # torch and the text encoder are loaded twice
def test_policy_of_ours_answers_alike_here_and_over_a_socket(tmp_path, serve):
    folder = make(tmp_path, 'flow')
    here = connect(folder)
    prefix = here.infer(observation(3), rng=np.random.default_rng(0)).data[4:]
    with connect(serve(folder).address, here.contract, features=True, timeout_s=20.0) as there:
        assert there.takes_prefix == here.takes_prefix
        chunk = there.infer(
            observation(4), prefix=prefix, delay=2, rng=np.random.default_rng(5))
    seed = int(np.random.default_rng(5).integers(2 ** 62))
    expected = here.infer(
        observation(4), prefix=prefix, delay=2, rng=np.random.default_rng(seed))
    np.testing.assert_allclose(chunk.data, expected.data, atol=1e-5)
    np.testing.assert_allclose(chunk.times_s, expected.times_s)
    np.testing.assert_allclose(
        chunk.features['embedding'], expected.features['embedding'], atol=1e-5)
    assert (chunk.stamp_ns, chunk.policy, chunk.prefix_length, chunk.frame_id) == (
        expected.stamp_ns, expected.policy, expected.prefix_length, expected.frame_id)
