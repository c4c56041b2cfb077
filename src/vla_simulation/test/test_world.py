"""Worlds: put in any scene, nothing left over, exactly restored, impossible scenes refused."""
import os

import numpy as np
import pytest

from vla_core.profile import RobotProfile
from vla_core.shared_memory import SharedMemoryError
from vla_simulation import suites
from vla_simulation.scene import SceneError
from vla_simulation.snapshot import SnapshotReader, SnapshotWriter
from vla_simulation.world import DRESS, World


@pytest.fixture(scope='module')
def world():
    return World('tabletop')


def _moved(scene, index, **changes):
    places = list(scene.placements)
    places[index] = places[index].model_copy(update=changes)
    return scene.model_copy(update={'placements': tuple(places)})


def test_nothing_of_an_episode_is_left_in_the_next(world):
    fresh = World('tabletop')
    world.reset('place_in', 3, ('clutter', 'background', 'camera_shift'))
    world.data.ctrl[:] = 5.0
    world.step(200)
    for one in (world, fresh):
        one.reset('stack', 11)
        one.step(100)
    assert np.array_equal(world.data.qpos, fresh.data.qpos)
    assert np.array_equal(world.data.qvel, fresh.data.qvel)
    for name in DRESS:
        assert np.array_equal(getattr(world.model, name), getattr(fresh.model, name)), name


def test_a_snapshot_restores_the_same_future(world):
    world.reset('pick', 2)
    world.step(50)
    state = world.state_snapshot()
    world.step(100)
    future = world.data.qpos.copy()
    world.reset('push_to', 9, ('background',))
    world.restore(state)
    world.step(100)
    assert np.array_equal(world.data.qpos, future)
    assert world.scene.family == 'pick'


@pytest.mark.parametrize('family', ['pick', 'place_in', 'push_to', 'stack'])
def test_objects_rest_where_the_scene_puts_them(world, family):
    for seed in range(5):
        scene = world.reset(family, seed, ('clutter',))
        world.step(100)
        for body in world.present_movables:
            assert np.linalg.norm(
                world.position(body) - scene.placement(body).position) < 0.004
            assert world.contacts.touch(body, 'table')


def test_only_the_bodies_of_the_scene_are_seen_and_solid(world):
    scene = world.reset('pick', 0)
    shown = {place.body for place in scene.placements}
    for name in (*world.suite.movables, *world.suite.fixtures):
        geom = world.model.body_geomadr[world.model.body(name).id]
        assert (world.model.geom_rgba[geom, 3] > 0) == (name in shown)
        assert (world.position(name)[2] > -1) == (name in shown)


@pytest.mark.parametrize('changes, message', [
    ({'position': (1.6, 0.0, 0.03)}, 'out of reach'),
    ({'position': (0.5, 0.0, 0.5)}, 'does not rest'),
    ({'position': (0.5, 0.0, 0.005)}, 'overlaps the table'),
    ({'colour': 'mauve'}, "no colour 'mauve'"),
    ({'body': 'teapot'}, "no body 'teapot'"),
])
def test_a_scene_that_cannot_be_is_refused_by_name(world, changes, message):
    scene = world.draw('pick', 1).model_copy(update={'target': ''})
    with pytest.raises(SceneError, match=message) as caught:
        world.reset(_moved(scene, 0, **changes))
    assert '\n' not in str(caught.value)


def test_a_camera_that_there_is_not_is_refused(world):
    scene = world.draw('pick', 1)
    look = scene.appearance
    shift = look.cameras[0].model_copy(update={'camera': 'ceiling'})
    look = look.model_copy(update={'cameras': (shift,)})
    with pytest.raises(SceneError, match="no camera 'ceiling'"):
        world.reset(scene.model_copy(update={'appearance': look}))


def test_a_suite_refuses_another_robot():
    with pytest.raises(SceneError, match='not franka'):
        World('bimanual', 'franka')


def test_a_task_is_drawn_alike_wherever_it_is_asked_for():
    suite, profile = suites.load('tabletop'), RobotProfile.load('ur')
    named = suites.draw_task(suite, 'tabletop/pick', 3, (), profile)
    assert named == suites.draw_task(suite, 'pick', 3, (), profile)
    assert named != suites.draw_task(suite, 'pick', 4, (), profile)
    assert suites.draw_task(suite, '', 3, (), profile).family == next(iter(suite.families))


@pytest.mark.parametrize(('task', 'named'), [
    ('pickk', "no task 'pickk'; did you mean 'pick'"),
    ('table/pick', "no suite 'table'"),
    ('bimanual/transfer', 'the world here is tabletop, not bimanual'),
    ('bimanual/pick', "suite bimanual has no task 'pick'"),
])
def test_an_unknown_task_is_named(task, named):
    with pytest.raises(SceneError, match=named):
        suites.draw_task(suites.load('tabletop'), task, 0, (), RobotProfile.load('franka'))


def test_worlds_are_found_by_name():
    assert [suites.made_for(robot) for robot in ('franka', 'ur', 'aloha', 'mine')] == [
        'tabletop', 'tabletop', 'bimanual', 'none']
    assert suites.load_world('tabletop') is suites.load('tabletop')
    assert suites.load_world('none') is None
    assert suites.load_world('vla_simulation.suites.tabletop:SUITE') is suites.load('tabletop')
    for wrong, named in (('tabeltop', 'did you mean'), ('nowhere:world', 'module:name')):
        with pytest.raises(SceneError, match=named):
            suites.load_world(wrong)


@pytest.fixture(name='block')
def _block():
    return f'test_snapshot_{os.getpid()}'


def test_a_snapshot_shows_state_and_dress_to_another_model(world, block):
    other = World('tabletop')
    world.reset('place_in', 4, ('background', 'camera_shift'))
    writer = SnapshotWriter(block, world.model)
    try:
        writer.write(world.data, 7, 1, world.scene)
        seen = SnapshotReader(block, other.model).read(other.data)
        assert (seen.stamp_ns, seen.time, seen.resets) == (7, world.data.time, 1)
        assert (seen.task, seen.seed) == ('tabletop/place_in', 4)
        assert seen.axes == ('background', 'camera_shift')
        assert np.allclose(other.data.geom_xpos, world.data.geom_xpos)
        assert np.allclose(other.data.cam_xpos, world.data.cam_xpos)
        for name in DRESS:
            assert np.array_equal(getattr(other.model, name), getattr(world.model, name))
    finally:
        writer.close()


def test_a_snapshot_brings_new_dress_with_a_reset_only(world, block):
    other = World('tabletop')
    world.reset('pick', 1)
    first = world.model.geom_rgba.copy()
    writer = SnapshotWriter(block, world.model)
    try:
        writer.write(world.data, 0, 0)
        reader = SnapshotReader(block, other.model)
        reader.read(other.data)
        world.reset('pick', 2)
        writer.write(world.data, 1, 0)
        reader.read(other.data)
        assert np.array_equal(other.data.qpos, world.data.qpos)
        assert np.array_equal(other.model.geom_rgba, first)
        writer.write(world.data, 2, 1)
        reader.read(other.data)
        assert np.array_equal(other.model.geom_rgba, world.model.geom_rgba)
    finally:
        writer.close()


def test_a_snapshot_of_another_world_is_refused(world, block):
    writer = SnapshotWriter(block, world.model)
    try:
        with pytest.raises(SharedMemoryError, match='another layout'):
            SnapshotReader(block, World('bimanual').model)
    finally:
        writer.close()
