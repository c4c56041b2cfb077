"""Cameras, clocks and pictures for the tests."""
import os
import time

import numpy as np
import pytest

from vla_cameras.capture import CameraCapture
from vla_cameras.configuration import CameraConfig
from vla_core import share
from vla_core.clock import SystemClock

# Pictures need the transport of the launch files: by default most are lost between processes.
os.environ.setdefault(
    'FASTRTPS_DEFAULT_PROFILES_FILE', str(share.find('vla_bringup', 'config/dds', 'fastdds.xml')))


class Watched:
    """A running capture with all that it handed on and said."""

    def __init__(self, config: CameraConfig) -> None:
        self.frames, self.stamps_ns, self.said = [], [], []
        self.capture = CameraCapture(config, SystemClock(), self._take, self._hear)

    def _take(self, frame, stamp_ns):
        self.frames.append(frame)
        self.stamps_ns.append(stamp_ns)

    def _hear(self, level, text):
        self.said.append(f'{level}: {text}')

    def wait(self, condition, seconds=10.0):
        """Wait until ``condition()``; what was said otherwise."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (self.said, self.capture.report())
            time.sleep(0.005)

    def heard(self, text):
        """Whether something with ``text`` was said."""
        return any(text in line for line in self.said)


@pytest.fixture
def watch():
    """Start the capture of a configuration; all are stopped at the end."""
    running = []

    def start(config: CameraConfig) -> Watched:
        running.append(Watched(config))
        running[-1].capture.start()
        return running[-1]

    yield start
    for watched in running:
        watched.capture.stop()


@pytest.fixture
def camera():
    """Make a configuration of a small camera."""
    def make(source: dict, **fields) -> CameraConfig:
        return CameraConfig(**{
            'name': 'front', 'frame': 'front_optical', 'width': 160, 'height': 120,
            'rate_hz': 50.0, 'retry_s': 0.05, 'source': source, **fields})
    return make


@pytest.fixture
def noise():
    """Pictures with the noise of a sensor, each another."""
    generator = np.random.default_rng(0)

    def picture(width=160, height=120):
        return generator.integers(40, 200, (height, width, 3), dtype=np.uint8)
    return picture
