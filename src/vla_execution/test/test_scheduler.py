"""What comes in, when its steps are due, and what is left out or refused, by name."""
import numpy as np
import pytest

from vla_core.action_chunk import ActionChunk, ChunkError
from vla_core.action_space import ActionSpace, ActionSpaceMismatch
from vla_execution import strategies

MS = 1_000_000


def ramp(home, count, step=0.01, begin=1):
    """Rows that go along x, ``step`` m each."""
    rows = np.tile(home, (count, 1))
    rows[:, 0] += step * np.arange(begin, begin + count)
    return rows


@pytest.fixture
def running(franka, poses, home, chunk, execute):
    """An executor that moves along x at 0.1 m/s since 0, with a plan until 1 s."""
    executor = execute(franka, poses, home, strategy='replace')
    executor.add(chunk(poses, 0, ramp(home, 10)), 0)
    executor.reference(300 * MS)
    return executor


def test_a_chunk_lands_at_its_own_times_whenever_it_arrives(running, poses, home, chunk):
    assert running.add(chunk(poses, 100, ramp(home, 10, begin=2)), 350 * MS)
    assert running.planned(500 * MS)[0] == pytest.approx(home[0] + 0.05)
    assert running.planned(1100 * MS)[0] == pytest.approx(home[0] + 0.11)


def test_no_more_steps_are_dropped_than_are_past(running, poses, home, chunk):
    """
    A client dropped the steps of the delay from a chunk that began at its observation, and then
    those of its queue once more: the robot skipped ahead.
    """
    for stamp, arrival in ((100, 350), (350, 430), (430, 700)):
        begin = stamp / 100 + 1
        assert running.add(chunk(poses, stamp, ramp(home, 12, begin=begin)), arrival * MS)
        for later in (arrival + 10, arrival + 200):
            assert running.planned(later * MS)[0] == pytest.approx(home[0] + later * 1e-4)


def test_the_first_chunk_loses_no_action_to_warm_up(franka, poses, home, chunk, execute, walk):
    """
    The first inference takes seconds; a client that counted them as executed skipped most of its
    first chunk and jumped.
    """
    executor = execute(franka, poses, home, strategy='replace')
    walk(executor, 0, 3000)
    assert executor.add(chunk(poses, 0, ramp(home, 8)), 3000 * MS)
    assert executor.planned(3100 * MS)[0] == pytest.approx(home[0] + 0.01)
    assert executor.planned(3800 * MS)[0] == pytest.approx(home[0] + 0.08)


def test_after_a_hold_nothing_is_lost_either(running, poses, home, chunk, walk):
    walk(running, 300, 2500)
    assert running.report(2500 * MS).state == 'holding'
    assert running.add(chunk(poses, 2400, ramp(home, 5, begin=11)), 3000 * MS)
    assert running.planned(3100 * MS)[0] == pytest.approx(home[0] + 0.11)


def test_chunks_out_of_order_twice_or_past_are_left_out(running, poses, home, chunk):
    late = chunk(poses, 50, ramp(home, 10))
    newer = chunk(poses, 200, ramp(home, 10, begin=3))
    assert running.add(newer, 350 * MS)
    for bad, now, reason in ((late, 360, 'out of order'), (newer, 370, 'already'),
                             (chunk(poses, 250, ramp(home, 1)), 380, 'all 1 steps are past')):
        assert not running.add(bad, now * MS)
        assert reason in running.report(now * MS).refusal
    assert running.report(400 * MS).chunks_refused == 3
    assert running.planned(500 * MS)[0] == pytest.approx(home[0] + 0.05)


@pytest.mark.parametrize('stamp_ms, reason', [
    (10_000, 'lies 9.600 s in the future'), (-60_000, '60.400 s old')])
def test_far_from_now_is_refused(running, poses, home, chunk, stamp_ms, reason):
    assert not running.add(chunk(poses, stamp_ms, ramp(home, 10)), 400 * MS)
    assert reason in running.report(400 * MS).refusal


def test_steps_that_never_end_are_refused(running, poses, home, chunk):
    assert not running.add(chunk(poses, 350, ramp(home, 3), step_ms=60_000), 400 * MS)
    assert 'times_s: the last step is 180.000 s ahead' in running.report(400 * MS).refusal


def test_a_robot_that_is_not_where_the_chunk_assumes_is_named(running, poses, home, chunk):
    far = ramp(home, 10)
    far[:, 1] += 0.6
    assert not running.add(chunk(poses, 300, far), 350 * MS)
    assert 'arm would begin 0.6' in running.report(400 * MS).refusal
    turned = ramp(home, 10)
    turned[:, 3:9] = [-1, 0, 0, 0, 1, 0]
    assert not running.add(chunk(poses, 320, turned), 350 * MS)
    assert 'turned by 3.14' in running.report(400 * MS).refusal


def test_what_nobody_may_execute_raises_and_names_the_field(running, poses, home, chunk):
    bad = ramp(home, 4)
    bad[2, 1] = np.nan
    with pytest.raises(ChunkError, match=r'arm\.y at step 2 is nan'):
        running.add(chunk(poses, 300, bad), 350 * MS)
    with pytest.raises(ChunkError, match='times_s'):
        running.add(ActionChunk(300 * MS, poses, np.zeros(0), np.zeros((0, 10))), 350 * MS)
    with pytest.raises(ChunkError, match='data: must have shape'):
        running.add(ActionChunk(300 * MS, poses, np.array([0.1, 0.2]), home[None]), 350 * MS)
    flat = ramp(home, 2)
    flat[:, 6:9] = flat[:, 3:6]
    with pytest.raises(ChunkError, match='not parallel'):
        running.add(chunk(poses, 300, flat), 350 * MS)
    other = ActionSpace(kind='pose', names=('arm',), frame='base', rotation='rpy')
    with pytest.raises(ActionSpaceMismatch, match='rotation'):
        running.add(chunk(other, 300, np.zeros((2, 6))), 350 * MS)
    assert running.report(400 * MS).chunks_refused == 5
    assert 'rotation' in running.report(400 * MS).refusal


def test_positions_are_brought_into_the_workspace(franka, running, poses, home, chunk):
    low = ramp(home, 10)
    low[:, 2] = -0.05
    running.add(chunk(poses, 300, low), 350 * MS)
    assert running.planned(1000 * MS)[2] == franka.arms[0].workspace.lower[2]


def test_a_plan_runs_faster_or_slower_and_the_policy_is_told(
        franka, poses, home, chunk, execute):
    executor = execute(franka, poses, home, strategy='rtc', speed=2.0)
    executor.add(chunk(poses, 0, ramp(home, 10)), 0)
    assert executor.planned(250 * MS)[0] == pytest.approx(home[0] + 0.05)
    executor.reference(100 * MS)
    request = executor.request(100 * MS, 100 * MS, 0.1 * np.arange(1, 11), home)
    # 100 ms of the robot are two steps of the policy, and step i is due half as far away.
    assert request.delay == 2
    assert request.prefix[:, 0] == pytest.approx(home[0] + 0.01 * np.arange(3, 11))


def test_an_unknown_strategy_names_those_there_are(franka, poses, home, execute):
    assert set(strategies.available()) == {
        'blend', 'future_state', 'open_loop', 'replace', 'rtc', 'rtc_trained',
        'temporal_ensemble'}
    with pytest.raises(strategies.StrategyError, match="did you mean 'replace'"):
        execute(franka, poses, home, strategy='replaces')


def test_a_strategy_changes_while_it_runs(running, poses, home, chunk):
    before = running.reference(400 * MS).row
    running.use('blend')
    assert np.allclose(running.reference(400 * MS).row, before)
    assert running.add(chunk(poses, 350, ramp(home, 10, begin=5)), 410 * MS)
    assert running.report(410 * MS).strategy == 'blend'
    with pytest.raises(strategies.StrategyError):
        running.use('blender')
    assert running.report(420 * MS).strategy == 'blend'
