"""The live check, from outside, says what the lockstep check says from inside."""
import os

import pytest

from vla_core.profile import RobotProfile
from vla_core.shared_memory import SharedMemoryError
from vla_inference.task_check.checker import TaskChecker
from vla_inference.task_check.live_world import LiveWorld
from vla_simulation.episode import Episode
from vla_simulation.expert_policy import ExpertPolicy, HoldPolicy
from vla_simulation.observer import Observer
from vla_simulation.snapshot import SnapshotWriter
from vla_simulation.world import World


class Watched:
    """An episode in lockstep, with a live check that knows its snapshots only."""

    def __init__(self, policy, profile='franka', suite='tabletop'):
        self.world = World(suite, profile, leaders=True)
        contract = self.world.suite.contract(self.world.profile)
        self.episode = Episode(
            self.world, Observer(self.world, contract, images=False),
            policy(self.world, contract), settle_s=0.3)
        self.name = f'test_task_check_{os.getpid()}'
        self.writer = SnapshotWriter(self.name, self.world.model)
        self.resets, self.ticks, self.states = 0, 0, []
        self.checker = None
        self._tick = self.episode.driver.tick
        self.episode.driver.tick = self.tick

    def tick(self, action):
        if self.ticks == 0:
            self.resets += 1
            self.publish()
            if self.checker is None:
                self.checker = TaskChecker(
                    LiveWorld(self.world.suite.name, self.world.profile, self.name))
            self.look()
        self._tick(action)
        self.ticks += 1
        self.publish()
        if self.ticks % 2 == 0:
            self.look()

    def publish(self):
        self.writer.write(self.world.data, self.world.time_ns, self.resets, self.world.scene)

    def look(self):
        state = self.checker.look()
        if state is not None:
            self.states.append(state)

    def run(self, family, seed, axes=()):
        self.ticks, self.states = 0, []
        return self.episode.run(self.world.draw(family, seed, axes))


@pytest.fixture(scope='module')
def watched():
    watched = Watched(ExpertPolicy)
    yield watched
    watched.writer.close()


@pytest.mark.parametrize(('family', 'seed'), [
    ('pick', 0), ('place_in', 0), ('stack', 0)])
def test_the_verdict_is_that_of_lockstep(watched, family, seed):
    result = watched.run(family, seed)
    end = watched.states[-1]
    assert (end.task, end.seed, end.instruction) == (
        f'tabletop/{family}', seed, result.instruction)
    assert end.verdict.success == result.success
    assert end.verdict.wrong_object == result.wrong_object
    assert end.verdict.progress == pytest.approx(result.progress, abs=0.05)
    assert not any(state.verdict.success for state in watched.states[:-25])


def test_each_reset_and_each_request_is_a_new_attempt(watched):
    watched.run('pick', 2)
    first = watched.states[-1]
    assert first.verdict.success
    watched.resets += 1
    watched.world.reset('pick', 3)
    watched.publish()
    watched.look()
    assert (watched.states[-1].attempt, watched.states[-1].seed) == (first.attempt + 1, 3)
    assert not watched.states[-1].verdict.success
    watched.checker.restart()
    watched.look()
    assert watched.states[-1].attempt == first.attempt + 2
    assert not watched.states[-1].verdict.success


def test_doing_nothing_is_right_where_nothing_is_to_be_done():
    watched = Watched(HoldPolicy)
    try:
        watched.run('pick', 0, ('absent_target',))
        assert not watched.states[-1].verdict.success and watched.states[-1].success_if_ended
        watched.resets += 1
        watched.world.reset('pick', 0)
        watched.publish()
        watched.look()
        assert not watched.states[-1].success_if_ended
    finally:
        watched.writer.close()


def test_no_simulation_is_said_so():
    with pytest.raises(SharedMemoryError, match='is the process that owns it running'):
        LiveWorld('tabletop', RobotProfile.load('franka'), 'test_no_such_world')
