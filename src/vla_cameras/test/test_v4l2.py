"""The V4L2 source before a device that answers as OpenCV does; no camera is needed."""
import subprocess
import time

import cv2
import numpy as np
import pytest

from vla_cameras.frame import FrameDamaged, SourceLost
from vla_cameras.sources import v4l2


class Device:
    """What cv2.VideoCapture shows of a camera."""

    def __init__(self, **settings):
        self.values = {
            cv2.CAP_PROP_FRAME_WIDTH: 160.0, cv2.CAP_PROP_FRAME_HEIGHT: 120.0,
            cv2.CAP_PROP_FPS: 50.0, cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*'MJPG'))}
        self.fixed = {getattr(cv2, f'CAP_PROP_{key}'): value for key, value in settings.items()}
        self.buffers, self.opened, self.stamps = [], True, True

    def isOpened(self):
        return self.opened

    def set(self, key, value):
        if key in self.fixed:
            return False
        self.values[key] = float(value)
        return True

    def get(self, key):
        if key == cv2.CAP_PROP_POS_MSEC:
            return (time.monotonic_ns() - 25_000_000) / 1e6 if self.stamps else 0.0
        return self.fixed.get(key, self.values.get(key, 0.0))

    def grab(self):
        time.sleep(0.002)
        return bool(self.buffers)

    def retrieve(self):
        return True, self.buffers.pop(0)

    def release(self):
        self.opened = False


class FakeV4l2(v4l2.CameraSource):
    device = None

    def check_device(self):
        pass

    def open_capture(self):
        return self.device


@pytest.fixture
def source(camera):
    def make(device, **options):
        FakeV4l2.device = device
        return FakeV4l2(camera({'kind': 'v4l2', **options}))
    return make


def jpeg(image):
    return cv2.imencode('.jpg', image)[1].reshape(1, -1)


def test_a_picture_has_the_stamp_of_its_driver(source, noise):
    device = Device()
    image = cv2.GaussianBlur(noise(), (0, 0), 3)
    device.buffers = [jpeg(image)]
    camera = source(device)
    camera.open()
    frame = camera.read()
    assert frame.basis == 'driver' and frame.encoding == 'bgr8'
    assert (time.monotonic_ns() - frame.captured_ns) / 1e6 == pytest.approx(25, abs=10)
    assert np.abs(frame.image.astype(int) - image).mean() < 4


def test_without_a_driver_stamp_it_is_the_arrival(source, noise):
    device = Device()
    device.stamps, device.buffers = False, [jpeg(noise())]
    camera = source(device)
    camera.open()
    asked = time.monotonic_ns()
    frame = camera.read()
    assert frame.basis == 'arrival' and asked < frame.captured_ns <= time.monotonic_ns()


def test_a_picture_that_lay_in_the_queue_has_no_time(source, noise, monkeypatch):
    device = Device()
    device.stamps, device.buffers = False, [jpeg(noise()) for _ in range(2)]
    camera = source(device)
    camera.open()
    camera.read()
    later = time.monotonic_ns() + 50_000_000
    monkeypatch.setattr(time, 'monotonic_ns', lambda: later)  # it takes no time to get it
    with pytest.raises(FrameDamaged, match='too late to tell'):
        camera.read()


@pytest.mark.parametrize(('buffer', 'reason'), [
    (lambda image: jpeg(image)[:, :2000], 'truncated after 2000 bytes'),
    (lambda image: np.zeros((1, 5000), np.uint8), 'not JPEG'),
    (lambda image: np.array([[0xFF, 0xD8, 1, 2, 3, 0xFF, 0xD9]], np.uint8), 'corrupt'),
])
def test_a_truncated_picture_is_refused(source, noise, buffer, reason):
    device = Device()
    device.buffers = [buffer(noise())]
    camera = source(device)
    camera.open()
    with pytest.raises(FrameDamaged, match=reason):
        camera.read()


def test_a_camera_that_is_pulled_out_is_lost(source):
    camera = source(Device())
    camera.open()
    with pytest.raises(SourceLost, match='is it unplugged'):
        camera.read()


@pytest.mark.parametrize(('settings', 'reason'), [
    ({'FOURCC': cv2.VideoWriter.fourcc(*'YUYV')}, 'gives YUYV, not MJPG: choose pixel_format YUYV'),
    ({'FRAME_WIDTH': 320.0}, 'gives 320×120, not 160×120'),
    ({'FPS': 15.0}, 'gives 15 Hz, not 50 Hz'),
])
def test_a_format_that_is_not_given_is_refused(source, settings, reason):
    with pytest.raises(SourceLost, match=reason):
        source(Device(**settings)).open()


def test_controls_are_fixed_in_the_units_of_the_driver(source):
    device = Device()
    camera = source(device, exposure_s=0.01, white_balance_k=4500, gain=3, focus=10)
    camera.open()
    assert device.get(cv2.CAP_PROP_AUTO_EXPOSURE) == 1
    assert device.get(cv2.CAP_PROP_EXPOSURE) == 100
    assert device.get(cv2.CAP_PROP_AUTO_WB) == 0
    assert device.get(cv2.CAP_PROP_WB_TEMPERATURE) == 4500
    assert device.get(cv2.CAP_PROP_GAIN) == 3
    assert device.get(cv2.CAP_PROP_AUTOFOCUS) == 0
    assert camera.notices == ()


def test_a_control_that_the_camera_lacks_is_a_notice(source):
    camera = source(Device(EXPOSURE=156.0), exposure_s=0.01)
    camera.open()
    assert camera.notices == ('exposure_s: asked for 100, the camera has 156',)


def test_a_device_that_is_not_there_is_named(camera):
    with pytest.raises(SourceLost, match='no device /dev/video99: plug the camera in'):
        v4l2.CameraSource(camera({'kind': 'v4l2', 'device': '/dev/video99'})).open()


@pytest.mark.parametrize('device', ['/dev/null', 'file'])
def test_what_is_no_camera_is_named(camera, device, tmp_path):
    if device == 'file':
        device = str(tmp_path / 'video0')
        (tmp_path / 'video0').write_bytes(b'')
    with pytest.raises(SourceLost, match='is not a video device'):
        v4l2.CameraSource(camera({'kind': 'v4l2', 'device': device})).open()


def test_a_busy_device_is_named_with_who_has_it(source, monkeypatch):
    device = Device()
    device.opened = False
    monkeypatch.setattr(v4l2, 'holder', lambda path: 'cheese (123)')
    with pytest.raises(SourceLost, match=r'in use by cheese \(123\): stop that first'):
        source(device).open()


def test_the_process_that_holds_a_device_is_found(tmp_path):
    path = tmp_path / 'video0'
    path.write_bytes(b'')
    with subprocess.Popen(['tail', '-f', str(path)], stdout=subprocess.DEVNULL) as process:
        end = time.monotonic() + 5
        while not (found := v4l2.holder(str(path))) and time.monotonic() < end:
            time.sleep(0.05)
        process.kill()
    assert found == f'tail ({process.pid})'
