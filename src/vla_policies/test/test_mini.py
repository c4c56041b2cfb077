"""The mini family: chunks in the contract's space from every head, prefixes kept, words heard."""
from dataclasses import replace

import numpy as np
import pytest
import torch
from mini_folder import CONTRACT, SIZES, make, observation

from vla_core.observation import ObservationError
from vla_core.policy_contract import ContractError
from vla_core.rotation import rotation_6d_to_matrix
from vla_policies.mini.configuration import FlowSettings
from vla_policies.mini.heads.flow import FlowHead, soft_mask
from vla_policies.mini.heads.tokens import TokenHead
from vla_policies.policy import Request
from vla_policies.registry import load_policy


@pytest.fixture(scope='module', params=['l1', 'flow', 'tokens'])
def policy(request, tmp_path_factory):
    return load_policy(make(tmp_path_factory.mktemp(request.param), request.param))


def rng(seed=0):
    return np.random.default_rng(seed)


def test_a_chunk_is_in_the_space_of_the_contract(policy):
    chunk = policy.infer(observation(), rng=rng()).validate()
    assert chunk.space == CONTRACT.action.space
    assert chunk.stamp_ns == 10 ** 9
    assert np.allclose(chunk.times_s, np.arange(1, 17) / 10)
    turns = rotation_6d_to_matrix(chunk.data[:, 3:9])
    assert np.allclose(chunk.data[:, 3:6], turns[..., 0], atol=1e-5)
    assert np.all((chunk.data[:, 9] >= 0) & (chunk.data[:, 9] <= 1))
    assert chunk.features['embedding'].ndim == 1
    assert chunk.features['grounding'].shape == (2 * 2 * 4,)  # views, target and goal


def test_a_batch_gives_what_one_after_the_other_gives(policy):
    requests = [Request(observation(seed, text), rng=rng(seed)) for seed, text in
                enumerate(('lift the red cube', 'put the blue bar in the green tray, please'))]
    together = policy.infer_batch(requests)
    for request, chunk in zip(requests, together):
        seed = requests.index(request)
        alone = policy.infer(request.observation, rng=rng(seed))
        assert np.allclose(alone.data, chunk.data, atol=2e-4)
        assert chunk.instruction == request.observation.instruction


def test_the_two_halves_are_the_whole(policy):
    seen = observation()
    latent = policy.encode(seen)
    assert latent.shape == policy.latent_shape
    chunk = policy.act(latent, 0.0, seen, rng=rng())
    whole = policy.infer(seen, rng=rng())
    assert np.allclose(chunk.data, whole.data, atol=1e-5)
    assert np.allclose(chunk.features['grounding'], whole.features['grounding'], atol=1e-4)
    moved = replace(seen, state=seen.state + np.float32(0.05))
    assert not np.allclose(policy.act(latent, 0.3, moved, rng=rng()).data, chunk.data, atol=1e-3)


def test_what_is_said_matters(policy):
    first = policy.infer(observation(), rng=rng())
    second = policy.infer(observation(instruction='stack the blue bar on the cube'), rng=rng())
    assert not np.allclose(
        first.features['embedding'], second.features['embedding'], atol=1e-3)


@pytest.mark.parametrize('change, error, message', [
    ({'state': np.full(10, np.nan, np.float32)}, ObservationError, 'arm.x is nan'),
    ({'images': {}}, ObservationError, 'observation.images.front.*missing'),
    ({'instruction': ''}, ContractError, 'empty'),
    ({'instruction': 'word ' * 10_000}, ContractError, 'at most 500'),
    ({'state_names': tuple('abcdefghij')}, ObservationError, 'must be arm.x')])
def test_an_observation_it_cannot_use_is_refused_by_name(policy, change, error, message):
    with pytest.raises(error, match=message):
        policy.infer(replace(observation(), **change))


def test_an_image_of_another_size_is_refused(policy):
    seen = observation()
    small = {key: image[:50] for key, image in seen.images.items()}
    with pytest.raises(ObservationError, match='must have shape'):
        policy.infer(replace(seen, images=small))


@pytest.fixture
def head():
    torch.manual_seed(3)
    return FlowHead(SIZES, 16, 10).eval()


class TestFlow:
    """Prefixes, guided or as trained."""

    @pytest.mark.parametrize('guidance', ['guided', 'trained'])
    def test_what_is_certain_stays_as_it_is(self, head, guidance):
        prefix = torch.randn(6, 10)
        with torch.no_grad():
            actions = head.sample(
                torch.randn(2, 2, 32), FlowSettings(guidance=guidance), torch.randn(2, 16, 10),
                [prefix, None], [4, 0])
        assert torch.equal(actions[0, :4], prefix[:4])
        assert not torch.allclose(actions[1, :4], prefix[:4], atol=0.1)

    def test_guidance_draws_the_rest_of_the_plan_near(self, head):
        readouts, noise = torch.randn(1, 2, 32), torch.randn(1, 16, 10)
        settings = FlowSettings(steps=10)
        with torch.no_grad():
            free = head.sample(readouts, settings, noise)
            plan = free[0] + 1.0
            guided = head.sample(readouts, settings, noise, [plan[:12]], [4])
        before = (free[0] - plan).abs().mean(1)
        after = (guided[0] - plan).abs().mean(1)
        assert (after[4:8] < 0.6 * before[4:8]).all()
        assert after[4] < after[11]

    def test_the_mask_is_one_then_falls_to_nothing(self):
        weights = soft_mask(16, 4, 12)
        assert torch.all(weights[:4] == 1) and torch.all(weights[12:] == 0)
        assert torch.all(weights[4:12].diff() < 0) and weights[4] < 1

    def test_the_answer_depends_on_the_generator_alone(self, tmp_path):
        policy = load_policy(make(tmp_path, 'flow'))
        first, again, other = (
            policy.infer(observation(), rng=rng(seed)).data for seed in (5, 5, 6))
        assert np.array_equal(first, again) and not np.array_equal(first, other)

    def test_a_policy_takes_the_plan_in_actions_of_the_contract(self, tmp_path):
        policy = load_policy(make(tmp_path, 'flow'))
        plan = policy.infer(observation(), rng=rng()).data[:6]
        chunk = policy.infer(observation(), prefix=plan, delay=3, rng=rng(9))
        assert chunk.prefix_length == 3
        assert np.allclose(chunk.data[:3], plan[:3], atol=1e-4)
        trained = policy.with_guidance('trained').infer(
            observation(), prefix=plan, delay=3, rng=rng(9))
        assert np.allclose(trained.data[:3], plan[:3], atol=1e-4)
        assert not np.allclose(trained.data[3:], chunk.data[3:])  # the rest is drawn otherwise


def test_tokens_remember_actions_to_within_a_bin():
    head = TokenHead(SIZES, 16, 10)
    actions = torch.rand(3, 16, 10) * 5.8 - 2.9
    assert (head.decode(head.encode(actions)) - actions).abs().max() <= 3.0 / SIZES.bins + 1e-6


def test_tokens_are_predicted_alike_at_once_and_one_by_one():
    torch.manual_seed(1)
    head = TokenHead(SIZES, 4, 3).eval()
    readouts = torch.randn(2, 2, 32)
    with torch.no_grad():
        sampled = head.sample(readouts)
        bins = head.encode(sampled)
        losses = head.loss(readouts, sampled)
        worse = head.loss(readouts, head.decode((bins + 3) % SIZES.bins))
    assert torch.all(losses < worse)
