"""Worlds: put in any scene, nothing left over, exactly restored, impossible scenes refused."""
import mujoco
import numpy as np
import pytest

from vla_core.profile import RobotProfile
from vla_simulation import suites
from vla_simulation.model import build_model
from vla_simulation.scene import SceneError
from vla_simulation.snapshot import SharedSnapshot
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


def test_a_suite_is_a_world_of_the_simulated_hardware():
    suite, profile = suites.load('tabletop'), RobotProfile.load('ur')
    model = build_model(profile, suite)
    data = mujoco.MjData(model)
    suite.reset(model, data, np.random.default_rng(3))
    first = data.qpos.copy()
    suite.reset(model, data, np.random.default_rng(4))
    assert not np.array_equal(first, data.qpos)
    suite.reset(model, data, np.random.default_rng(3))
    assert np.array_equal(first, data.qpos)


def test_a_shared_snapshot_shows_state_and_colours_to_another_model(world):
    other = World('tabletop')
    world.reset('place_in', 4, ('background', 'camera_shift'))
    writer = SharedSnapshot(world.model, 'vla_test_snapshot', create=True)
    try:
        writer.write(world.data)
        reader = SharedSnapshot(other.model, 'vla_test_snapshot')
        assert reader.read(other.data) == 1
        assert np.allclose(other.data.geom_xpos, world.data.geom_xpos)
        assert np.allclose(other.data.cam_xpos, world.data.cam_xpos)
        assert np.array_equal(other.model.geom_rgba, world.model.geom_rgba)
        reader.close()
    finally:
        writer.close()
