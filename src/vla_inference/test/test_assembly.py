"""Observations of a running robot, and every way in which a stream can be unfit for one."""
from dataclasses import replace

import numpy as np
import pytest

from vla_core.policy_contract import assemble_observation
from vla_inference.assembly import ObservationAssembly, ObservationUnavailable
from vla_inference.delays import Delays

MS = 1_000_000
START = 1_000_000 * MS


@pytest.fixture
def assembly(contract, profile):
    return ObservationAssembly(contract, profile)


def feed(assembly, samples, *times_ms, skip=(), x=0.4):
    for time_ms in times_ms:
        now = START + time_ms * MS
        for topic, sample in samples.round(now, x).items():
            if topic not in skip:
                assembly.add(topic, sample, now)
    return now


def refusal(assembly, now_ns):
    with pytest.raises(ObservationUnavailable) as caught:
        assembly.observe('up', now_ns)
    return str(caught.value)


def test_an_observation_is_what_the_contract_makes_of_the_latest_samples(
        assembly, contract, profile, samples):
    taken = samples.round(START)
    for topic, sample in taken.items():
        assembly.add(topic, sample, START)
    assembly.add('current_pose', samples.pose(START + 10 * MS, x=0.9), START + 10 * MS)
    seen = assembly.observe('up', START + 20 * MS)
    expected = assemble_observation(contract, profile, taken, 'up', START)
    assert seen.stamp_ns == START
    assert seen.state.tobytes() == expected.state.tobytes()
    assert all(seen.images[key].tobytes() == expected.images[key].tobytes()
               for key in expected.images)


def test_each_observation_is_made_once(assembly, samples):
    now = feed(assembly, samples, 0)
    assert assembly.newer_ns() == now
    assembly.observe('up', now)
    assert assembly.newer_ns() is None
    assert assembly.newer_ns() != feed(assembly, samples, 33)


def test_a_stream_that_never_came_or_stopped_is_named(assembly, samples):
    now = feed(assembly, samples, 0, skip=('wrist/image_raw',))
    assert refusal(assembly, now) == 'wrist/image_raw has given nothing'
    feed(assembly, samples, 33)
    now = feed(assembly, samples, *range(66, 460, 33), skip=('front/image_raw',))
    assert refusal(assembly, now) == 'front/image_raw is 0.396 s old, the limit is 0.3 s'
    assert assembly.observe('up', feed(assembly, samples, 462)).stamp_ns == START + 462 * MS


def test_a_frozen_camera_is_told_from_a_still_scene(assembly, samples):
    frozen = samples.picture(START)

    def play(times_ms, speed):
        for time_ms in times_ms:
            now = START + time_ms * MS
            for topic, sample in samples.round(now, x=0.4 + speed * time_ms / 1000).items():
                if topic == 'front/image_raw':
                    sample = replace(frozen, stamp_ns=now)
                assembly.add(topic, sample, now)
        return now

    now = play(range(0, 3000, 33), speed=0.0)
    assert assembly.observe('up', now)
    now = play(range(3000, 6000, 33), speed=0.1)
    text = refusal(assembly, now)
    assert text.startswith('front/image_raw is ')
    assert 'is frozen: the same picture for' in text and 'while the arm moves' in text
    assert assembly.observe('up', feed(assembly, samples, 6000, x=1.0))


def test_a_camera_that_jumps_in_time(assembly, samples):
    now = feed(assembly, samples, 0, 33)
    assembly.add('front/image_raw', samples.picture(now + 5000 * MS), now)
    later = feed(assembly, samples, *range(66, 500, 33), skip=('front/image_raw',))
    assembly.add('front/image_raw', samples.picture(later + 5000 * MS), later)
    assert refusal(assembly, later) \
        == 'front/image_raw is 0.462 s old, the limit is 0.3 s: is stamped 5.00 s in the future'
    back = START - 60_000 * MS
    for topic, sample in samples.round(back).items():
        assembly.add(topic, sample, back)
    assert assembly.observe('up', back).stamp_ns == back


def test_a_camera_that_changes_size_waits_for_the_next_task(assembly, samples):
    feed(assembly, samples, 0)
    for time_ms in range(33, 500, 33):
        now = START + time_ms * MS
        feed(assembly, samples, time_ms, skip=('front/image_raw',))
        assembly.add('front/image_raw', samples.picture(now, 32, 24), now)
    assert refusal(assembly, now).endswith('comes as 32×24, not 64×48')
    assembly.begin()
    now = feed(assembly, samples, 500, skip=('front/image_raw',))
    assembly.add('front/image_raw', samples.picture(now, 32, 24), now)
    assert assembly.observe('up', now).images['observation.images.front'].shape == (24, 32, 3)


def test_joints_are_found_by_name_in_any_order(assembly, samples):
    now = feed(assembly, samples, 0, skip=('joint_states',))
    turned = samples.joints(now)
    assembly.add('joint_states', replace(
        turned, names=turned.names[::-1], position=turned.position[::-1]), now)
    assert assembly.observe('up', now).state[-1] == pytest.approx(0.5)


def test_a_missing_joint_and_a_number_that_is_none_are_named(assembly, samples):
    now = feed(assembly, samples, 0, skip=('joint_states',))
    assembly.add('joint_states', samples.joints(now, names=('elbow',)), now)
    assert "joint_states cannot be used: position: no joint 'fr3_finger_joint1'" in refusal(
        assembly, now)
    now = feed(assembly, samples, 33, skip=('current_pose',))
    assembly.add('current_pose', samples.pose(now, x=np.nan), now)
    assert refusal(assembly, now) == 'current_pose gives arm.x that is not finite'


def test_measured_delays_say_what_belongs_together(contract, profile, samples):
    assembly = ObservationAssembly(
        contract, profile, Delays(cameras={'front/image_raw': 0.05, 'wrist/image_raw': 0.05}))
    for time_ms in range(0, 200, 10):
        now = START + time_ms * MS
        assembly.add('current_pose', samples.pose(now, x=time_ms / 1000), now)
        assembly.add('joint_states', samples.joints(now), now)
    for topic in ('front/image_raw', 'wrist/image_raw'):
        assembly.add(topic, samples.picture(START + 150 * MS), now)
    seen = assembly.observe('up', now)
    assert seen.stamp_ns == START + 100 * MS
    assert seen.state[0] == pytest.approx(0.1)


def test_reports_count_what_came_and_say_what_is_wrong(assembly, samples):
    now = feed(assembly, samples, 0, 33, skip=('wrist/image_raw',))
    assembly.refuse('wrist/image_raw', 'cannot be decoded')
    report = {entry.topic: entry for entry in assembly.reports(now)}
    assert (report['front/image_raw'].received, report['front/image_raw'].problem) == (2, '')
    assert (report['wrist/image_raw'].received, report['wrist/image_raw'].refused) == (1, 1)
    assert report['wrist/image_raw'].problem == 'has given nothing: cannot be decoded'
