"""The commands on live topics, as a user runs them."""
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
import rclpy
import yaml
from sensor_msgs.msg import Image, JointState

from vla_cameras.benchmark.rendered_board import board_views, render_board
from vla_cameras.calibration.board import Board
from vla_cameras.camera_info import pinhole
from vla_cameras.configuration import CalibrationFile
from vla_core.conversion import image_to_message, time_to_message

pytestmark = pytest.mark.alone  # measures delays
DELAY_S = 0.060
ENVIRONMENT = {**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)}


def start(module, *arguments):
    return subprocess.Popen(
        [sys.executable, '-m', f'vla_cameras.{module}', *arguments], env=ENVIRONMENT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, seconds=40):
    output, error = process.communicate(timeout=seconds)
    return process.returncode, output, error


@pytest.fixture
def lab(tmp_path):
    """A camera that shows a board again and again, and a namespace for it."""
    pictures = tmp_path / 'pictures'
    pictures.mkdir()
    generator = np.random.default_rng(3)
    for index, pose in enumerate(board_views(Board(), 8, generator)):
        image = render_board(Board(), pinhole(640, 480, 45), pose, generator)
        cv2.imwrite(str(pictures / f'{index}.png'), image)
    (tmp_path / 'lab.yaml').write_text(yaml.safe_dump({'cameras': {'front': {
        'source': {'kind': 'image_folder', 'path': str(pictures)}, 'frame': 'front_optical',
        'width': 640, 'height': 480, 'rate_hz': 5}}}))
    namespace = f'/live_{os.getpid()}'
    node = start('node', '--ros-args', '-r', f'__ns:={namespace}',
                 '-p', f'camera_set:={tmp_path / "lab.yaml"}')
    yield tmp_path / 'lab.yaml', ['--ros-args', '-r', f'__ns:={namespace}']
    node.send_signal(signal.SIGINT)
    assert finish(node)[0] == 0


def test_intrinsics_are_calibrated_and_streams_checked_live(lab):
    camera_set, place = lab
    calibration = start('commands.calibrate_intrinsics', '--cameras', str(camera_set), '--camera',
                        'front', '--views', '7', '--seconds', '30', *place)
    status, output, error = finish(calibration)
    assert status == 0, error
    found = CalibrationFile.load(camera_set.with_name('lab.calibration.yaml')).cameras['front']
    assert found.intrinsics.images >= 6 and found.intrinsics.rms_px <= 0.3
    status, output, error = finish(start(
        'commands.check_streams', '--cameras', str(camera_set), '--seconds', '3', *place))
    assert status == 0, output + error
    assert output.startswith('ok: front/image_raw: ') and '640×480 rgb8' in output
    wrong = camera_set.with_name('wrong.yaml')
    wrong.write_text(camera_set.read_text().replace('width: 640', 'width: 800'))
    status, output, error = finish(start(
        'commands.check_streams', '--cameras', str(wrong), '--seconds', '1', *place))
    assert status == 1 and 'error: front/image_raw: is 640×480, not 800×480' in output


def test_a_delay_is_calibrated_live(tmp_path):
    (tmp_path / 'lab.yaml').write_text(yaml.safe_dump({'cameras': {'front': {
        'source': {'kind': 'v4l2'}, 'frame': 'f', 'width': 160, 'height': 120, 'rate_hz': 30}}}))
    namespace = f'/delay_{os.getpid()}'
    command = start(
        'commands.calibrate_delay', '--cameras', str(tmp_path / 'lab.yaml'), '--camera', 'front',
        '--basis', 'arrival', '--seconds', '7', '--ros-args', '-r', f'__ns:={namespace}')
    rclpy.init()
    node = rclpy.create_node('moving', namespace=namespace)
    images = node.create_publisher(Image, 'front/image_raw', 5)
    joints = node.create_publisher(JointState, 'joint_states', 50)

    def position(seconds):
        """Back and forth, quicker and slower."""
        return 0.3 * np.sin(3.1 * seconds) + 0.1 * np.sin(8.3 * seconds)

    message, next_image = Image(), 0.0
    while command.poll() is None:
        seconds = time.time() % 1000
        state = JointState(name=['joint'], position=[float(position(seconds))])
        time_to_message(time.time_ns(), state.header.stamp)
        joints.publish(state)
        if time.monotonic() >= next_image:
            next_image = time.monotonic() + 1 / 30
            picture = np.full((120, 160, 3), 60, np.uint8)
            captured_ns = time.time_ns()
            x = 80 + 120 * position(captured_ns / 1e9 % 1000)
            cv2.circle(picture, (round(x * 16), 60 * 16), 14 * 16, (240, 240, 240), -1,
                       cv2.LINE_AA, 4)
            time_to_message(captured_ns + round(DELAY_S * 1e9), message.header.stamp)
            images.publish(image_to_message(picture, 'rgb8', message))
        time.sleep(0.004)
    node.destroy_node()
    rclpy.try_shutdown()
    status, output, error = finish(command)
    assert status == 0, error
    found = CalibrationFile.load(tmp_path / 'lab.calibration.yaml').cameras['front'].delay
    assert found.delay_s == pytest.approx(DELAY_S, abs=0.005) and found.basis == 'arrival'
    assert (tmp_path / found.overlay).exists() and 'stamps by arrival are' in output


def test_a_camera_that_is_silent_is_named(tmp_path):
    (tmp_path / 'lab.yaml').write_text(yaml.safe_dump({'cameras': {'front': {
        'source': {'kind': 'v4l2'}, 'frame': 'f', 'width': 160, 'height': 120, 'rate_hz': 30}}}))
    status, _, error = finish(start(
        'commands.calibrate_intrinsics', '--cameras', str(tmp_path / 'lab.yaml'), '--camera',
        'front', '--seconds', '1', '--ros-args', '-r', f'__ns:=/silent_{os.getpid()}'))
    assert status == 1 and 'error: no picture came in 1 s: is the camera node running' in error
