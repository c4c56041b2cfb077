"""Checks of success: what looks like success at the end but was not done by the arm is none."""
import numpy as np
import pytest

from vla_simulation.episode import Episode, Inference
from vla_simulation.expert_policy import ExpertPolicy
from vla_simulation.observer import Observer
from vla_simulation.tasks import CHECK_PERIOD_S
from vla_simulation.world import World

STEPS = 20


@pytest.fixture(scope='module')
def world():
    return World('tabletop', control_mode='position')


@pytest.fixture(scope='module')
def aloha():
    return World('bimanual')


def _begin(world, family, seed=0, axes=()):
    scene = world.reset(family, seed, axes)
    return scene, world.suite.family(family).monitor(world, scene)


def _joint(world, body):
    joint = world.model.joint(f'{body}_free').id
    return world.model.jnt_qposadr[joint], world.model.jnt_dofadr[joint]


def _guide(world, monitor, body, target, seconds=1.0):
    """Move a body along a line by magic, then keep it there for as long again."""
    address, dof = _joint(world, body)
    start = world.position(body)
    for step in range(round(2 * seconds / CHECK_PERIOD_S)):
        share = min(1.0, (step + 1) * CHECK_PERIOD_S / seconds)
        for _ in range(STEPS):
            world.data.qpos[address:address + 3] = start + share * (np.array(target) - start)
            world.data.qvel[dof:dof + 6] = 0.0
            world.step()
        monitor.update()
    return monitor.verdict


def _wait(world, monitor, seconds=1.2):
    for _ in range(round(seconds / CHECK_PERIOD_S)):
        world.step(STEPS)
        monitor.update()
    return monitor.verdict


def test_an_object_that_floats_up_is_not_picked(world):
    scene, monitor = _begin(world, 'pick')
    verdict = _guide(world, monitor, scene.target, world.position(scene.target) + [0, 0, 0.15])
    assert not verdict.success and verdict.progress < 0.3


def test_a_thrown_object_is_not_picked(world):
    scene, monitor = _begin(world, 'pick')
    _, dof = _joint(world, scene.target)
    world.data.qvel[dof + 2] = 1.8
    heights = []
    for _ in range(50):
        world.step(STEPS)
        monitor.update()
        heights.append(world.position(scene.target)[2])
    assert max(heights) > 0.12
    assert not monitor.verdict.success


def test_an_object_that_jumps_into_the_gripper_is_not_picked(world):
    scene, monitor = _begin(world, 'pick')
    address, _ = _joint(world, scene.target)
    world.data.qpos[address:address + 3], _ = world.site_pose('fr3_hand_tcp')
    world.data.ctrl[world.model.actuator('fr3_finger_joint1').id] = 0.0
    verdict = _wait(world, monitor)
    assert world.contacts.holds('arm', scene.target)
    assert not verdict.success and 'jumped' in verdict.failure


def test_an_object_high_up_on_another_is_not_picked(world):
    scene, monitor = _begin(world, 'pick')
    top = world.position(monitor.others[0]) + [0, 0, 0.09]
    assert not _guide(world, monitor, scene.target, top).success


def test_an_object_that_floats_into_the_bowl_is_not_placed(world):
    scene, monitor = _begin(world, 'place_in')
    goal = world.position(scene.goal)
    _guide(world, monitor, scene.target, goal + [0, 0, 0.12], 0.6)
    _guide(world, monitor, scene.target, goal + [0, 0, 0.035], 0.4)
    assert not _wait(world, monitor).success


def test_an_object_beside_the_bowl_is_not_inside(world):
    scene, monitor = _begin(world, 'place_in')
    monitor._carried_s = 10.0
    beside = world.position(scene.goal) + [0.0, 0.13, 0.04]
    _guide(world, monitor, scene.target, beside, 0.6)
    assert not _wait(world, monitor).success


def test_an_object_that_slides_by_itself_is_not_pushed(world):
    scene, monitor = _begin(world, 'push_to')
    goal = world.position(scene.goal)
    goal[2] = world.position(scene.target)[2]
    verdict = _guide(world, monitor, scene.target, goal)
    assert np.linalg.norm(world.position(scene.target)[:2] - goal[:2]) < 0.01
    assert not verdict.success


def test_an_object_that_is_lifted_onto_the_pad_is_not_pushed(world):
    scene, monitor = _begin(world, 'push_to')
    up = world.position(scene.target) + [0, 0, 0.05]
    assert 'was lifted' in _guide(world, monitor, scene.target, up, 0.4).failure


def test_an_object_that_floats_onto_another_is_not_stacked(world):
    scene, monitor = _begin(world, 'stack')
    kinds = world.suite.movables
    top = world.position(scene.goal)
    top[2] += (kinds[scene.goal].height + kinds[scene.target].height) / 2 + 0.001
    _guide(world, monitor, scene.target, top + [0, 0, 0.05], 0.5)
    _guide(world, monitor, scene.target, top, 0.3)
    assert not _wait(world, monitor).success


def test_what_is_pushed_aside_is_not_touched_as_asked():
    world = World('touching', control_mode='position')
    scene, monitor = _begin(world, 'touch')
    aside = world.position(scene.target) + [0.03, 0, 0]
    assert 'was moved' in _guide(world, monitor, scene.target, aside, 0.4).failure


def test_where_the_object_is_absent_doing_nothing_is_right_and_moving_things_wrong(world):
    _, monitor = _begin(world, 'pick', 0, ('absent_target',))
    _wait(world, monitor, 0.4)
    assert not monitor.verdict.success and monitor.finish().success
    _, monitor = _begin(world, 'pick', 0, ('absent_target',))
    other = monitor.others[0]
    _guide(world, monitor, other, world.position(other) + [0.05, 0, 0], 0.4)
    assert not monitor.finish().success


@pytest.mark.parametrize('suite, family', [('tabletop', 'pick'), ('touching', 'touch')])
def test_taking_another_object_is_noticed(suite, family):
    world = World(suite)
    contract = world.suite.contract(world.profile)
    scene = world.draw(family, 0)
    other = next(place.body for place in scene.placements if place.body != scene.target)

    class Mistaken(ExpertPolicy):
        def reset(self, instruction):
            self._world.scene = scene.model_copy(update={'target': other})
            super().reset(instruction)

    result = Episode(world, Observer(world, contract, images=False), Mistaken(world, contract),
                     Inference()).run(scene)
    assert result.wrong_object and not result.success


def test_a_cube_that_floats_to_the_receiver_is_not_transferred(aloha):
    scene, monitor = _begin(aloha, 'transfer')
    _guide(aloha, monitor, scene.target, [0.0, 0.5, 0.3])
    assert not monitor.verdict.success and monitor.verdict.progress == 0.0


def test_a_peg_that_floats_into_the_socket_is_not_inserted(aloha):
    scene, monitor = _begin(aloha, 'insert')
    goal = aloha.position(scene.goal)
    _guide(aloha, monitor, scene.target, goal + aloha.rotation(scene.goal)[:, 0] * 0.06)
    assert not monitor.verdict.success
