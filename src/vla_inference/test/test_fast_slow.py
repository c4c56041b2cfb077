"""The fast part keeps its rate whatever the slow one does, and is told how old its latent is."""
import os
import signal
import time

import numpy as np
import pytest
import yaml

from vla_core.shared_memory import SharedMemoryError
from vla_inference.fast_slow import SlowFast
from vla_inference.fast_slow.policy import FastSlowPolicy, FastSlowSettings
from vla_inference.fast_slow.shared_records import LatentBuffer, ObservationBuffer
from vla_inference.policy_client import blank_observation
from vla_policies.policy import Policy, PolicyError, Request


@pytest.fixture
def policy(contract, contract_file):
    from split_policy import SplitPolicy
    policy = FastSlowPolicy(
        SplitPolicy(contract), 'split_policy:SplitPolicy',
        FastSlowSettings(policy='split_policy:SplitPolicy', slow_rate_hz=2.0,
                         max_latent_age_s=4.0), str(contract_file))
    yield policy
    policy.close()


def observe(contract, instruction='up', x=0.4):
    blank = blank_observation(contract, instruction)
    state = blank.state.copy()
    state[0] = x
    return type(blank)(**{**vars(blank), 'stamp_ns': time.monotonic_ns(), 'state': state})


def drive(policy, seconds, instruction='up'):
    """Ask as fast as answers come; ages and rate."""
    ages, began = [], time.monotonic()
    while time.monotonic() - began < seconds:
        chunk = policy.infer(observe(policy.contract, instruction))
        ages.append(float(chunk.features['latent_age_s'][0]))
    return np.array(ages), len(ages) / (time.monotonic() - began)


def test_records_keep_the_newest_and_refuse_another_shape(contract):
    written = ObservationBuffer.create(f'test_observation_{os.getpid()}', contract)
    read = ObservationBuffer.attach(f'test_observation_{os.getpid()}', contract)
    assert read.read() is None
    observation = observe(contract, 'bring die Tasse', x=0.7)
    observation.images['observation.images.front'][5, 6] = (1, 2, 3)
    written.write(observation)
    seen = read.read()
    assert (seen.stamp_ns, seen.instruction) == (observation.stamp_ns, 'bring die Tasse')
    assert np.array_equal(seen.state, observation.state)
    assert all(np.array_equal(seen.images[key], image)
               for key, image in observation.images.items())
    assert not read.changed
    written.close()
    latents = LatentBuffer.create(f'test_latent_{os.getpid()}', (2, 3))
    with pytest.raises(ValueError, match=r'must have shape \(2, 3\), has \(3,\)'):
        latents.write(np.zeros(3), 0, '')
    with pytest.raises(SharedMemoryError, match='another layout'):
        LatentBuffer.attach(f'test_latent_{os.getpid()}', (4, 3))
    latents.close()


@pytest.mark.alone
def test_the_head_is_faster_than_the_slow_part_and_bears_its_stall(policy):
    assert isinstance(policy, Policy)
    drive(policy, 2.0)
    ages, rate_hz = drive(policy, 2.0)
    assert rate_hz > 10.0  # the slow part alone takes 0.3 s and rests in between
    assert 0.2 < ages.max() < 2.0
    os.kill(policy.slow_pid, signal.SIGSTOP)
    stalled, rate_hz = drive(policy, 2.0)
    os.kill(policy.slow_pid, signal.SIGCONT)
    assert rate_hz > 10.0 and stalled.max() > 1.9
    drive(policy, 1.0)
    ages, _ = drive(policy, 1.0)
    assert ages.max() < 2.0


def test_the_age_reaches_the_head(policy):
    """The head of the test goes on from where the latent saw the tip, by the latent's age."""
    policy.infer(observe(policy.contract, x=0.4))
    time.sleep(0.5)
    chunk = policy.infer(observe(policy.contract, x=0.4))
    age_s = float(chunk.features['latent_age_s'][0])
    assert chunk.data[0, 2] == pytest.approx(0.05 * (age_s + 0.1), abs=1e-4)


def test_another_instruction_waits_for_a_latent_of_its_own(policy):
    assert policy.infer(observe(policy.contract, 'up')).data[-1, 2] > 0
    chunk = policy.infer(observe(policy.contract, 'left'))
    assert chunk.data[-1, 1] > 0 and chunk.data[-1, 2] == pytest.approx(0)


def test_a_slow_part_that_stands_still_is_named(policy, monkeypatch):
    policy.infer(observe(policy.contract))
    os.kill(policy.slow_pid, signal.SIGSTOP)
    monkeypatch.setattr(
        policy, '_settings', policy._settings.model_copy(update={'latent_wait_s': 0.2}))
    later = {**vars(observe(policy.contract)), 'stamp_ns': time.monotonic_ns() + 10 ** 11}
    with pytest.raises(PolicyError, match='s old, the limit is 4 s: the slow part stands still'):
        policy.infer(type(observe(policy.contract))(**later))
    with pytest.raises(PolicyError, match="there is no latent for 'left'"):
        policy.infer(observe(policy.contract, 'left'))


def test_a_slow_part_that_dies_is_started_again(policy):
    policy.infer(observe(policy.contract))
    first = policy.slow_pid
    os.kill(first, signal.SIGKILL)
    chunk = policy.infer(observe(policy.contract, 'left'))
    assert chunk.data[-1, 1] > 0 and policy.slow_pid not in (0, first)


def test_a_folder_of_the_kind_is_opened_and_a_policy_that_cannot_be_split_is_named(
        contract, tmp_path):
    (tmp_path / 'policy.yaml').write_text(yaml.safe_dump(
        {'kind': 'fast_slow', 'policy': 'split_policy:SplitPolicy', 'slow_rate_hz': 5}))
    contract.save(tmp_path / 'contract.yaml')
    policy = FastSlowPolicy.load(
        tmp_path, {'policy': 'split_policy:SplitPolicy', 'slow_rate_hz': 5}, contract)
    assert policy.infer_batch([Request(observe(contract))])[0].steps == 10
    policy.close()
    from split_policy import SplitPolicy
    assert isinstance(SplitPolicy(contract), SlowFast)
    with pytest.raises(PolicyError, match='cannot be split: it needs encode'):
        FastSlowPolicy.load(tmp_path, {'policy': 'scripted_policy:ScriptedPolicy'}, contract)
    with pytest.raises(PolicyError, match='rate: unknown key'):
        FastSlowPolicy.load(tmp_path, {'policy': 'split_policy:SplitPolicy', 'rate': 5}, contract)
