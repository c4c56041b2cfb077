"""Whatever comes whenever: the output is finite, continuous and within the robot's limits."""
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as some

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace
from vla_core.profile import RobotProfile
from vla_core.rotation import (
    matrix_to_quaternion,
    quaternion_inverse,
    quaternion_multiply,
    quaternion_to_rotation_vector,
    rotation_6d_to_matrix,
)
from vla_execution.executor import ExecutionSettings, Executor
from vla_execution.layout import Layout
from vla_execution.motion import Motion
from vla_execution.plan import Plan

MS = 1_000_000
FRANKA, ALOHA = RobotProfile.load('franka'), RobotProfile.load('aloha')
HOME = np.array([0.45, 0.0, 0.3, 1, 0, 0, 0, -1, 0, 1.0])
POSES = ActionSpace.of_robot(
    FRANKA, 'pose', frame='base', rotation='rotation_6d', gripper='normalised_open')
SPACES = {
    'franka poses': (FRANKA, POSES, HOME),
    'franka joints': (FRANKA, ActionSpace.of_robot(FRANKA), FRANKA.home),
    'aloha joints': (ALOHA, ActionSpace.of_robot(ALOHA, gripper='normalised_open'),
                     np.insert(ALOHA.home, [6, 12], 0.5)),
}
STRATEGIES = ('replace', 'temporal_ensemble', 'blend', 'rtc', 'rtc_trained', 'open_loop',
              'future_state')
TOLERANCE = 1.0 + 1e-4


def check_limits(layout, linear, turns, dt):
    """Differences of places [n, …] every ``dt`` s keep the limits of ``layout``."""
    moves = np.diff(linear, axis=0) / dt
    if layout.turned:
        steps = quaternion_to_rotation_vector(
            quaternion_multiply(turns[1:], quaternion_inverse(turns[:-1]))) / dt
        moves = np.concatenate([moves, steps], axis=1)
    for order, (bound, slack) in enumerate((
            (layout.velocity, 0.0), (layout.acceleration, 0.0), (layout.jerk, 0.02))):
        rates = np.diff(moves, n=order, axis=0) / dt ** order
        worst = np.linalg.norm(rates, axis=-1).max(axis=0) / bound
        assert (worst <= TOLERANCE + slack).all(), (order, worst)


#: Chunks as a bad link brings them: gap and age in ms, steps, their ms, seed, size, prefix.
EVENTS = some.lists(some.tuples(
    some.integers(0, 600), some.integers(-300, 1500), some.integers(1, 12),
    some.sampled_from([1, 20, 50, 100]), some.integers(0, 2 ** 31), some.floats(0.0, 0.3),
    some.integers(0, 4)), min_size=1, max_size=5)


@pytest.mark.parametrize('name', SPACES)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategy=some.sampled_from(STRATEGIES), events=EVENTS)
@example(strategy='replace',  # brakes before the end of a joint's range
         events=[(0, 0, 4, 1, 1, 0.25, 0), (271, -29, 1, 50, 0, 0.0, 0)])
def test_any_sequence_of_chunks_and_times(name, strategy, events):
    profile, space, start = SPACES[name]
    executor = Executor(profile, space, ExecutionSettings(strategy=strategy))
    executor.start(0, start)
    layout, now = executor.layout, 0
    places, turns, openings = [], [], []

    def run(until):
        nonlocal now
        while now < until:
            reference = executor.reference(now)
            assert np.isfinite(reference.row).all()
            places.append(reference.linear)
            turns.append(reference.turns)
            openings.append(reference.openings)
            now += 10 * MS

    for sequence, (gap, age, steps, step, seed, size, prefix) in enumerate(events):
        run(now + gap * MS)
        random = np.random.default_rng(seed)
        rows = start + np.cumsum(random.normal(0, size, (steps, space.dimension)), axis=0)
        stamp = max(now - age * MS, 0)
        executor.add(ActionChunk(
            stamp, space, step / 1000 * np.arange(1, steps + 1), rows, sequence=sequence,
            prefix_length=min(prefix, steps)), now)
    run(now + 300 * MS)
    executor.stop(now)
    run(now + 1200 * MS)
    check_limits(layout, np.array(places), np.array(turns), 0.01)
    assert not np.any(np.array(places) > layout.upper + 1e-6) or not space.is_joint_kind
    assert not np.any(np.array(places) < layout.lower - 1e-6) or not space.is_joint_kind
    rates = np.abs(np.diff(openings, axis=0)) / 0.01
    assert (rates <= layout.gripper_speed * TOLERANCE).all()
    assert executor.report(now).state == 'stopped'
    assert np.abs(np.array(places)[-1] - np.array(places)[-20]).max() < 1e-3


def test_position_is_twice_continuously_differentiable_between_samples_too():
    """Sampled a hundred times finer than a step, acceleration changes no faster than jerk."""
    executor = Executor(FRANKA, POSES, ExecutionSettings(strategy='replace'))
    executor.start(0, HOME)
    rows = np.tile(HOME, (8, 1))
    rows[:, 0] += 0.02 * np.arange(1, 9)
    executor.add(ActionChunk(0, POSES, 0.1 * np.arange(1, 9), rows), 0)
    times = np.arange(50 * MS, 150 * MS, MS // 10)
    velocity = np.array([executor.reference(int(t)).velocity for t in times])
    acceleration = np.diff(velocity, axis=0) / 1e-4
    jerk = np.linalg.norm(np.diff(acceleration, axis=0), axis=-1) / 1e-4
    assert (jerk.max(axis=0) <= executor.layout.jerk * 1.01).all()


def test_a_feasible_plan_is_followed_without_lag():
    layout = Layout(POSES, FRANKA, 0.8)
    times = 0.1 * np.arange(60)
    rows = np.tile(HOME, (60, 1))
    rows[:, 0] += 0.1 * (1 - np.cos(times))
    rows[:, 1] += 0.1 * np.sin(times)
    plan, motion = Plan(layout, (times * 1e9).astype(np.int64), rows), Motion(layout)
    motion.reset(plan.knots.linear[0], plan.knots.turns[0])
    errors = []
    for tick in range(1, 500):
        target = plan.sample(tick * 10 * MS)
        motion.follow(target)
        motion.finish_step()
        errors.append(np.linalg.norm(target.linear - motion.linear))
    assert max(errors[100:]) < 0.7e-3


def test_rotations_go_the_short_way():
    executor = Executor(FRANKA, POSES, ExecutionSettings(strategy='replace'))
    executor.start(0, HOME)
    turned = HOME.copy()
    angle = 1.4
    turned[3:9] = [np.cos(angle), np.sin(angle), 0, np.sin(angle), -np.cos(angle), 0]
    executor.add(ActionChunk(0, POSES, np.array([1.0]), turned[None]), 0)
    begin = matrix_to_quaternion(rotation_6d_to_matrix(HOME[3:9]))
    angles = []
    for tick in range(0, 3000, 10):
        turn = executor.reference(tick * MS).turns[0]
        angles.append(np.linalg.norm(quaternion_to_rotation_vector(
            quaternion_multiply(turn, quaternion_inverse(begin)))))
    assert max(angles) == pytest.approx(angle, abs=1e-3)
    assert (np.diff(angles) > -1e-6).all()


def test_stepped_hands_on_each_action_as_it_is():
    executor = Executor(FRANKA, POSES, ExecutionSettings(strategy='replace', law='stepped'))
    executor.start(0, HOME)
    rows = np.tile(HOME, (3, 1))
    rows[:, 0] += [0.01, 0.02, 0.03]
    executor.add(ActionChunk(0, POSES, 0.1 * np.arange(1, 4), rows), 0)
    for now, expected in ((0, 0.01), (90, 0.01), (100, 0.02), (250, 0.03), (900, 0.03)):
        assert executor.reference(now * MS).row[0] == pytest.approx(HOME[0] + expected)
