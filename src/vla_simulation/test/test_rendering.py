"""Images: exact geometry where OpenGL is there, a message that names the package where not."""
import ctypes.util

import mujoco
import numpy as np
import pytest

from vla_core.profile import RobotProfile
from vla_simulation import rendering
from vla_simulation.model import build_model, set_home
from vla_simulation.rendering import Renderer, RenderError

WIDTH, HEIGHT = 320, 240
BALL = np.array([0.5, 0.1, 0.1])


@pytest.fixture(scope='module')
def scene():
    def world(spec: mujoco.MjSpec) -> None:
        spec.worldbody.add_geom(name='ball', type=mujoco.mjtGeom.mjGEOM_SPHERE,
                                size=[0.02, 0, 0], pos=BALL, rgba=[1, 0, 0, 1])
        spec.visual.map.znear = 0.01

    profile = RobotProfile.load('franka')
    model = build_model(profile, world)
    data = mujoco.MjData(model)
    set_home(profile, model, data)
    return profile, model, data


def in_optical_frame(data: mujoco.MjData, frame: str) -> np.ndarray:
    """The ball [x, y, z] in an optical frame, from the frame alone and not from the camera."""
    body = data.body(frame)
    return body.xmat.reshape(3, 3).T @ (BALL - body.xpos)


def test_an_optical_frame_has_z_forward_and_y_down(scene):
    _, _, data = scene
    right, down, forward = data.body('front_optical').xmat.reshape(3, 3).T
    assert forward[0] < -0.8
    assert down[2] < -0.8
    assert np.allclose(right, [0, 1, 0], atol=1e-9)


def test_a_point_is_seen_where_the_pinhole_camera_puts_it(scene):
    profile, model, data = scene
    try:
        renderer = Renderer(model, HEIGHT, WIDTH)
    except RenderError as error:
        assert 'apt-get install' in str(error)
        return
    with renderer:
        camera = profile.camera('front')
        x, y, z = in_optical_frame(data, camera.frame)
        focal = HEIGHT / 2 / np.tan(np.radians(camera.fovy) / 2)
        expected = [WIDTH / 2 + focal * x / z, HEIGHT / 2 + focal * y / z]

        seen = renderer.segmentation(data, 'front') == model.geom('ball').id
        rows, columns = np.nonzero(seen)
        assert abs(columns.mean() + 0.5 - expected[0]) < 0.5
        assert abs(rows.mean() + 0.5 - expected[1]) < 0.5

        row, column = int(expected[1]), int(expected[0])
        red, green, blue = renderer.rgb(data, 'front')[row, column]
        assert red > 2 * max(green, blue)
        assert renderer.depth(data, 'front')[row, column] == pytest.approx(z - 0.02, abs=0.002)


def test_an_unknown_camera_is_named(scene):
    _, model, data = scene
    try:
        renderer = Renderer(model, HEIGHT, WIDTH)
    except RenderError as error:
        assert 'apt-get install' in str(error)
        return
    with renderer, pytest.raises(RenderError, match=r"no camera 'frnt'; there are .*front"):
        renderer.rgb(data, 'frnt')


def test_without_opengl_the_package_is_named(scene, monkeypatch):
    monkeypatch.delenv('MUJOCO_GL', raising=False)
    monkeypatch.setattr(ctypes.util, 'find_library', lambda name: None)
    with pytest.raises(RenderError, match=r'apt-get install libegl1 libgl1-mesa-dri .*libosmesa6'):
        Renderer(scene[1], HEIGHT, WIDTH)
    monkeypatch.setenv('MUJOCO_GL', 'osmesa')
    with pytest.raises(RenderError, match=r'MUJOCO_GL=osmesa.*apt-get install libosmesa6'):
        rendering.choose_backend()
    monkeypatch.setenv('MUJOCO_GL', 'vulkan')
    with pytest.raises(RenderError, match='vulkan is unknown; use egl or osmesa or glfw'):
        rendering.choose_backend()


def test_a_driver_that_fails_is_named_with_its_package(scene, monkeypatch):
    monkeypatch.setenv('MUJOCO_GL', 'egl')
    monkeypatch.setattr(rendering, '_offscreen_context', lambda *arguments: 1 / 0)
    with pytest.raises(RenderError, match=r'apt-get install libegl1 libgl1-mesa-dri'):
        Renderer(scene[1], HEIGHT, WIDTH)
