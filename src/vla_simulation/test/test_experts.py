"""Experts do every task, on every robot it is for, by commands a policy could give."""
import numpy as np
import pytest

from vla_simulation.episode import Episode, Inference
from vla_simulation.expert_policy import ExpertPolicy
from vla_simulation.observer import Observer
from vla_simulation.world import World


def _episode(suite, robot, **inference):
    world = World(suite, robot)
    contract = world.suite.contract(world.profile)
    return Episode(world, Observer(world, contract, images=False), ExpertPolicy(world, contract),
                   Inference(**inference))


@pytest.fixture(scope='module')
def franka():
    return _episode('tabletop', 'franka')


@pytest.mark.parametrize('family', ['pick', 'place_in', 'push_to', 'stack'])
@pytest.mark.parametrize('seed', [0, 1])
def test_franka_does_every_task(franka, family, seed):
    result = franka.run(franka.world.draw(family, seed))
    assert result.success and not result.wrong_object and result.progress == 1.0


@pytest.mark.parametrize('family', ['pick', 'push_to'])
def test_ur_does_the_same_tasks(family):
    episode = _episode('tabletop', 'ur')
    assert episode.run(episode.world.draw(family, 0)).success


@pytest.mark.parametrize('robot', ['franka', 'ur'])
def test_both_touch_what_is_named(robot):
    episode = _episode('touching', robot)
    assert all(episode.run(episode.world.draw('touch', seed)).success for seed in (0, 1))


@pytest.mark.parametrize('family', ['transfer', 'insert'])
def test_aloha_does_both_tasks(family):
    episode = _episode('bimanual', 'aloha')
    assert episode.run(episode.world.draw(family, 0)).success


def test_an_expert_leaves_things_alone_where_the_named_one_is_absent(franka):
    assert franka.run(franka.world.draw('pick', 2, ('absent_target',))).success


def test_an_expert_recovers_from_disturbed_execution():
    episode = _episode('tabletop', 'franka', replan_steps=1, noise_m=0.002)
    assert episode.run(episode.world.draw('place_in', 0)).success


@pytest.mark.parametrize('seed', [1, 2])
def test_stacking_does_not_wait_for_an_exactness_that_the_arm_has_not(seed):
    episode = _episode('tabletop', 'franka', replan_steps=1, noise_m=0.003)
    assert episode.run(episode.world.draw('stack', seed)).success


def test_a_peg_is_lined_up_although_friction_holds_the_joints():
    episode = _episode('bimanual', 'aloha', replan_steps=1)
    assert episode.run(episode.world.draw('insert', 14)).success


def test_commands_stay_within_the_workspace_and_arms_within_their_limits(franka):
    arm = franka.world.profile.arms[0]
    rows, speeds = [], []

    def watch(_, action):
        rows.append(action.copy())
        joints = [franka.world.model.joint(name).dofadr[0] for name in arm.joints]
        speeds.append(np.abs(franka.world.data.qvel[joints]))

    franka.on_step = watch
    try:
        franka.run(franka.world.draw('pick', 3))
    finally:
        franka.on_step = None
    tips = np.array(rows)[:, :3]
    assert np.all(tips >= arm.workspace.lower) and np.all(tips <= arm.workspace.upper)
    assert np.all(np.array(speeds) <= arm.limits.velocity)
    assert np.all((np.array(rows)[:, -1] >= 0) & (np.array(rows)[:, -1] <= 1))
