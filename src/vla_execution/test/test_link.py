"""Faults by their seed, latency, horizon, history, and states rolled forward."""
import numpy as np
import pytest

from vla_core.action_space import ActionSpace
from vla_core.policy_contract import PolicyContract
from vla_core.validation import ConfigurationError
from vla_execution.faults import FaultInjector, Faults
from vla_execution.history import StateHistory
from vla_execution.horizon import FIRST, choose
from vla_execution.latency import LatencyEstimate
from vla_execution.layout import Layout
from vla_execution.roll_forward import RollForward

MS = 1_000_000


def sent(faults, chunk, space, home, seed=3, count=200):
    link = FaultInjector(faults, np.random.default_rng(seed))
    chunks = [chunk(space, 10 * i, home[None]) for i in range(count)]
    arrivals = [link.put(one, 10 * i * MS) for i, one in enumerate(chunks)]
    return arrivals, [one.stamp_ns // MS for one in link.arrived(10 ** 12)]


def test_the_same_seed_gives_the_same_faults(chunk, poses, home):
    faults = Faults(delay_s=0.1, jitter_s=0.05, loss=0.2, reorder=0.1, cold_start_s=1.0)
    first, second = (sent(faults, chunk, poses, home) for _ in range(2))
    assert first == second != sent(faults, chunk, poses, home, seed=4)
    arrivals, order = first
    assert 0.1 < np.mean([arrival is None for arrival in arrivals]) < 0.3
    assert arrivals[0] is None or arrivals[0] >= 1100 * MS
    assert order != sorted(order)


def test_nothing_arrives_before_its_time(chunk, poses, home):
    link = FaultInjector(Faults(delay_s=0.2), np.random.default_rng(0))
    made = chunk(poses, 0, home[None])
    assert link.put(made, 0) == 200 * MS
    assert link.arrived(199 * MS) == [] and link.arrived(200 * MS) == [made]


@pytest.mark.parametrize('field, value', [('delay_s', -1.0), ('loss', 1.5), ('jitter_s', np.nan)])
def test_faults_that_are_none_are_refused(field, value):
    with pytest.raises(ValueError, match=field):
        Faults(**{field: value})


def test_latency_is_the_longest_of_late():
    estimate = LatencyEstimate(size=3)
    assert estimate.expected_ns is None
    for delay in (500, 100, 120, 110):
        estimate.observe(delay)
    assert estimate.expected_ns == 120


def test_consensus_runs_a_chunk_as_far_as_it_agrees_with_itself(chunk, poses, home):
    rows = np.tile(home, (10, 1))
    spread = np.full(10, 0.01)
    spread[7:] = 0.05
    assert choose('consensus')(chunk(poses, 0, rows, uncertainty=spread)) == 7
    assert choose('consensus')(chunk(poses, 0, rows)) == 10
    spread[:] = np.linspace(1.0, 9.0, 10)
    assert choose('consensus')(chunk(poses, 0, rows, uncertainty=spread)) >= FIRST
    with pytest.raises(ConfigurationError, match="did you mean 'full'"):
        choose('ful')


def test_the_plan_ends_where_consensus_does(chunk, poses, home, franka, execute):
    executor = execute(franka, poses, home, strategy='replace', horizon='consensus')
    spread = np.array([0.01] * 6 + [1.0] * 4)
    executor.add(chunk(poses, 0, np.tile(home, (10, 1)), uncertainty=spread), 0)
    assert executor.report(0).committed_horizon_s == pytest.approx(0.6)


def test_history_is_interpolated_and_ends_somewhere(poses, home, franka):
    history = StateHistory(Layout(poses, franka), length_s=1.0)
    assert history.at(0) is None and history.newest is None
    for stamp in range(0, 3000, 20):
        row = home.copy()
        row[0] += stamp * 1e-5
        history.add(stamp * MS, row)
    history.add(10 ** 12, np.full(10, np.nan))
    assert history.at(2510 * MS)[0] == pytest.approx(home[0] + 0.0251)
    assert history.at(500 * MS) is None and history.at(9000 * MS) is None


def test_a_state_rolls_as_far_as_the_reference_moves(franka, poses, home):
    contract = PolicyContract.load('mini_franka')
    roll = RollForward(contract, poses, franka)
    state = np.append(home[:9], 0.9).astype(np.float32)
    state[1] += 0.004  # the robot lags behind its reference
    after = home.copy()
    after[0] += 0.03
    after[9] = 0.0
    rolled = roll.state(state, home, after, 0.2)
    assert rolled[:3] == pytest.approx([0.48, 0.004, 0.3], abs=1e-6)
    assert rolled[9] == pytest.approx(0.9 - 0.2 * 0.05 / 0.04, abs=1e-6)
    joints = contract.state.parts[0].model_copy(update={
        'source': 'joint_position', 'topic': 'joint_states', 'names': franka.joints, 'arm': '',
        'rotation': 'none'})
    wider = contract.model_copy(update={'state': contract.state.model_copy(
        update={'parts': (joints, *contract.state.parts)})})
    solved = RollForward(wider, poses, franka, solve=lambda arm, place, turn, near: near + 0.1)
    rolled = solved.state(np.concatenate([franka.home, state]), home, after, 0.2)
    assert rolled[:7] == pytest.approx(franka.home + 0.1)
    space = ActionSpace.of_robot(franka, 'joint_position')
    reached = RollForward(wider, space, franka, reach=lambda arm, near: (near[:3], np.eye(3)))
    rolled = reached.state(
        np.concatenate([franka.home, state]), np.zeros(7), np.full(7, 0.2), 0.2)
    assert rolled[:7] == pytest.approx(franka.home + 0.2)
    assert rolled[7:16] == pytest.approx([*(franka.home[:3] + 0.2), 1, 0, 0, 0, 1, 0])


def test_a_stream_that_stops_for_ever_ends_in_a_hold(chunk, poses, home, franka, execute, walk):
    executor = execute(franka, poses, home, strategy='rtc')
    rows = np.tile(home, (6, 1))
    rows[:, 0] += 0.02 * np.arange(1, 7)
    rows[:, 9] = 0.0
    executor.add(chunk(poses, 0, rows), 0)
    path = walk(executor, 0, 4000)
    report = executor.report(4000 * MS)
    assert report.state == 'holding' and report.starvation_ratio > 0.5
    assert path[-1, :3] == pytest.approx(rows[-1, :3], abs=1e-3)
    assert path[:, 0].max() <= rows[-1, 0] + 2e-3  # it does not run past its last action
    later = chunk(poses, 3900, rows + [0.12, *np.zeros(9)])
    assert executor.add(later, 4000 * MS)
    again = walk(executor, 4000, 6000)
    assert np.abs(np.diff(np.vstack([path[-1:], again]), axis=0)[:, :3]).max() < 5e-3


def test_after_a_pause_the_plan_goes_on_from_where_the_robot_is(
        chunk, poses, home, franka, execute, walk):
    executor = execute(franka, poses, home, strategy='rtc')
    rows = np.tile(home, (20, 1))
    rows[:, 0] += 0.01 * np.arange(1, 21)
    executor.add(chunk(poses, 0, rows), 0)
    stopped = walk(executor, 0, 500)[-1]
    executor.resume(1500 * MS, stopped)
    path = walk(executor, 1500, 3000)
    assert path[0] == pytest.approx(stopped)
    assert np.abs(np.diff(path[:, 0])).max() < 0.01 * 1.0
    assert path[-1, 0] == pytest.approx(home[0] + 0.2, abs=1e-3)
