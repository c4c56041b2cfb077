"""Latest-before-t: what belongs to one time, and how what does not is named."""
import numpy as np
import pytest

from vla_core.action_space import ActionSpace
from vla_core.policy_contract import (
    ActionContract,
    CameraSample,
    ImageContract,
    JointSample,
    PolicyContract,
    StateContract,
    StatePart,
)
from vla_core.streams import ObservationStreams

MS = 1_000_000


@pytest.fixture
def contract():
    processing = {'width': 8, 'height': 8}
    return PolicyContract(
        name='two_cameras', robot='pair', rate_hz=10,
        images=(ImageContract(key='front', topic='front', processing=processing),
                ImageContract(key='wrist', topic='wrist', processing=processing)),
        state=StateContract(parts=(StatePart(
            source='joint_position', topic='joints', names=('a', 'b')),)),
        action=ActionContract(
            horizon=4, space=ActionSpace(kind='joint_position', names=('a', 'b'))))


def picture(stamp_ns):
    return CameraSample(np.zeros((8, 8, 3), np.uint8), 'rgb8', stamp_ns)


def joints(stamp_ns):
    return JointSample(('a', 'b'), stamp_ns, np.zeros(2))


def filled(contract, **options):
    streams = ObservationStreams(contract, **options)
    for stamp in range(0, 101, 10):
        streams.add('joints', joints(stamp * MS))
    for stamp in (0, 33, 66, 99):
        streams.add('front', picture(stamp * MS))
    for stamp in (10, 43, 76):
        streams.add('wrist', picture(stamp * MS))
    return streams


def test_reference_is_the_newest_picture_of_cameras_that_run_free(contract):
    streams = filled(contract)
    assert streams.reference_ns() == 99 * MS
    view = streams.at(99 * MS)
    assert view.complete
    assert {topic: sample.stamp_ns // MS for topic, sample in view.samples.items()} == {
        'front': 99, 'wrist': 76, 'joints': 90}


def test_cameras_on_one_trigger_are_waited_for(contract):
    streams = ObservationStreams(contract)
    for stamp in (0, 33, 66, 99):
        streams.add('front', picture(stamp * MS))
    for stamp in (1, 34, 67):
        streams.add('wrist', picture(stamp * MS))
    assert streams.reference_ns() == 67 * MS
    streams.add('wrist', picture(100 * MS))
    assert streams.reference_ns() == 100 * MS


def test_a_slow_camera_is_not_left_behind_further_than_allowed(contract):
    streams = ObservationStreams(contract)  # its pictures may be 0.2 s old, streams 0.1 s apart
    for stamp in (0, 400, 800):
        streams.add('wrist', picture(stamp * MS))
    for stamp in range(0, 1001, 30):
        streams.add('front', picture(stamp * MS))
        streams.add('joints', joints(stamp * MS))
    assert streams.reference_ns() == 800 * MS


def test_the_view_of_an_earlier_time(contract):
    streams = filled(contract)
    view = streams.at(76 * MS)
    assert view.complete
    assert {topic: sample.stamp_ns // MS for topic, sample in view.samples.items()} == {
        'front': 66, 'wrist': 76, 'joints': 70}


def test_a_measured_delay_moves_a_camera_back(contract):
    streams = filled(contract, delays_s={'wrist': 0.02})
    assert streams.reference_ns() == 56 * MS
    view = streams.at(56 * MS)
    assert view.samples['wrist'].stamp_ns == 76 * MS
    assert view.samples['front'].stamp_ns == 33 * MS
    assert view.samples['joints'].stamp_ns == 50 * MS


def test_order_of_arrival_does_not_matter(contract):
    first, second = filled(contract), ObservationStreams(contract)
    for stamp in (76, 10, 43):
        second.add('wrist', picture(stamp * MS))
    for stamp in (99, 33, 0, 66):
        second.add('front', picture(stamp * MS))
    for stamp in range(100, -1, -10):
        second.add('joints', joints(stamp * MS))
    assert {topic: sample.stamp_ns for topic, sample in first.at(76 * MS).samples.items()} == {
        topic: sample.stamp_ns for topic, sample in second.at(76 * MS).samples.items()}


def test_what_is_missing_late_or_apart_is_named(contract):
    streams = ObservationStreams(contract)
    streams.add('front', picture(0))
    assert {str(problem) for problem in streams.late(0)} == {
        'wrist has given nothing', 'joints has given nothing'}
    streams = filled(contract)
    assert [str(problem) for problem in streams.late(290 * MS)] == [
        'wrist is 0.214 s old, the limit is 0.2 s', 'joints is 0.190 s old, the limit is 0.05 s']
    tight = filled(contract.model_copy(update={'max_skew_s': 0.005}))
    assert [str(problem) for problem in tight.at(76 * MS).problems] == [
        'front lies 0.010 s before the newest stream, the limit is 0.005 s']


def test_a_clock_set_back_begins_anew_and_the_future_is_refused(contract):
    streams = filled(contract)
    assert 'in the future' in streams.add('front', picture(900 * MS), now_ns=100 * MS)
    assert streams.add('front', picture(99 * MS)) == 'repeats a stamp'
    late = ObservationStreams(contract)
    late.add('front', picture(5000 * MS))
    late.add('front', picture(100 * MS))
    assert late.newest_ns('front') == 100 * MS
    assert late.set_back['front'] == 1
