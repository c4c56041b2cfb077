"""Videos, folders and network streams, whole and damaged, read as cameras are."""
import http.server
import socket
import threading
import time

import av
import cv2
import numpy as np
import pytest

from vla_cameras.benchmark.bar_code import draw_time, read_time
from vla_cameras.frame import FrameDamaged, SourceEnded, SourceLost
from vla_cameras.sources.image_folder import CameraSource as Folder
from vla_cameras.sources.video_file import CameraSource as Video

RATE = 50


def write_video(path, count, size=(640, 480)):
    """A scene with a moving disc, a sensor's noise, and each picture's number as bars."""
    generator = np.random.default_rng(0)
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('h264', rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *size, 'yuv420p'
        for index in range(count):
            image = np.full((size[1], size[0], 3), 90, np.uint8)
            cv2.circle(image, (40 + 5 * index, 200), 30, (200, 80, 60), -1, cv2.LINE_AA)
            noisy = image + generator.normal(0, 3, image.shape)
            image = np.clip(noisy, 0, 255).astype(np.uint8)
            draw_time(image, index)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format='rgb24')))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope='module')
def recording(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp('video') / 'scene.mkv', 40)


def video(camera, path, **options):
    return camera({'kind': 'video_file', 'path': str(path), **options},
                  width=640, height=480, rate_hz=RATE)


def test_a_recorded_video_comes_in_real_time_with_the_times_of_its_pictures(
        watch, camera, recording):
    running = watch(video(camera, recording, loop=False))
    running.wait(lambda: running.capture.state == 'ended')
    numbers = [read_time(frame.image) for frame in running.frames]
    assert None not in numbers and len(numbers) >= 20 and numbers == sorted(numbers)
    since = [(stamp - running.stamps_ns[0]) / 1e9 for stamp in running.stamps_ns]
    expected = [(number - numbers[0]) / RATE for number in numbers]
    assert np.allclose(since, expected, atol=0.003)


def test_a_video_loops_and_its_times_go_on(watch, camera, recording):
    running = watch(video(camera, recording, speed=8))
    running.wait(lambda: len(running.frames) > 45, seconds=20)
    assert np.all(np.diff(running.stamps_ns) > 0)


def test_a_video_as_fast_as_it_goes_leaves_no_picture_out(camera, recording):
    source = Video(video(camera, recording, speed=0, loop=False))
    source.open()
    numbers = []
    with pytest.raises(SourceEnded, match='after 40 pictures'):
        while True:
            numbers.append(read_time(source.read().image))
    assert numbers == list(range(40))


def test_a_slow_reader_gets_the_picture_that_is_due_not_an_old_one(camera, recording):
    source = Video(video(camera, recording))
    source.open()
    source.read()
    time.sleep(0.4)
    frame = source.read()
    assert read_time(frame.image) >= 18
    assert time.monotonic_ns() - frame.captured_ns < 100_000_000


def test_a_video_that_was_cut_off_is_called_truncated(camera, tmp_path):
    path = write_video(tmp_path / 'scene.mp4', 30)
    # The index of an MP4 may stand in front; then the pictures at the end are what is missing.
    front = tmp_path / 'front.mp4'
    with av.open(str(path)) as source, av.open(
            str(front), 'w', options={'movflags': 'faststart'}) as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    data = front.read_bytes()
    front.write_bytes(data[:len(data) * 6 // 10])
    source = Video(video(camera, front, speed=0, loop=False))
    source.open()
    with pytest.raises((SourceEnded, SourceLost)):
        for _ in range(100):
            try:
                source.read()
            except FrameDamaged:
                continue
    assert 'is truncated: it has' in source.notices[0]


@pytest.mark.parametrize(('content', 'reason'), [
    (None, 'no video file'), (b'not a video at all', 'not a video that can be read'),
    (b'', 'not a video that can be read'),
])
def test_what_is_no_video_is_named(camera, tmp_path, content, reason):
    path = tmp_path / 'scene.mp4'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceLost, match=reason):
        Video(video(camera, path)).open()


@pytest.fixture
def folder(tmp_path, noise):
    (tmp_path / 'depth').mkdir()
    for index in range(4):
        cv2.imwrite(str(tmp_path / f'{index}.png'), noise())
        depth = np.full((120, 160), 1000 + index, np.uint16)
        cv2.imwrite(str(tmp_path / 'depth' / f'{index}.png'), depth)
    return tmp_path


def test_a_folder_is_a_camera_with_depth(camera, folder):
    source = Folder(camera({'kind': 'image_folder', 'path': str(folder), 'speed': 0,
                            'depth_folder': str(folder / 'depth'), 'loop': False}))
    source.open()
    frames = [source.read() for _ in range(4)]
    assert [float(frame.depth[0, 0]) for frame in frames] == pytest.approx(
        [1.0, 1.001, 1.002, 1.003])
    assert np.all(np.diff([frame.captured_ns for frame in frames]) > 0)
    with pytest.raises(SourceEnded):
        source.read()


def test_damaged_pictures_of_a_folder_are_named_and_left_out(watch, camera, folder, noise):
    (folder / '1.png').write_bytes(b'nothing')
    data = cv2.imencode('.jpg', noise())[1].tobytes()
    (folder / '2.jpg').write_bytes(data[:len(data) // 2])
    (folder / '2.png').unlink()
    running = watch(camera({'kind': 'image_folder', 'path': str(folder), 'loop': False}))
    running.wait(lambda: running.capture.state == 'ended')
    assert len(running.frames) == 2
    assert running.heard('1.png is no picture') or running.heard('2.jpg is truncated')
    assert running.capture.report().refused == {'damaged': 2}


@pytest.mark.parametrize(('name', 'reason'), [('nowhere', 'no folder'), ('', 'holds no pictures')])
def test_a_folder_without_pictures_is_named(camera, tmp_path, name, reason):
    with pytest.raises(SourceLost, match=reason):
        Folder(camera({'kind': 'image_folder', 'path': str(tmp_path / name)})).open()


class MotionJpeg(http.server.BaseHTTPRequestHandler):
    """A network camera: Motion JPEG over HTTP, as many of them have it."""

    def do_GET(self):
        server = self.server
        self.send_response(200)
        self.send_header('Content-Type', 'multipart/x-mixed-replace; boundary=frame')
        self.end_headers()
        generator = np.random.default_rng(1)
        try:
            for index in range(server.pictures):
                image = generator.integers(40, 200, (120, 640, 3), dtype=np.uint8)
                draw_time(image, time.time_ns())
                data = cv2.imencode('.jpg', image)[1].tobytes()
                if index in server.truncated:
                    data = data[:len(data) // 3]
                self.wfile.write(b'--frame\r\nContent-Type: image/jpeg\r\n'
                                 + f'Content-Length: {len(data)}\r\n\r\n'.encode() + data + b'\r\n')
                time.sleep(0.02)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def log_message(self, *_):
        pass


@pytest.fixture
def network_camera():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), MotionJpeg)
    server.daemon_threads = True
    server.pictures, server.truncated = 400, ()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def stream(camera, port, **options):
    return camera({'kind': 'stream', 'url': f'http://127.0.0.1:{port}/', 'format': 'mpjpeg',
                   'timeout_s': 1.0, **options}, width=640)


def test_a_network_camera_is_read_close_to_its_captures(watch, camera, network_camera):
    running = watch(stream(camera, network_camera.server_port))
    running.wait(lambda: len(running.frames) >= 30, seconds=20)
    late_ms = np.array([
        (stamp - read_time(frame.image)) / 1e6
        for stamp, frame in zip(running.stamps_ns, running.frames)])
    assert np.median(late_ms) < 60
    assert running.frames[0].basis == 'arrival'


def test_truncated_pictures_of_a_stream_are_refused(watch, camera, network_camera):
    network_camera.truncated = range(10, 14)
    running = watch(stream(camera, network_camera.server_port))
    running.wait(lambda: len(running.frames) >= 20, seconds=20)
    assert running.capture.report().refused['damaged'] >= 3
    assert running.heard('truncated or corrupt')


def test_a_network_camera_that_ends_is_opened_again(watch, camera, network_camera):
    network_camera.pictures = 8
    running = watch(stream(camera, network_camera.server_port))
    running.wait(lambda: running.capture.report().reopened >= 2, seconds=20)
    assert len(running.frames) > 8


def test_an_address_where_nothing_answers_is_named(watch, camera):
    with socket.socket() as unused:
        unused.bind(('127.0.0.1', 0))
        running = watch(stream(camera, unused.getsockname()[1]))
        running.wait(lambda: running.capture.state == 'lost')
    assert running.heard('cannot be opened')
