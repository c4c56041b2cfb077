"""Each strategy: exact weights, fades and prefixes; what a policy is handed."""
import numpy as np
import pytest

from vla_core.rotation import quaternion_to_matrix, rpy_to_quaternion
from vla_execution.strategies.blend import DURATION, share_of_new
from vla_execution.strategies.temporal_ensemble import weights

MS = 1_000_000
TIMES = 0.1 * np.arange(1, 11)


def still(home, count, y):
    rows = np.tile(home, (count, 1))
    rows[:, 1] = y
    return rows


def line(home, begin, count=10, y=0.0):
    rows = still(home, count, y)
    rows[:, 0] += 0.01 * np.arange(begin, begin + count)
    return rows


@pytest.fixture
def started(franka, poses, home, chunk, execute):
    """Return a function: an executor of a strategy that moves along x at 0.1 m/s until 1 s."""
    def make(strategy):
        executor = execute(franka, poses, home, strategy=strategy)
        executor.add(chunk(poses, 0, line(home, 1)), 0)
        executor.reference(200 * MS)
        return executor
    return make


def test_the_ensemble_weighs_the_oldest_most():
    covers = np.array([[True, True, False], [True, True, True], [False, True, True]])
    first, second = np.exp(-0.01 * np.arange(2)), np.exp(-0.01 * np.arange(3))
    expected = np.zeros((3, 3))
    expected[:2, 0], expected[:, 1], expected[1:, 2] = (
        first / first.sum(), second / second.sum(), first / first.sum())
    assert np.allclose(weights(covers), expected, atol=1e-15)


def test_the_ensemble_is_the_mean_at_every_step(franka, poses, home, chunk, execute):
    executor = execute(franka, poses, home, strategy='temporal_ensemble')
    for stamp, y in ((0, 0.01), (100, 0.02), (200, 0.04)):
        executor.add(chunk(poses, stamp, still(home, 5, y)), stamp * MS)
        executor.reference(stamp * MS)
    share = np.exp(-0.01 * np.arange(3))
    assert executor.planned(400 * MS)[1] == pytest.approx(
        share @ [0.01, 0.02, 0.04] / share.sum(), abs=1e-12)
    share = share[:2]
    assert executor.planned(600 * MS)[1] == pytest.approx(
        share @ [0.02, 0.04] / share.sum(), abs=1e-12)
    assert executor.planned(700 * MS)[1] == pytest.approx(0.04, abs=1e-12)


def test_rotations_are_averaged_as_rotations(franka, poses, home, chunk, execute):
    executor = execute(franka, poses, home, strategy='temporal_ensemble')
    turned = np.tile(home, (5, 1))
    matrix = quaternion_to_matrix(rpy_to_quaternion([np.pi, 0, 0.4]))
    turned[:, 3:6], turned[:, 6:9] = matrix[:, 0], matrix[:, 1]
    executor.add(chunk(poses, 0, still(home, 5, 0.0)), 0)
    executor.add(chunk(poses, 100, turned), 100 * MS)
    row = executor.planned(300 * MS)
    assert np.arctan2(row[4], row[3]) == pytest.approx(0.2, abs=0.002)
    assert np.linalg.norm(row[3:6]) == pytest.approx(1.0)


def test_a_blend_begins_where_it_was_and_ends_in_the_chunk(started, poses, home, chunk):
    executor = started('blend')
    executor.add(chunk(poses, 100, line(home, 2, y=0.05)), 200 * MS)
    seam = executor.report(200 * MS).seam
    assert seam.position < 1e-9 and seam.velocity < 1e-9
    for late in (0, 60, 120, 180, 240):
        expected = 0.05 * share_of_new(np.array([(200 + late) * MS]), 200 * MS)[0]
        assert executor.planned((200 + late) * MS)[1] == pytest.approx(expected, abs=1e-9)
    later = round(200 + 1000 * DURATION)
    assert executor.planned(later * MS)[1] == pytest.approx(0.05)


def test_replace_jumps_in_the_plan_and_says_so(started, poses, home, chunk):
    executor = started('replace')
    executor.add(chunk(poses, 100, line(home, 2, y=0.05)), 200 * MS)
    assert executor.report(200 * MS).seam.position == pytest.approx(0.05, abs=1e-6)
    assert executor.request(200 * MS, 200 * MS, TIMES, home).prefix is None


def test_rtc_hands_over_what_is_committed_and_nothing_else(started, home):
    """A prefix padded with zeros decoded to the data set's mean: the arm went there."""
    executor = started('rtc')
    request = executor.request(200 * MS, 250 * MS, TIMES, home)
    assert request.delay == 3
    assert len(request.prefix) == 8  # the plan ends at 1 s
    assert np.allclose(request.prefix[:, 0], home[0] + 0.01 * np.arange(3, 11))
    assert np.allclose(request.prefix[:, 3:], home[3:])


def test_a_plan_that_ends_too_soon_is_held_not_padded(started, home):
    executor = started('rtc')
    executor.reference(800 * MS)
    request = executor.request(800 * MS, 450 * MS, TIMES, home)
    assert request.delay == 5 and len(request.prefix) == 5
    assert np.allclose(request.prefix[2:, 0], home[0] + 0.10)


def test_the_frozen_prefix_stays_what_was_committed(started, poses, home, chunk):
    executor = started('rtc')
    before = [executor.planned(t * MS) for t in (300, 400)]
    rows = line(home, 3, y=0.03)  # as if in-painting had missed its prefix
    executor.add(chunk(poses, 200, rows, prefix_length=2), 380 * MS)
    assert np.array_equal(executor.planned(400 * MS), before[1])
    assert executor.planned(500 * MS)[1] == pytest.approx(0.03)
    assert executor.report(380 * MS).seam.position < 3e-3


def test_trained_rtc_hands_over_the_certain_steps_only(started, home):
    executor = started('rtc_trained')
    request = executor.request(200 * MS, 250 * MS, TIMES, home)
    assert request.delay == 3 and len(request.prefix) == 3
    assert executor.request(200 * MS, 0, TIMES, home).prefix is None


@pytest.mark.parametrize('strategy', ['rtc', 'rtc_trained'])
def test_a_robot_that_stands_continues_nothing(strategy, franka, poses, home, chunk, execute):
    executor = execute(franka, poses, home, strategy=strategy)
    assert executor.request(0, 100 * MS, TIMES, home).prefix is None
    executor.add(chunk(poses, 0, line(home, 1, 3)), 0)
    for t in range(0, 2000, 10):
        executor.reference(t * MS)
    assert executor.request(2000 * MS, 100 * MS, TIMES, home).prefix is None


def test_at_least_one_step_is_left_to_the_policy(started, home):
    request = started('rtc').request(200 * MS, 5000 * MS, TIMES, home)
    assert request.delay == len(TIMES) - 1


def test_future_state_asks_for_the_state_at_the_answer(started, home):
    executor = started('future_state')
    assert executor.request(200 * MS, 400 * MS, TIMES, home).state_ns == 600 * MS
    assert executor.request(200 * MS, None, TIMES, home).state_ns == 200 * MS


def test_open_loop_skips_nothing_however_late(franka, poses, home, chunk, execute, walk):
    executor = execute(franka, poses, home, strategy='open_loop')
    assert executor.wants_chunk(0)
    executor.add(chunk(poses, 0, line(home, 1, 5)), 800 * MS)
    assert executor.planned(900 * MS)[0] == pytest.approx(home[0] + 0.01)
    assert executor.planned(1300 * MS)[0] == pytest.approx(home[0] + 0.05)
    assert not executor.wants_chunk(1300 * MS) and executor.wants_chunk(1600 * MS)
    walk(executor, 800, 1600)
    executor.add(chunk(poses, 1500, line(home, 6, 5)), 1900 * MS)
    assert executor.planned(2000 * MS)[0] == pytest.approx(home[0] + 0.06)
