"""
Cameras of Linux (V4L2, and with it UVC) through OpenCV.

Format, size and rate are demanded: a camera that gives something else is refused by name. Exposure,
white balance, gain and focus are fixed where they are given; one that the camera lacks is a notice.

The driver's stamp of each buffer is the time of capture. Motion JPEG is taken as it comes and
decoded here, so that a truncated picture is noticed instead of shown with a grey remainder.
"""
import fcntl
import os
import struct
import time
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from pydantic import Field

from vla_cameras.frame import Frame, FrameDamaged, FrameLate, SourceLost
from vla_cameras.sources.source import OnRepeat, Source, SourceConfig
from vla_cameras.stamping import ArrivalStamp, SteadyArrival, driver_capture_ns
from vla_core.validation import Real

__all__ = ['CameraSource', 'V4l2Config', 'decode_jpeg', 'holder']

# OpenCV waits this long for a picture of a V4L2 camera, 10 s unless told.
os.environ.setdefault('OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT', '2')

_QUERY_CAPABILITIES = 0x80685600  # VIDIOC_QUERYCAP
_VIDEO_CAPTURE, _DEVICE_CAPABILITIES = 0x00000001, 0x80000000
_MANUAL_EXPOSURE, _AUTOMATIC_EXPOSURE = 1.0, 3.0  # V4L2_EXPOSURE_MANUAL, _APERTURE_PRIORITY
_EXPOSURE_UNIT_S = 1e-4  # V4L2_CID_EXPOSURE_ABSOLUTE


class V4l2Config(SourceConfig):
    """A device of Linux, best by a name that stays: ``/dev/v4l/by-id/…``."""

    kind: Literal['v4l2'] = 'v4l2'
    device: str = Field('/dev/video0', min_length=1)
    pixel_format: Literal['MJPG', 'YUYV'] = 'MJPG'
    exposure_s: Real | None = Field(None, gt=0, description='None: automatic')
    white_balance_k: Real | None = Field(None, gt=0, description='None: automatic')
    gain: Real | None = Field(None, ge=0, description="the driver's unit; None: left as it is")
    focus: Real | None = Field(None, ge=0, description="the driver's unit; None: automatic")
    buffers: int = Field(2, ge=1, le=10)


class CameraSource(Source):
    """A V4L2 device."""

    Config = V4l2Config

    def __init__(self, camera: Any) -> None:
        super().__init__(camera)
        self._capture: Any = None
        self._notices: list[str] = []
        self._arrival = ArrivalStamp(round(0.25e9 / camera.rate_hz))
        self._steady = SteadyArrival(round(1e9 / camera.rate_hz))

    @property
    def place(self) -> str:
        return self.options.device

    @property
    def on_repeat(self) -> OnRepeat:
        return 'drop'

    @property
    def notices(self) -> tuple[str, ...]:
        return tuple(self._notices)

    def open(self) -> None:
        self.check_device()
        self._notices.clear()
        self._arrival.forget()
        self._steady.forget()
        self._capture = self.open_capture()
        if not self._capture.isOpened():
            busy = holder(self.place)
            raise SourceLost(
                f'{self.place} is in use by {busy}: stop that first' if busy else
                f'{self.place} cannot be opened: unplug it and plug it in again')
        self._demand_format()
        self._fix_controls()

    def check_device(self) -> None:
        """SourceLost when the device is not there, not ours to open, or no camera."""
        path = Path(self.place)
        if not path.exists():
            others = sorted(str(device) for device in Path('/dev').glob('video*'))
            raise SourceLost(f'no device {path}: plug the camera in, or choose one of '
                             f'{", ".join(others) or "those there will be; now there is none"}')
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        except PermissionError as error:
            raise SourceLost(f'{path}: not permitted: add this user to the group video') from error
        except OSError as error:
            busy = f' by {name}' if (name := holder(self.place)) else ''
            raise SourceLost(f'{path} cannot be opened: {error.strerror}{busy}') from error
        try:
            answer = fcntl.ioctl(descriptor, _QUERY_CAPABILITIES, bytes(104))
        except OSError as error:
            raise SourceLost(f'{path} is not a video device') from error
        finally:
            os.close(descriptor)
        card = answer[16:48].split(b'\0')[0].decode(errors='replace')
        capabilities, of_device = struct.unpack_from('<II', answer, 84)
        if capabilities & _DEVICE_CAPABILITIES:
            capabilities = of_device
        if not capabilities & _VIDEO_CAPTURE:
            raise SourceLost(f'{path} ({card}) gives no pictures, only metadata: '
                             f'choose the other device of this camera')

    def open_capture(self) -> Any:
        """The device as a cv2.VideoCapture."""
        return cv2.VideoCapture(self.place, cv2.CAP_V4L2)

    def _demand_format(self) -> None:
        camera, capture = self.camera, self._capture
        code = cv2.VideoWriter.fourcc(*self.options.pixel_format)
        capture.set(cv2.CAP_PROP_FOURCC, code)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, camera.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, camera.height)
        capture.set(cv2.CAP_PROP_FPS, camera.rate_hz)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, self.options.buffers)
        capture.set(cv2.CAP_PROP_CONVERT_RGB, float(self.options.pixel_format != 'MJPG'))
        got = int(capture.get(cv2.CAP_PROP_FOURCC))
        if got != code:
            raise SourceLost(f'{self.place}: gives {_fourcc(got)}, not '
                             f'{self.options.pixel_format}: choose pixel_format {_fourcc(got)}')
        size = tuple(int(capture.get(key)) for key in (
            cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if size != (camera.width, camera.height):
            raise SourceLost(f'{self.place}: gives {size[0]}×{size[1]}, not '
                             f'{camera.width}×{camera.height}: choose a size it has')
        rate = capture.get(cv2.CAP_PROP_FPS)
        if abs(rate - camera.rate_hz) > 0.05 * camera.rate_hz:
            raise SourceLost(f'{self.place}: gives {rate:g} Hz, not {camera.rate_hz:g} Hz: '
                             f'choose a rate it has at this size and format')

    def _fix_controls(self) -> None:
        options = self.options
        if options.exposure_s is None:
            self._capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, _AUTOMATIC_EXPOSURE)
        else:
            self._fix('automatic exposure off', cv2.CAP_PROP_AUTO_EXPOSURE, _MANUAL_EXPOSURE)
            self._fix('exposure_s', cv2.CAP_PROP_EXPOSURE, options.exposure_s / _EXPOSURE_UNIT_S)
        if options.white_balance_k is None:
            self._capture.set(cv2.CAP_PROP_AUTO_WB, 1.0)
        else:
            self._fix('automatic white balance off', cv2.CAP_PROP_AUTO_WB, 0.0)
            self._fix('white_balance_k', cv2.CAP_PROP_WB_TEMPERATURE, options.white_balance_k)
        if options.gain is not None:
            self._fix('gain', cv2.CAP_PROP_GAIN, options.gain)
        if options.focus is None:
            self._capture.set(cv2.CAP_PROP_AUTOFOCUS, 1.0)
        else:
            self._fix('automatic focus off', cv2.CAP_PROP_AUTOFOCUS, 0.0)
            self._fix('focus', cv2.CAP_PROP_FOCUS, options.focus)

    def _fix(self, name: str, control: int, value: float) -> None:
        accepted = self._capture.set(control, value)
        got = self._capture.get(control)
        if not accepted or abs(got - value) > 0.5 + 0.02 * abs(value):
            self._notices.append(f'{name}: asked for {value:g}, the camera has {got:g}')

    def read(self) -> Frame | None:
        asked_ns = time.monotonic_ns()
        grabbed = self._capture.grab()
        arrived_ns, wall_ns = time.monotonic_ns(), time.time_ns()
        if not grabbed:
            if self.stopping.is_set():
                return None
            raise SourceLost(f'{self.place} gives no more pictures: is it unplugged?')
        driver_ns = driver_capture_ns(
            self._capture.get(cv2.CAP_PROP_POS_MSEC), arrived_ns, wall_ns)
        arrival_known = self._arrival.judge(asked_ns, arrived_ns)
        whole, buffer = self._capture.retrieve()
        if not whole or buffer is None:
            raise FrameDamaged(f'{self.place}: a picture could not be read')
        image = decode_jpeg(buffer, self.place) if self.options.pixel_format == 'MJPG' else buffer
        if driver_ns is not None:
            return Frame(image, 'bgr8', driver_ns, 'driver')
        steady_ns = self._steady.steadied(arrived_ns) if arrival_known else None
        if steady_ns is None:
            raise FrameLate(f'{self.place}: a picture came too late to tell when it was taken')
        return Frame(image, 'bgr8', steady_ns, 'arrival')

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def decode_jpeg(buffer: np.ndarray, place: str) -> np.ndarray:
    """bgr8 [h, w, 3] of JPEG bytes; FrameDamaged when they do not begin and end as they must."""
    data = np.ascontiguousarray(buffer).reshape(-1).view(np.uint8)
    if data.size < 4 or data[0] != 0xFF or data[1] != 0xD8:
        raise FrameDamaged(f'{place}: a picture is not JPEG')
    if data[-64:].tobytes().rfind(b'\xff\xd9') < 0 and data.tobytes().rfind(b'\xff\xd9') < 0:
        raise FrameDamaged(f'{place}: a picture is truncated after {data.size} bytes')
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if image is None:
        raise FrameDamaged(f'{place}: a picture is corrupt')
    return image


def holder(device: str) -> str:
    """The process that has ``device`` open, as 'name (pid)', or ''."""
    wanted = os.path.realpath(device)
    for folder in Path('/proc').glob('[0-9]*/fd'):
        pid = int(folder.parent.name)
        if pid == os.getpid():
            continue
        try:
            if any(os.path.realpath(link) == wanted for link in folder.iterdir()):
                return f'{(folder.parent / "comm").read_text().strip()} ({pid})'
        except OSError:
            continue
    return ''


def _fourcc(code: int) -> str:
    return code.to_bytes(4, 'little').decode('ascii', errors='replace').strip('\0') or 'nothing'
