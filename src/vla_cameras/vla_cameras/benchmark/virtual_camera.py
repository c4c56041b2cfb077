"""
A camera without a sensor: a process that takes pictures at a rate and hands them over as a USB
camera does, late by exposure and transfer, through a queue that keeps what is not fetched.

Each picture carries the wall-clock time of its capture as bars. `VirtualV4l2` is the V4L2 source
with this device in the place of ``/dev/video*``: the rest of its code is what runs on a real one.
"""
import contextlib
import os
import socket
import struct
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vla_cameras.benchmark.bar_code import draw_time
from vla_cameras.frame import SourceLost
from vla_cameras.sources import v4l2

__all__ = ['VirtualDevice', 'VirtualV4l2', 'run_device']

_HEADER = struct.Struct('<q')


def run_device(
    path: str, width: int, height: int, rate_hz: float, driver_stamps: bool, delay_s: float,
    jitter_s: float, stop: Any, captured: Any,
) -> None:
    """
    Take pictures until ``stop`` is set and serve them to one reader at the socket ``path``.

    The transfer takes ``delay_s`` and an exponential ``jitter_s`` more. ``captured`` (a list shared
    between processes) gets the wall-clock time of every picture taken.
    """
    with contextlib.suppress(PermissionError):
        os.nice(-10)  # no sensor waits for this machine
    generator = np.random.default_rng(0)
    scene = generator.integers(60, 200, (height, width, 2), dtype=np.uint8)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(path)
        server.listen(1)
        server.settimeout(0.2)
        while not stop.is_set():
            try:
                reader, _ = server.accept()
            except TimeoutError:
                continue
            with reader, contextlib.suppress(OSError):
                _serve(reader, scene, 1.0 / rate_hz, driver_stamps, delay_s, jitter_s, generator,
                       stop, captured)


def _serve(
    reader: socket.socket, scene: np.ndarray, period_s: float, driver_stamps: bool, delay_s: float,
    jitter_s: float, generator: np.random.Generator, stop: Any, captured: Any,
) -> None:
    # A sensor exposes by its own crystal, however late this process may be to fetch the picture.
    start_ns = time.monotonic_ns()
    index = 0
    while not stop.is_set():
        index += 1
        monotonic_ns = start_ns + round(index * period_s * 1e9)
        time.sleep(max(0.0, (monotonic_ns - time.monotonic_ns()) / 1e9))
        wall_ns = monotonic_ns + time.time_ns() - time.monotonic_ns()
        draw_time(scene[..., 0], wall_ns)
        scene[-1, :, 0] = generator.integers(60, 200, scene.shape[1], dtype=np.uint8)
        arrival_ns = monotonic_ns + round(1e9 * (delay_s + generator.exponential(jitter_s)))
        captured.append(wall_ns)
        time.sleep(max(0.0, (arrival_ns - time.monotonic_ns()) / 1e9))
        reader.sendall(_HEADER.pack(monotonic_ns if driver_stamps else 0))
        reader.sendall(scene)


class VirtualDevice:
    """The reader's end, with the face of a cv2.VideoCapture that is set to YUYV."""

    def __init__(self, path: str, width: int, height: int, rate_hz: float) -> None:
        self._shape = (height, width, 2)
        self._settings = {
            cv2.CAP_PROP_FRAME_WIDTH: width, cv2.CAP_PROP_FRAME_HEIGHT: height,
            cv2.CAP_PROP_FPS: rate_hz, cv2.CAP_PROP_FOURCC: cv2.VideoWriter.fourcc(*'YUYV')}
        self._buffer = bytearray(_HEADER.size + width * height * 2)
        self._socket: socket.socket | None = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(2.0)
        self._stamp_ns = 0
        try:
            self._socket.connect(path)
        except OSError:
            self.release()

    def isOpened(self) -> bool:
        return self._socket is not None

    def set(self, key: int, value: float) -> bool:
        return key not in self._settings or self._settings[key] == value

    def get(self, key: int) -> float:
        if key == cv2.CAP_PROP_POS_MSEC:
            return self._stamp_ns / 1e6
        return float(self._settings.get(key, 0.0))

    def grab(self) -> bool:
        view = memoryview(self._buffer)
        filled = 0
        while filled < len(self._buffer):
            try:
                count = self._socket.recv_into(view[filled:])
            except OSError:
                return False
            if count == 0:
                return False
            filled += count
        self._stamp_ns = _HEADER.unpack_from(self._buffer)[0]
        return True

    def retrieve(self) -> tuple[bool, np.ndarray]:
        raw = np.frombuffer(self._buffer, dtype=np.uint8, offset=_HEADER.size).reshape(self._shape)
        return True, cv2.cvtColor(raw, cv2.COLOR_YUV2BGR_YUYV)

    def release(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class VirtualV4l2(v4l2.CameraSource):
    """The V4L2 source on a virtual device; ``device`` is the path of its socket."""

    class Config(v4l2.V4l2Config):
        kind: str

    def check_device(self) -> None:
        if not Path(self.place).exists():
            raise SourceLost(f'no device {self.place}')

    def open_capture(self) -> VirtualDevice:
        camera = self.camera
        return VirtualDevice(self.place, camera.width, camera.height, camera.rate_hz)
