"""RTSP cameras, whole and troubled, read from a server that speaks the protocol, and pipelines."""
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import rclpy
import yaml
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from vla_cameras.benchmark.bar_code import read_time
from vla_cameras.configuration import CameraCalibration, DelayCalibration
from vla_cameras.frame import SourceLost
from vla_cameras.sources import stream
from vla_cameras.sources.stream import CameraSource as Stream
from vla_core.conversion import image_from_message, time_from_message

PEER = Path(__file__).parent / 'peers' / 'rtsp_camera.py'
RATE, DELAY_S = 30, 0.02


class Peer:
    """The network camera of `peers/rtsp_camera.py`."""

    def __init__(self, *options):
        self._process = subprocess.Popen(
            [sys.executable, str(PEER), '--rate', str(RATE), '--delay', str(DELAY_S), *options],
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline().split()[1])

    def tell(self, line):
        self._process.stdin.write(f'{line}\n')
        self._process.stdin.flush()

    def url(self, path='/main', login=''):
        return f'rtsp://{login}127.0.0.1:{self.port}{path}'

    def end(self):
        self._process.stdin.close()
        self._process.kill()
        self._process.wait(5)
        self._process.stdout.close()


@pytest.fixture
def peer():
    started = []

    def start(*options):
        started.append(Peer(*options))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture
def rtsp(camera):
    """Make the configuration of a camera at an address."""
    def make(url, fields=None, **options):
        return camera({'kind': 'stream', 'url': url, 'timeout_s': 1.0, **options},
                      **{'width': 640, 'height': 480, 'rate_hz': float(RATE), **(fields or {})})
    return make


def errors_ms(running, begin=0):
    """How much later than its capture each picture is stamped, [n]."""
    errors = np.array([
        (stamp - read_time(frame.image)) / 1e6
        for stamp, frame in zip(running.stamps_ns[begin:], running.frames[begin:])])
    assert len(errors)
    return errors


def calibrated(delay_s):
    return {'calibration': CameraCalibration(delay=DelayCalibration(
        delay_s=delay_s, basis='arrival', correlation=1, images=1, date=''))}


@pytest.mark.parametrize('transport', ['tcp', 'udp'])
@pytest.mark.parametrize('codec', ['h264', 'mjpeg'])
def test_pictures_come_with_the_time_at_which_their_sender_took_them(
        watch, rtsp, peer, codec, transport):
    camera = peer('--codec', codec)
    running = watch(rtsp(camera.url(), stamp='sender', transport=transport))
    running.wait(lambda: len(running.frames) >= 20, seconds=20)
    assert np.abs(errors_ms(running)).max() < 1.0
    assert running.frames[0].basis == 'driver'
    assert np.all(np.diff(running.stamps_ns) > 0)
    assert running.frames[-1].image[440:].mean(axis=(0, 1)) == pytest.approx([122, 92, 62], abs=6)


@pytest.mark.alone
@pytest.mark.parametrize(('codec', 'stamp'), [
    ('h264', 'auto'), ('mjpeg', 'auto'), ('h264', 'arrival'), ('mjpeg', 'arrival')])
def test_without_reports_stamps_are_the_captures_but_for_the_delay(
        watch, rtsp, peer, codec, stamp):
    # FFmpeg knows that a picture of H.264 has ended when the next begins.
    delay_s = DELAY_S + (1 / RATE if codec == 'h264' else 0.0)
    camera = peer('--codec', codec, '--report-s', '0')
    running = watch(rtsp(camera.url(), calibrated(delay_s), stamp=stamp))
    running.wait(lambda: len(running.frames) >= 60, seconds=20)
    errors = np.abs(errors_ms(running, begin=10))
    # Arrivals are those of a machine that may be busy; the times in the stream are not.
    assert np.median(errors) < (2.0 if stamp == 'auto' else 1000 / RATE)
    assert np.percentile(errors, 95) < (8.0 if stamp == 'auto' else 3000 / RATE)
    assert running.frames[0].basis == 'arrival'


@pytest.mark.alone
@pytest.mark.parametrize('codec', ['h264', 'mjpeg'])
def test_a_reader_slower_than_the_stream_gets_the_newest_picture(rtsp, peer, codec):
    camera = peer('--codec', codec)
    source = Stream(rtsp(camera.url(), stamp='sender'))
    source.open()
    try:
        ages_ms = []
        while len(ages_ms) < 8:
            frame = source.read()
            if frame is not None:
                ages_ms.append((time.time_ns() - read_time(frame.image)) / 1e6)
                time.sleep(0.4)
    finally:
        source.close()
    assert np.median(ages_ms[1:]) < 400  # 2.8 s at the end, were none left out


@pytest.mark.alone
def test_a_decoder_slower_than_the_stream_leaves_pictures_out(rtsp, peer, monkeypatch):
    decode = stream._Ffmpeg._decode

    def slowly(reader, packet):
        time.sleep(0.06)
        return decode(reader, packet)

    monkeypatch.setattr(stream._Ffmpeg, '_decode', slowly)
    source = Stream(rtsp(peer().url(), stamp='sender'))
    source.open()
    ages_ms = []
    try:
        end = time.monotonic() + 4
        while time.monotonic() < end:
            if (frame := source.read()) is not None:
                ages_ms.append((time.time_ns() - read_time(frame.image)) / 1e6)
    finally:
        source.close()
    assert len(ages_ms) > 5
    assert max(ages_ms[-5:]) < 1200  # 2 s at the end, were none left out


@pytest.mark.parametrize('slices', ['1', '8'])
def test_pictures_that_udp_damaged_are_refused_until_the_next_key_frame(
        watch, rtsp, peer, slices):
    camera = peer('--slices', slices)
    running = watch(rtsp(camera.url(), stamp='sender', transport='udp'))
    running.wait(lambda: len(running.frames) >= 10, seconds=20)
    for _ in range(10):
        camera.tell('lose 1')
        time.sleep(0.21)
    running.wait(lambda: running.capture.report().refused.get('damaged', 0) >= 2, seconds=20)
    running.wait(lambda: running.frames[-1].captured_ns > time.monotonic_ns() - 150_000_000)
    assert all(read_time(frame.image) is not None for frame in running.frames)


@pytest.mark.parametrize('codec', ['h264', 'mjpeg'])
def test_a_stream_that_is_cut_is_named_and_opened_again(watch, rtsp, peer, codec):
    camera = peer('--codec', codec)
    running = watch(rtsp(camera.url(), stamp='sender'))
    running.wait(lambda: len(running.frames) >= 5, seconds=20)
    camera.tell('cut')
    running.wait(lambda: running.capture.report().reopened >= 1, seconds=20)
    before = len(running.frames)
    running.wait(lambda: len(running.frames) >= before + 5, seconds=20)
    assert running.heard(f'127.0.0.1:{camera.port}/main has ended; tried again')
    assert running.heard('gives pictures')
    assert np.abs(errors_ms(running)).max() < 1.0


def goes_on_with_true_times(camera, running):
    camera.tell('go on')
    before = len(running.frames)
    running.wait(lambda: len(running.frames) >= before + 5, seconds=20)
    assert np.abs(errors_ms(running)).max() < 1.0


def test_a_stream_that_falls_silent_is_named_and_opened_again(watch, rtsp, peer):
    camera = peer()
    running = watch(rtsp(camera.url(), stamp='sender'))
    running.wait(lambda: len(running.frames) >= 5, seconds=20)
    camera.tell('stall')
    running.wait(lambda: running.capture.state == 'lost', seconds=20)
    assert running.heard('gives no more pictures: no answer within 1 s')
    goes_on_with_true_times(camera, running)


def test_a_frozen_sensor_is_named_and_its_picture_gets_no_new_time(watch, rtsp, peer):
    camera = peer('--codec', 'mjpeg')
    running = watch(rtsp(camera.url(), {'watch': {'frozen_after_s': 0.4}}, stamp='sender'))
    running.wait(lambda: len(running.frames) >= 5, seconds=20)
    camera.tell('freeze')
    running.wait(lambda: running.capture.report().reopened >= 2, seconds=20)
    assert running.heard('is frozen: the same picture for over 0.4 s')
    goes_on_with_true_times(camera, running)


def test_a_frozen_sensor_behind_an_encoder_of_differences_is_named(watch, rtsp, peer):
    camera = peer('--codec', 'h264')
    running = watch(rtsp(camera.url(), stamp='sender'))
    running.wait(lambda: len(running.frames) >= 5, seconds=20)
    camera.tell('freeze')
    running.wait(lambda: running.heard('is frozen: the same picture for over 1 s'), seconds=20)
    assert running.capture.report().failed
    camera.tell('go on')
    running.wait(lambda: running.heard('gives pictures'), seconds=20)
    assert not running.capture.report().failed


@pytest.mark.parametrize('stamp', ['auto', 'arrival'])
@pytest.mark.alone
def test_what_a_stalled_network_held_back_never_gets_a_new_time(watch, rtsp, peer, stamp):
    camera = peer()
    running = watch(rtsp(camera.url(), stamp=stamp))
    running.wait(lambda: len(running.frames) >= 30, seconds=20)
    camera.tell('hold')
    time.sleep(0.8)
    camera.tell('go on')
    held = len(running.frames)
    running.wait(lambda: len(running.frames) >= held + 20, seconds=20)
    errors = errors_ms(running, begin=10)
    assert errors.max() - np.median(errors) < 20


@pytest.mark.parametrize('codec', ['h264', 'mjpeg'])
def test_another_size_is_refused_by_name_or_followed(watch, rtsp, peer, codec):
    camera = peer('--codec', codec)
    refusing = watch(rtsp(camera.url(), stamp='sender'))
    following = watch(rtsp(camera.url(), {'on_resize': 'follow'}, stamp='sender'))
    for running in (refusing, following):
        running.wait(lambda running=running: len(running.frames) >= 5, seconds=20)
    camera.tell('size 800x448')
    following.wait(lambda: following.frames[-1].image.shape == (448, 800, 3), seconds=20)
    refusing.wait(lambda: refusing.capture.report().refused.get('size', 0) >= 3, seconds=20)
    assert {frame.image.shape for frame in refusing.frames} == {(480, 640, 3)}
    assert refusing.heard('pictures come as 800×448, not 640×480: set width and height')
    assert following.heard('800×448, not 640×480; followed')
    assert np.abs(errors_ms(following)).max() < 1.0


def test_sound_is_not_asked_for(watch, rtsp, peer):
    running = watch(rtsp(peer('--sound', '--slices', '4').url(), stamp='sender'))
    running.wait(lambda: len(running.frames) >= 5, seconds=20)
    assert not running.said


def first_failure(configuration):
    """Open and read until it fails; the line that it says."""
    source = Stream(configuration)
    try:
        with pytest.raises(SourceLost) as failure:
            source.open()
            end = time.monotonic() + 20
            while time.monotonic() < end:
                source.read()
    finally:
        source.close()
    line = str(failure.value)
    assert '\n' not in line
    return line


def test_a_wrong_path_login_or_transport_is_one_line(rtsp, peer):
    camera = peer('--login', 'robot:secret', '--no-udp')
    assert 'it asks for a login' in first_failure(rtsp(camera.url()))
    wrong = first_failure(rtsp(camera.url(login='robot:guessed@')))
    assert 'it asks for a login' in wrong and 'guessed' not in wrong
    nowhere = first_failure(rtsp(camera.url('/nowhere', 'robot:secret@')))
    assert 'nothing at this path' in nowhere and 'secret' not in nowhere
    refused = first_failure(rtsp(camera.url(login='robot:secret@'), transport='udp'))
    assert 'transport: tcp' in refused


def test_a_login_opens_and_is_shown_to_nobody(watch, rtsp, peer):
    camera = peer('--login', 'robot:secret')
    running = watch(rtsp(camera.url(login='robot:secret@'), stamp='sender'))
    running.wait(lambda: len(running.frames) >= 3, seconds=20)
    assert running.capture.report().place == camera.url()


def test_a_host_that_is_unknown_silent_or_refuses_is_one_line(rtsp):
    with socket.socket() as unused:
        unused.bind(('127.0.0.1', 0))
        refused = first_failure(rtsp(f'rtsp://127.0.0.1:{unused.getsockname()[1]}/main'))
    assert 'nothing listens there' in refused
    with socket.create_server(('127.0.0.1', 0)) as silent:
        begin = time.monotonic()
        line = first_failure(rtsp(f'rtsp://127.0.0.1:{silent.getsockname()[1]}/main'))
    assert 'no answer within 1 s' in line and time.monotonic() - begin < 5
    assert "no host 'camera.invalid' is known" in first_failure(rtsp('rtsp://camera.invalid/main'))


def test_a_sender_whose_clock_is_not_ours_or_not_told_is_named(rtsp, peer, monkeypatch):
    early = first_failure(rtsp(peer('--clock-offset', '-7').url(), stamp='sender'))
    assert 'its clock is 7.' in early and 'behind ours: synchronise both by NTP' in early
    late = first_failure(rtsp(peer('--clock-offset', '3').url(), stamp='sender'))
    assert 'ahead of ours' in late
    monkeypatch.setattr('vla_cameras.sources.stream.LOST_AFTER_S', 0.5)
    untold = first_failure(rtsp(peer('--report-s', '0').url(), stamp='sender'))
    assert 'tells no time of day' in untold and 'use stamp: stream' in untold


@pytest.mark.parametrize(('options', 'reason'), [
    ({'url': 'videotestsrc ! appsink'}, 'set backend: gstreamer'),
    ({'url': 'rtsp://camera/main', 'backend': 'gstreamer'}, 'it must end in appsink'),
    ({'url': 'http://camera/video', 'stamp': 'sender'}, 'sender is for RTSP only'),
])
def test_what_does_not_fit_together_is_refused(rtsp, options, reason):
    with pytest.raises(ValueError, match=reason):
        rtsp(**options)


def test_a_pipeline_without_gstreamer_says_what_to_install(rtsp, monkeypatch):
    monkeypatch.setattr(cv2.videoio_registry, 'hasBackend', lambda _: False)  # as OpenCV from PyPI
    line = first_failure(rtsp('videotestsrc ! videoconvert ! appsink', backend='gstreamer'))
    assert 'this OpenCV has no GStreamer' in line
    assert "install the distribution's python3-opencv" in line and 'backend: ffmpeg' in line


@pytest.mark.alone
def test_an_rtsp_camera_runs_through_the_node(peer, tmp_path):
    camera = peer()
    (tmp_path / 'net.yaml').write_text(yaml.safe_dump({'cameras': {'front': {
        'source': {'kind': 'stream', 'url': camera.url(), 'stamp': 'sender', 'timeout_s': 1.0},
        'frame': 'front_optical', 'width': 640, 'height': 480, 'rate_hz': RATE, 'retry_s': 0.1}}}))
    namespace = f'/stream_{os.getpid()}'
    process = subprocess.Popen(
        [sys.executable, '-m', 'vla_cameras.node', '--ros-args', '-r', f'__ns:={namespace}',
         '-p', f'camera_set:={tmp_path / "net.yaml"}'],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    rclpy.init()
    node = rclpy.create_node('listener', namespace=namespace)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    images, levels = [], []
    node.create_subscription(Image, 'front/image_raw', images.append, qos_profile_sensor_data)
    node.create_subscription(DiagnosticArray, '/diagnostics', lambda message: levels.extend(
        status.level for status in message.status if namespace in status.name), 10)

    def wait(condition):
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end, (len(images), levels)
            executor.spin_once(timeout_sec=0.1)

    try:
        wait(lambda: len(images) >= 30)
        camera.tell('stall')
        wait(lambda: DiagnosticStatus.ERROR in levels)
        camera.tell('go on')
        before = len(images)
        wait(lambda: len(images) >= before + 10)
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=15)
    errors = [time_from_message(message.header.stamp) - read_time(image_from_message(message))
              for message in images]
    assert np.abs(errors).max() < 1_000_000
    assert 'no answer within 1 s' in output and 'gives pictures' in output
    assert process.returncode == 0 and 'Traceback' not in output
