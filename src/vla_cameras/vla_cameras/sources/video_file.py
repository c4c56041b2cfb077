"""
A video file as a camera, decoded by PyAV (FFmpeg), in real time or as fast as asked.

A picture's capture is the moment it is due, so a slow machine leaves pictures out and never stamps
an old one anew. A file that ends before its own index says so is called truncated.
"""
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import av
from pydantic import Field

from vla_cameras.frame import Frame, FrameDamaged, SourceEnded, SourceLost
from vla_cameras.sources.source import Pace, Source, SourceConfig
from vla_core.validation import Real

__all__ = ['CameraSource', 'VideoFileConfig']

_END = object()


class VideoFileConfig(SourceConfig):
    """A file that FFmpeg reads."""

    kind: Literal['video_file'] = 'video_file'
    path: str = Field(min_length=1)
    speed: Real = Field(1.0, ge=0, description='1: real time; 0: as fast as it goes')
    loop: bool = True


class CameraSource(Source):
    """A video file."""

    Config = VideoFileConfig

    def __init__(self, camera: Any) -> None:
        super().__init__(camera)
        self._container: Any = None
        self._packets: Iterator = iter(())
        self._frames: deque = deque()
        self._pace = Pace(self.options.speed)
        self._round_start_ns = 0
        self._position_ns = 0
        self._decoded = 0
        self._truncated = ''
        self._period_ns = round(1e9 / camera.rate_hz)

    @property
    def place(self) -> str:
        return self.options.path

    @property
    def notices(self) -> tuple[str, ...]:
        return (self._truncated,) if self._truncated else ()

    def open(self) -> None:
        path = Path(self.place)
        if not path.is_file():
            raise SourceLost(f'no video file {path}: mend the path')
        try:
            self._container = av.open(str(path))
            self._stream = self._container.streams.video[0]
        except (av.FFmpegError, IndexError) as error:
            raise SourceLost(f'{path} is not a video that can be read: {_reason(error)}') from error
        self._stream.thread_type = 'AUTO'
        self._packets = self._container.demux(self._stream)
        self._frames.clear()
        self._first_ns: int | None = None
        self._decoded = 0

    def read(self) -> Frame | None:
        while True:
            frame = self._next()
            if frame is None:
                return None
            self._decoded += 1
            self._position_ns = self._round_start_ns + self._time_in_file(frame)
            due_ns = self._pace.due_ns(self._position_ns)
            late_ns = time.monotonic_ns() - due_ns
            if self.options.speed > 0 and late_ns > 2 * self._period_ns:
                continue
            image = frame.to_ndarray(format='rgb24')
            if late_ns < 0 and self.stopping.wait(-late_ns / 1e9):
                return None
            return Frame(image, 'rgb8', due_ns, 'schedule')

    def _next(self) -> Any:
        while not self._frames:
            try:
                packet = next(self._packets, _END)
            except av.FFmpegError:
                packet = _END  # a container that is cut off in the middle of a picture
            if packet is _END:
                return self._end()
            try:
                self._frames.extend(packet.decode())
            except av.EOFError:
                continue
            except av.FFmpegError as error:
                raise FrameDamaged(f'{self.place}: picture {self._decoded + 1} is corrupt: '
                                   f'{_reason(error)}') from error
        frame = self._frames.popleft()
        if frame.is_corrupt:
            raise FrameDamaged(f'{self.place}: picture {self._decoded + 1} is corrupt')
        return frame

    def _end(self) -> None:
        """Begin again where the file loops; SourceEnded where not."""
        if self._decoded == 0:
            raise SourceLost(f'{self.place} holds no picture that can be decoded')
        promised = self._stream.frames
        if promised and self._decoded < promised:
            self._truncated = (f'{self.place} is truncated: it has {self._decoded} of '
                               f'{promised} pictures')
        if not self.options.loop:
            raise SourceEnded(f'{self.place} has ended after {self._decoded} pictures')
        self._round_start_ns = self._position_ns + self._period_ns
        self.close()
        self.open()

    def _time_in_file(self, frame: Any) -> int:
        if frame.pts is None or frame.time_base is None:
            return (self._decoded - 1) * self._period_ns
        position_ns = round(float(frame.pts * frame.time_base) * 1e9)
        if self._first_ns is None:
            self._first_ns = position_ns
        return position_ns - self._first_ns

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None


def _reason(error: Exception) -> str:
    if isinstance(error, IndexError):
        return 'it has no pictures'
    return (getattr(error, 'strerror', None) or str(error)).splitlines()[0]
