"""Cameras of the simulation: pictures of the shared state, with its time, where the model says."""
import os
import time

import cv2
import mujoco
import numpy as np
import pytest

from vla_cameras.calibration.projection import project_frames
from vla_cameras.commands import check_projection
from vla_cameras.commands.command import run
from vla_cameras.configuration import load_cameras
from vla_cameras.sources import simulated
from vla_cameras.sources.simulated import CameraSource
from vla_core.profile import RobotProfile
from vla_hardware.sim.plugin import SimulatedHardware
from vla_simulation.rendering import Renderer
from vla_simulation.snapshot import SnapshotReader

FRANKA = RobotProfile.load('franka')


@pytest.fixture
def robot():
    name = f'cameras_test_{os.getpid()}'
    hardware = SimulatedHardware(FRANKA, snapshot=name)
    yield name, hardware
    hardware.close()


def test_no_camera_is_drawn_faster_than_a_processor_can_unless_a_set_says_so(tmp_path):
    profile = RobotProfile.load('aloha')
    assert profile.cameras[0].rate_hz == 50
    assert {camera.rate_hz for camera in load_cameras('simulated', 'aloha')} == {30}
    fast = tmp_path / 'fast.yaml'
    fast.write_text('every: {rate_hz: 60, source: {kind: simulated}}')
    assert {camera.rate_hz for camera in load_cameras(fast, 'aloha')} == {60}


def test_a_picture_has_the_time_of_the_state_it_shows(robot, watch):
    name, hardware = robot
    front, = load_cameras('simulated', 'franka', ['front'], snapshot=name, world='none')
    running = watch(front)
    hardware.configure()
    running.wait(lambda: running.frames)
    running.frames.clear()
    published = []
    for _ in range(40):
        published.append(time.monotonic_ns())
        hardware._publish()
        time.sleep(0.03)
    assert len(running.frames) >= 5
    gaps = [min(abs(frame.captured_ns - at) for at in published) for frame in running.frames]
    assert max(gaps) < 2_000_000
    assert len({frame.captured_ns for frame in running.frames}) == len(running.frames)


def test_while_nobody_looks_nothing_is_rendered_and_the_camera_still_tells_that_it_works(robot):
    name, hardware = robot
    front, = load_cameras('simulated', 'franka', ['front'], snapshot=name, world='none')
    source = CameraSource(front)
    hardware.configure()
    hardware._publish()
    looked_at = [False, False, True]
    source.heard = lambda: looked_at.pop(0)
    source.open()
    try:
        frames = []
        while len(frames) < 4:
            hardware._publish()
            if (frame := source.read()) is not None:
                frames.append(frame)
    finally:
        source.close()
    assert [frame.shown for frame in frames] == [True, False, False, True]
    assert frames[1].image is frames[0].image
    stamps = [frame.captured_ns for frame in frames]
    assert stamps == sorted(set(stamps))


def test_a_picture_is_that_of_the_scene_after_every_reset(watch):
    name = f'cameras_scene_{os.getpid()}'
    hardware = SimulatedHardware(FRANKA, world='tabletop', snapshot=name)
    hardware.configure()
    front, = load_cameras('simulated', 'franka', ['front'], snapshot=name, world='tabletop')
    running = watch(front)
    try:
        with Renderer(hardware.model, front.height, front.width) as here:
            for seed in (1, 2):
                hardware.reset('place_in', seed, ('background', 'camera_shift'))
                hardware._publish()
                shown = SnapshotReader(name, hardware.model).read(hardware.data).stamp_ns
                running.wait(lambda shown=shown: running.frames
                             and running.frames[-1].captured_ns == shown)
                expected = here.rgb(hardware.data, 'front')
                assert np.array_equal(running.frames[-1].image, expected)
    finally:
        hardware.close()


def test_a_simulation_that_stands_still_gives_no_new_pictures(robot, watch, monkeypatch):
    monkeypatch.setattr(simulated, 'COMES_UP_S', 0.0)
    name, hardware = robot
    hardware.configure()
    front, = load_cameras('simulated', 'franka', ['front'], snapshot=name, world='none')
    running = watch(front)
    running.wait(lambda: running.heard('stands still'))
    assert len(running.frames) == 1


def test_the_intrinsics_and_frames_fall_on_what_is_rendered(robot):
    _, hardware = robot
    front, = load_cameras('simulated', 'franka', ['front'], snapshot='x', world='none')
    known = CameraSource(front).intrinsics
    positions = dict(zip(FRANKA.joints, FRANKA.home))
    poses = check_projection.robot_frames(FRANKA, positions)
    with Renderer(hardware.model, 480, 640) as renderer:
        ids = renderer.segmentation(hardware.data, 'front')
        depth = renderer.depth(hardware.data, 'front')
    model, data = hardware.model, hardware.data
    compared = 0
    for geom in range(model.ngeom):
        rows, columns = np.nonzero(ids == geom)
        if len(rows) < 150:
            continue
        pixels = np.stack([columns, rows, np.ones(len(rows))])
        rays = np.linalg.inv(known.matrix) @ pixels
        points = (rays * depth[rows, columns]).T
        world = points @ poses['front_optical'][:3, :3].T + poses['front_optical'][:3, 3]
        local = (world - data.geom_xpos[geom]) @ data.geom_xmat[geom].reshape(3, 3)
        if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_BOX:
            outside = np.abs(local) - model.geom_size[geom]
            # Every point that was seen lies on the box, within half a pixel's depth.
            assert np.percentile(np.abs(outside.max(axis=1)), 90) < 0.003
            compared += 1
        body = model.body(model.geom_bodyid[geom]).name
        if body in poses and 'finger' not in body:
            assert np.allclose(data.body(body).xpos, poses[body][:3, 3], atol=1e-6)
            compared += 1
    assert compared >= 3
    tip, = project_frames({'tip': poses['fr3_hand_tcp']}, poses['front_optical'], known)
    assert tip.in_picture


def test_the_check_command_draws_the_robots_frames(tmp_path, capsys, robot):
    _, hardware = robot
    with Renderer(hardware.model, 480, 640) as renderer:
        image = renderer.rgb(hardware.data, 'front')
    cv2.imwrite(str(tmp_path / 'front.png'), image[..., ::-1])
    status = run(check_projection.command, [
        '--cameras', 'simulated', '--camera', 'front', '--robot', 'franka', '--image',
        str(tmp_path / 'front.png'), '--out', str(tmp_path / 'drawn.png')])
    assert status == 0
    assert 'fr3_hand_tcp:' in capsys.readouterr().out
    drawn = cv2.imread(str(tmp_path / 'drawn.png'))
    assert drawn.shape == (480, 640, 3) and np.any(drawn != image[..., ::-1])


@pytest.mark.parametrize(('arguments', 'reason'), [
    (['--frames', 'fr3_hand_tpc'], "no frame 'fr3_hand_tpc'; did you mean 'fr3_hand_tcp'"),
    (['--joints', '1,2'], 'has 7 joints, 2 numbers were given'),
    (['--joints', 'a,b'], 'are not numbers'),
])
def test_a_mistake_in_the_check_is_one_line(tmp_path, capsys, arguments, reason):
    cv2.imwrite(str(tmp_path / 'front.png'), np.zeros((480, 640, 3), np.uint8))
    assert run(check_projection.command, [
        '--cameras', 'simulated', '--camera', 'front', '--robot', 'franka', '--image',
        str(tmp_path / 'front.png'), '--out', str(tmp_path / 'drawn.png'), *arguments]) == 1
    assert reason in capsys.readouterr().err


def test_depth_comes_with_the_picture(robot, watch):
    name, hardware = robot
    hardware.configure()
    front, = load_cameras('simulated', 'franka', ['front'], snapshot=name, world='none')
    front = front.model_copy(update={'source': front.source.model_copy(
        update={'depth': True})})
    running = watch(front)
    running.wait(lambda: running.frames)
    depth = running.frames[0].depth
    assert depth.shape == (480, 640) and 0.3 < depth.min() < 3.0


def test_a_world_that_cannot_be_loaded_is_named(robot, watch):
    name, _ = robot
    front, = load_cameras('simulated', 'franka', ['front'], snapshot=name, world='nowhere:world')
    running = watch(front)
    running.wait(lambda: running.capture.state == 'lost')
    assert running.heard("world 'nowhere:world' cannot be loaded")


def test_a_simulation_that_is_still_starting_is_awaited_in_silence(robot, watch):
    name, hardware = robot
    front, = load_cameras('simulated', 'franka', ['front'], snapshot=name, world='none')
    running = watch(front)
    time.sleep(1.0)
    assert running.capture.state == 'opening' and not running.heard('shared block')
    hardware.configure()
    running.wait(lambda: running.frames)
    time.sleep(1.5)  # it has its scene and loads what moves the arm
    assert running.capture.state == 'running' and not running.heard('stands still')


def test_a_simulation_that_never_comes_is_named(watch, monkeypatch):
    monkeypatch.setattr(simulated, 'COMES_UP_S', 0.0)
    front, = load_cameras('simulated', 'franka', ['front'], snapshot='nobody', world='none')
    running = watch(front)
    running.wait(lambda: running.capture.state == 'lost')
    assert running.heard("no shared block 'nobody'")
