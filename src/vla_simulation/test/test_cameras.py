"""Cameras: a known point is where it should be in the picture, and back from its depth."""
import mujoco
import numpy as np
import pytest

from vla_simulation.camera_process import CameraRenderer
from vla_simulation.cameras import CameraGeometry, intrinsics
from vla_simulation.rendering import Renderer
from vla_simulation.scene import SceneError
from vla_simulation.world import World

WIDTH, HEIGHT = 320, 240
RADIUS, DISTANCE = 0.003, 0.12
CAMERAS = [('tabletop', 'franka', camera) for camera in ('front', 'wrist')] + [
    ('tabletop', 'ur', camera) for camera in ('front', 'wrist')] + [
    ('bimanual', 'aloha', camera)
    for camera in ('cam_high', 'cam_low', 'cam_left_wrist', 'cam_right_wrist')]


def _marked_world(suite, robot, monkeypatch):
    world = World(suite, robot)
    build = world.suite.__class__.__call__

    def with_marker(self, spec):
        build(self, spec)
        body = spec.worldbody.add_body(name='marker', mocap=True)
        body.add_geom(name='marker', type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[RADIUS, 0, 0],
                      contype=0, conaffinity=0)

    monkeypatch.setattr(world.suite.__class__, '__call__', with_marker)
    return World(suite, robot)


@pytest.mark.parametrize('suite, robot, camera', CAMERAS)
def test_a_known_point_is_found_where_it_is_projected(suite, robot, camera, monkeypatch):
    world = _marked_world(suite, robot, monkeypatch)
    world.reset(next(iter(world.suite.families)), 0, ('camera_shift',))
    geometry = CameraGeometry.of(world.model, world.data, camera, WIDTH, HEIGHT)
    marker = world.model.geom('marker').id
    mocap = world.model.body_mocapid[world.model.body('marker').id]
    with Renderer(world.model, HEIGHT, WIDTH) as renderer:
        found = 0
        area = np.pi * (geometry.matrix[0, 0] * RADIUS / DISTANCE) ** 2
        for pixel in ([60.0, 50.0], [160.0, 120.0], [250.0, 190.0]):
            point = geometry.unproject(np.array(pixel), np.array(DISTANCE))
            world.data.mocap_pos[mocap] = point
            mujoco.mj_kinematics(world.model, world.data)
            rows, columns = np.nonzero(renderer.segmentation(world.data, camera) == marker)
            if len(rows) < 0.9 * area:  # a finger is before it
                continue
            assert np.allclose([columns.mean(), rows.mean()], geometry.project(point)[:2], atol=1.0)
            row, column = round(rows.mean()), round(columns.mean())
            depth = renderer.depth(world.data, camera)[row, column]
            assert depth == pytest.approx(geometry.project(point)[2], abs=0.004)
            found += 1
    assert found >= 2


def test_intrinsics_of_the_same_view_scale_with_the_image():
    small, large = intrinsics(50.0, 224, 224), intrinsics(50.0, 448, 448)
    assert large[0, 0] == pytest.approx(2 * small[0, 0])
    assert small[0, 2] == 111.5


def test_projection_and_its_inverse_agree():
    world = World('tabletop')
    world.reset('pick', 0)
    geometry = CameraGeometry.of(world.model, world.data, 'front', 640, 480)
    points = np.random.default_rng(0).uniform([0.3, -0.3, 0.0], [0.7, 0.3, 0.3], (50, 3))
    seen = geometry.project(points)
    assert np.allclose(geometry.unproject(seen[:, :2], seen[:, 2]), points, atol=1e-9)


def test_an_unknown_camera_names_those_there_are():
    world = World('tabletop')
    with pytest.raises(SceneError, match='did you mean'):
        CameraGeometry.of(world.model, world.data, 'fronts', 64, 64)


def test_a_process_of_its_own_shows_what_the_world_shows():
    world = World('tabletop')
    world.reset('place_in', 1, ('background',))
    with CameraRenderer(world, 'front', 64, 48, rate_hz=100.0, depth=True) as renderer, Renderer(
            world.model, 48, 64) as here:
        world.step(50)
        renderer.publish()
        picture = renderer.picture()
        while picture is None or picture.time < world.data.time - 1e-9:
            picture = renderer.picture()
        mujoco.mj_kinematics(world.model, world.data)
        assert np.abs(picture.image.astype(int) - here.rgb(world.data, 'front')).max() <= 2
        assert np.allclose(picture.depth, here.depth(world.data, 'front'), atol=1e-3)
