"""Lockstep asks again after a lost answer, hands over prefixes, and rolls states forward."""
import numpy as np
import pytest

from vla_simulation.benchmark.seams import Seams, start, summarise
from vla_simulation.episode import Episode, Inference
from vla_simulation.expert_policy import ExpertPolicy
from vla_simulation.observer import Observer
from vla_simulation.world import World


@pytest.fixture(scope='module')
def world():
    return World('tabletop', 'franka')


class Listener:
    """An expert that remembers what it was asked."""

    def __init__(self, world, contract):
        self._expert = ExpertPolicy(world, contract)
        self.requests = []

    def reset(self, instruction):
        self._expert.reset(instruction)

    def infer(self, observation, *, prefix=None, delay=0, rng=None):
        self.requests.append((observation, prefix, delay))
        return self._expert.infer(observation)


def run(world, **inference):
    contract = world.suite.contract(world.profile)
    policy = Listener(world, contract)
    episode = Episode(world, Observer(world, contract, images=False), policy,
                      Inference(**inference))
    return episode.run(world.draw('pick', 0)), policy.requests


def test_a_lost_answer_is_asked_for_again(world):
    """An asynchronous client that waited for one lost reply never asked again."""
    result, requests = run(world, loss=0.4, delay_s=0.1, strategy='replace')
    assert result.success and result.chunks == len(requests) > 5


@pytest.mark.parametrize(('contracted', 'asked_for', 'steps'), [
    (None, 0, 4), (6, 0, 6), (6, 2, 2)])
def test_the_policy_is_asked_as_often_as_its_contract_says(world, contracted, asked_for, steps):
    contract = world.suite.contract(world.profile)
    contract = contract.model_copy(update={'action': contract.action.model_copy(
        update={'replan_steps': contracted})})
    policy = Listener(world, contract)
    Episode(world, Observer(world, contract, images=False), policy,
            Inference(replan_steps=asked_for)).run(world.draw('pick', 0))
    stamps = [observation.stamp_ns for observation, _, _ in policy.requests]
    assert set(np.diff(stamps)) == {round(steps * 1e9 / contract.rate_hz)}


def test_the_policy_is_handed_what_is_committed(world):
    _, requests = run(world, delay_s=0.2, strategy='rtc')
    assert requests[0][1] is None and requests[0][2] == 0
    for _, prefix, delay in requests[1:4]:
        assert delay == 2 and len(prefix) > 2 and np.isfinite(prefix).all()
    _, requests = run(world, delay_s=0.2, strategy='replace')
    assert all(prefix is None and delay == 0 for _, prefix, delay in requests)


def test_the_policy_sees_the_state_at_its_answer(world):
    _, requests = run(world, delay_s=0.3, strategy='future_state')
    stamps = [observation.stamp_ns // 1_000_000 for observation, _, _ in requests]
    assert stamps[0] == 0 and stamps[1] % 100 == 0 and stamps[1] >= 700


def test_seams_are_measured_in_every_cell():
    seams = Seams('expert', 1, ('blend', 'naive'), (100,))
    work = start(seams)
    results = {item: work(item) for item in seams.items() if not item[2]}
    ours, naive = summarise(seams, results)
    assert ours['success'] == 1.0 and ours['max_acceleration_ratio'] <= 1.0
    assert ours['max_jerk_ratio'] <= 1.0 < naive['max_jerk_ratio']
    assert naive['max_acceleration_ratio'] > 10.0
