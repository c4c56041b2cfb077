"""The camera node as a process, fed by a recorded video with a sensor's noise."""
import os
import signal
import subprocess
import sys
import time

import av
import cv2
import numpy as np
import pytest
import rclpy
import yaml
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from vla_cameras.benchmark.bar_code import draw_time, read_time
from vla_core.conversion import image_from_message, time_from_message

RATE = 30


@pytest.fixture(scope='module')
def camera_set(tmp_path_factory):
    """A recording, whole; a folder with depth; and a camera that is not there."""
    folder = tmp_path_factory.mktemp('cameras')
    generator = np.random.default_rng(0)
    with av.open(str(folder / 'scene.mkv'), 'w') as container:
        stream = container.add_stream('h264', rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 640, 480, 'yuv420p'
        for index in range(30):
            image = np.full((480, 640, 3), (120, 90, 60), np.uint8)
            cv2.circle(image, (40 + 18 * index, 200), 30, (200, 80, 60), -1)
            image = np.clip(image + generator.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
            draw_time(image, index)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format='rgb24')))
        container.mux(stream.encode())
    for name in ('pictures', 'depth'):
        (folder / name).mkdir()
    cv2.imwrite(str(folder / 'pictures' / '0.png'), np.full((240, 320, 3), 100, np.uint8))
    cv2.imwrite(str(folder / 'depth' / '0.png'), np.full((240, 320), 1500, np.uint16))
    calibrated = {'width': 640, 'height': 480, 'fx': 600.0, 'fy': 600.0, 'cx': 319.5, 'cy': 239.5}
    (folder / 'lab.yaml').write_text(yaml.safe_dump({'cameras': {
        'front': {'source': {'kind': 'video_file', 'path': str(folder / 'scene.mkv')},
                  'frame': 'front_optical', 'width': 640, 'height': 480, 'rate_hz': RATE},
        'top': {'source': {'kind': 'image_folder', 'path': str(folder / 'pictures'),
                           'depth_folder': str(folder / 'depth')},
                'frame': 'top_optical', 'width': 320, 'height': 240, 'rate_hz': 10,
                'publish': {'width': 160, 'height': 120, 'encoding': 'mono8'}},
        'gone': {'source': {'kind': 'v4l2', 'device': '/dev/video97'}, 'frame': 'gone_optical',
                 'width': 640, 'height': 480, 'rate_hz': RATE}}}))
    (folder / 'lab.calibration.yaml').write_text(yaml.safe_dump({'cameras': {
        'front': {'intrinsics': {'intrinsics': calibrated, 'rms_px': 0.1, 'worst_px': 0.2,
                                 'images': 20, 'board': 'charuco', 'date': '2026-01-01'}}}}))
    return folder / 'lab.yaml'


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, '-m', 'vla_cameras.node', '--ros-args', *arguments],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class Listener:
    """Hears all topics of a namespace."""

    TOPICS = {
        'front/image_raw': Image, 'front/camera_info': CameraInfo,
        'front/image_raw/compressed': CompressedImage, 'top/image_raw': Image,
        'top/camera_info': CameraInfo, 'top/depth/image_raw': Image,
        '/diagnostics': DiagnosticArray}

    def __init__(self, namespace):
        rclpy.init()
        self.node = rclpy.create_node('listener', namespace=namespace)
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.heard = {topic: [] for topic in self.TOPICS}
        for topic, kind in self.TOPICS.items():
            quality = 10 if kind is DiagnosticArray else qos_profile_sensor_data
            self.node.create_subscription(kind, topic, self.heard[topic].append, quality)

    def wait(self, condition, seconds=20.0):
        end = time.monotonic() + seconds
        while not condition(self.heard):
            assert time.monotonic() < end, {name: len(heard) for name, heard in self.heard.items()}
            self.executor.spin_once(timeout_sec=0.1)

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.try_shutdown()


@pytest.fixture(scope='module')
def heard(camera_set):
    """What the node says in a few seconds, and how it ends."""
    namespace = f'/cameras_{os.getpid()}'
    process = start('-r', f'__ns:={namespace}', '-p', f'camera_set:={camera_set}')
    listener = Listener(namespace)
    try:
        listener.wait(lambda heard: len(heard['front/image_raw']) > 20 and all(heard.values())
                      and len([message for message in heard['/diagnostics'] if any(
                          namespace in status.name for status in message.status)]) >= 2)
        result = {**listener.heard, 'namespace': namespace}
    finally:
        listener.close()
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=15)
    return {**result, 'output': output, 'status': process.returncode}


def test_a_recorded_video_runs_through_the_node(heard):
    images = heard['front/image_raw']
    numbers = [read_time(image_from_message(message)) for message in images]
    assert None not in numbers
    stamps = [time_from_message(message.header.stamp) for message in images]
    assert np.all(np.diff(stamps) > 0)
    steps = np.diff(numbers) % 30
    assert np.allclose(np.diff(stamps) / 1e9, steps / RATE, atol=0.004)
    first = images[0]
    assert (first.header.frame_id, first.encoding, first.step) == ('front_optical', 'rgb8', 1920)
    assert image_from_message(first)[300:].mean(axis=(0, 1)) == pytest.approx(
        [120, 90, 60], abs=4)


def test_camera_info_has_the_calibration_and_the_stamp_of_its_picture(heard):
    info = heard['front/camera_info'][0]
    assert (info.k[0], info.k[2], info.p[0], info.distortion_model) == (
        600.0, 319.5, 600.0, 'plumb_bob')
    assert {time_from_message(message.header.stamp) for message in heard['front/image_raw']} <= {
        time_from_message(message.header.stamp) for message in heard['front/camera_info']}


def test_the_compressed_picture_is_the_picture(heard):
    message = heard['front/image_raw/compressed'][0]
    assert message.format == 'rgb8; jpeg compressed bgr8'
    image = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
    assert image[300:].mean(axis=(0, 1)) == pytest.approx([60, 90, 120], abs=4)


def test_pictures_are_resized_on_the_way_out_and_depth_with_them(heard):
    image, depth = heard['top/image_raw'][0], heard['top/depth/image_raw'][0]
    assert (image.width, image.height, image.encoding) == (160, 120, 'mono8')
    assert (depth.width, depth.encoding) == (160, '32FC1')
    assert np.allclose(image_from_message(depth), 1.5)
    assert heard['top/camera_info'][0].k[0] == 0.0, 'not calibrated'


def test_diagnostics_name_each_camera_and_what_is_wrong_with_it(heard):
    last = [message for message in heard['/diagnostics'] if any(
        heard['namespace'] in status.name for status in message.status)][-1]
    status = {entry.name.split(': ')[1]: entry for entry in last.status}
    assert set(status) == {'front', 'top', 'gone'}
    assert status['gone'].level == DiagnosticStatus.ERROR
    assert 'no device /dev/video97' in status['gone'].message
    values = {pair.key: pair.value for pair in status['front'].values}
    assert values['state'] == 'running' and values['intrinsics'] == 'calibrated'
    assert float(values['rate_hz']) > 10


def test_it_ends_quietly_when_told(heard):
    assert heard['status'] == 0
    assert 'Traceback' not in heard['output'] and 'RCLError' not in heard['output']


@pytest.mark.parametrize(('parameters', 'reason'), [
    (['-p', 'camera_set:=nowhere'], "error: no camera set 'nowhere'"),
    (['-p', 'robot:=frank'], "error: no robot profile 'frank'; did you mean 'franka'"),
    (['-p', 'camera:=front'], "no parameter 'camera'; did you mean"),
])
def test_a_mistake_in_its_parameters_is_one_line_and_status_2(parameters, reason):
    process = start(*parameters)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 2 and reason in output
    assert 'Traceback' not in output
