"""The scheduler and its first strategies: at their own times, continuous, exact weights."""
import numpy as np
import pytest

from vla_core.action_chunk import ActionChunk, ChunkError
from vla_core.action_space import ActionSpace, ActionSpaceMismatch
from vla_core.rotation import rotation_6d_to_matrix
from vla_execution import strategies
from vla_execution.scheduler import Scheduler

MS = 1_000_000
SPACE = ActionSpace(kind='joint_position', names=('a', 'b'))


def _chunk(stamp_ms, rows, space=SPACE, step_ms=100):
    rows = np.asarray(rows, dtype=np.float64)
    times = step_ms / 1000 * np.arange(1, len(rows) + 1)
    return ActionChunk(stamp_ms * MS, space, times, rows)


def _scheduler(strategy, space=SPACE):
    scheduler = Scheduler(space, strategy)
    scheduler.start(0, np.zeros(space.dimension))
    return scheduler


def test_a_chunk_lands_at_its_own_times_whenever_it_arrives():
    scheduler = _scheduler('replace')
    scheduler.add(_chunk(0, [[1, 0], [2, 0], [3, 0]]), 150 * MS)
    assert scheduler.reference(200 * MS)[0] == pytest.approx(2.0)
    assert scheduler.reference(250 * MS)[0] == pytest.approx(2.5)
    assert scheduler.reference(900 * MS)[0] == pytest.approx(3.0)


def test_the_reference_is_continuous_where_a_chunk_arrives():
    scheduler = _scheduler('replace')
    scheduler.add(_chunk(0, [[1, 0], [2, 0], [3, 0]]), 0)
    before = scheduler.reference(170 * MS)
    scheduler.add(_chunk(100, [[9, 0], [9, 0]]), 170 * MS)
    assert np.allclose(scheduler.reference(170 * MS), before)
    assert scheduler.reference(200 * MS)[0] == pytest.approx(9.0)


def test_open_loop_skips_nothing_however_late():
    scheduler = _scheduler('open_loop')
    assert scheduler.wants_chunk(0)
    scheduler.add(_chunk(0, [[1, 0], [2, 0]]), 800 * MS)
    assert scheduler.reference(900 * MS)[0] == pytest.approx(1.0)
    assert scheduler.reference(1000 * MS)[0] == pytest.approx(2.0)
    assert not scheduler.wants_chunk(900 * MS) and scheduler.wants_chunk(1000 * MS)


def test_the_ensemble_weighs_the_oldest_most():
    scheduler = _scheduler('temporal_ensemble')
    scheduler.add(_chunk(0, [[1, 0]] * 5), 0)
    scheduler.add(_chunk(100, [[2, 0]] * 5), 100 * MS)
    scheduler.add(_chunk(200, [[4, 0]] * 5), 200 * MS)
    weights = np.exp(-0.01 * np.arange(3))
    expected = weights @ [1, 2, 4] / weights.sum()
    assert scheduler.reference(400 * MS)[0] == pytest.approx(expected, abs=1e-12)


def test_rotations_stay_rotations_on_the_way():
    space = ActionSpace(kind='pose', names=('arm',), frame='base', rotation='rotation_6d')
    scheduler = Scheduler(space, 'replace')
    start = np.array([0, 0, 0, 1, 0, 0, 0, 1, 0.0])
    scheduler.start(0, start)
    scheduler.add(_chunk(0, [[0, 0, 0, 0, 1, 0, -1, 0, 0]], space), 0)
    turn = rotation_6d_to_matrix(scheduler.reference(50 * MS)[3:9])
    assert np.allclose(turn[:, 0], [np.sqrt(0.5), np.sqrt(0.5), 0])


@pytest.mark.parametrize('strategy', ['replace', 'temporal_ensemble'])
def test_chunks_out_of_order_or_all_past_are_left(strategy):
    scheduler = _scheduler(strategy)
    assert scheduler.add(_chunk(200, [[1, 0]] * 4), 250 * MS)
    assert not scheduler.add(_chunk(100, [[7, 0]] * 4), 260 * MS)
    assert not scheduler.add(_chunk(300, [[7, 0]]), 900 * MS)
    assert scheduler.reference(500 * MS)[0] == pytest.approx(1.0)


def test_what_must_not_be_executed_is_refused_by_field():
    scheduler = _scheduler('replace')
    with pytest.raises(ChunkError, match='a at step 0 is nan'):
        scheduler.add(_chunk(0, [[np.nan, 0]]), 0)
    other = ActionSpace(kind='joint_position', names=('a', 'c'))
    with pytest.raises(ActionSpaceMismatch, match='names'):
        scheduler.add(_chunk(0, [[0, 0]], other), 0)


def test_an_unknown_strategy_names_those_there_are():
    assert {'open_loop', 'replace', 'temporal_ensemble'} <= set(strategies.available())
    with pytest.raises(strategies.StrategyError, match="did you mean 'replace'"):
        Scheduler(SPACE, 'replaces')
