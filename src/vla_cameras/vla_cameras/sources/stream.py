"""
A camera on the network: RTSP, HTTP (also Motion JPEG) or whatever else FFmpeg opens, through PyAV;
or a GStreamer pipeline, where OpenCV was built with it.

A picture is stamped with its arrival. With ``stamp: stream`` the sender's own times are used, put
where the quickest picture of the last while arrived: that takes the network's jitter out, and is
right for senders whose times are true, as RTP's are.
"""
import time
from collections import deque
from typing import Any, Literal

import av
import cv2
from pydantic import Field

from vla_cameras.frame import Frame, FrameDamaged, SourceLost
from vla_cameras.sources.source import Source, SourceConfig
from vla_cameras.stamping import ArrivalStamp, SteadyArrival
from vla_core.validation import Real

__all__ = ['CameraSource', 'QuickestArrival', 'StreamConfig']

_END = object()


class StreamConfig(SourceConfig):
    """An address, or a pipeline that ends in ``appsink``."""

    kind: Literal['stream'] = 'stream'
    url: str = Field(min_length=1)
    backend: Literal['ffmpeg', 'gstreamer'] = 'ffmpeg'
    format: str = Field('', description="FFmpeg's name of the format where it cannot tell: mpjpeg")
    transport: Literal['tcp', 'udp'] = Field('tcp', description='of RTSP')
    stamp: Literal['arrival', 'stream'] = 'arrival'
    timeout_s: Real = Field(3.0, gt=0, description='silence this long is a lost camera')


class QuickestArrival:
    """
    Maps a sender's times to ours by the least delay within the last ``window_s``.

    After Cristian (1989): of all pictures the one that was quickest knows best how the clocks lie.
    """

    def __init__(self, window_s: float = 10.0) -> None:
        self._window_ns = round(window_s * 1e9)
        self._offsets: deque[tuple[int, int]] = deque()

    def to_arrival(self, sent_ns: int, arrived_ns: int) -> int:
        """When the picture sent at ``sent_ns`` would have arrived without delay of its own."""
        offset = arrived_ns - sent_ns
        while self._offsets and self._offsets[-1][1] >= offset:
            self._offsets.pop()
        self._offsets.append((arrived_ns, offset))
        while arrived_ns - self._offsets[0][0] > self._window_ns:
            self._offsets.popleft()
        return sent_ns + self._offsets[0][1]


class CameraSource(Source):
    """A stream from the network."""

    Config = StreamConfig
    has_noise = True

    def __init__(self, camera: Any) -> None:
        super().__init__(camera)
        self._reader: Any = None
        self._quickest = QuickestArrival()
        self._arrival = ArrivalStamp(round(0.25e9 / camera.rate_hz))
        self._steady = SteadyArrival(round(1e9 / camera.rate_hz))

    @property
    def place(self) -> str:
        return self.options.url

    def open(self) -> None:
        options = self.options
        self._quickest = QuickestArrival()
        self._arrival.forget()
        self._steady.forget()
        reader = _GStreamer if options.backend == 'gstreamer' else _Ffmpeg
        self._reader = reader(options)

    def read(self) -> Frame | None:
        asked_ns = time.monotonic_ns()
        image, encoding, sent_ns = self._reader.read()
        arrived_ns = time.monotonic_ns()
        if self.options.stamp == 'stream' and sent_ns is not None:
            captured_ns = self._quickest.to_arrival(sent_ns, arrived_ns)
        else:
            known = self._arrival.judge(asked_ns, arrived_ns)
            captured_ns = self._steady.steadied(arrived_ns) if known else None
        if captured_ns is None:
            raise FrameDamaged(f'{self.place}: a picture came too late to tell when it was taken')
        return Frame(image, encoding, captured_ns, 'arrival')

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


class _Ffmpeg:
    def __init__(self, options: StreamConfig) -> None:
        self._place = options.url
        settings = {'fflags': 'nobuffer', 'flags': 'low_delay', 'err_detect': 'explode'}
        if options.url.startswith('rtsp'):
            settings['rtsp_transport'] = options.transport
        try:
            self._container = av.open(
                options.url, format=options.format or None, options=settings,
                timeout=options.timeout_s)
            stream = self._container.streams.video[0]
        except (av.FFmpegError, OSError, ValueError, IndexError) as error:
            raise SourceLost(f'{options.url} cannot be opened: {_reason(error)}: is the camera on '
                             f'and the address right?') from error
        stream.codec_context.options = {'err_detect': 'explode'}
        stream.thread_type = 'NONE'  # frame threads hold pictures back
        self._packets = self._container.demux(stream)
        self._frames: deque = deque()

    def read(self) -> tuple:
        while not self._frames:
            try:
                packet = next(self._packets, _END)
            except (av.FFmpegError, OSError) as error:
                raise SourceLost(
                    f'{self._place} gives no more pictures: {_reason(error)}') from error
            if packet is _END or packet.size == 0:
                raise SourceLost(f'{self._place} has ended')
            try:
                self._frames.extend(packet.decode())
            except av.FFmpegError as error:
                raise FrameDamaged(f'{self._place}: a picture is truncated or corrupt') from error
        frame = self._frames.popleft()
        if frame.is_corrupt:
            raise FrameDamaged(f'{self._place}: a picture is corrupt')
        sent_ns = None if frame.pts is None else round(float(frame.pts * frame.time_base) * 1e9)
        return frame.to_ndarray(format='rgb24'), 'rgb8', sent_ns

    def close(self) -> None:
        self._container.close()


class _GStreamer:
    def __init__(self, options: StreamConfig) -> None:
        self._place = options.url
        if cv2.CAP_GSTREAMER not in cv2.videoio_registry.getBackends() or not (
                cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER)):
            raise SourceLost('this OpenCV has no GStreamer: use backend ffmpeg, or the OpenCV of '
                             'the distribution (python3-opencv)')
        self._capture = cv2.VideoCapture(options.url, cv2.CAP_GSTREAMER, [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(1000 * options.timeout_s),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(1000 * options.timeout_s)])
        if not self._capture.isOpened():
            raise SourceLost(f'the pipeline {options.url!r} does not start: try it with '
                             f'gst-launch-1.0')

    def read(self) -> tuple:
        whole, image = self._capture.read()
        if not whole:
            raise SourceLost(f'the pipeline {self._place!r} gives no more pictures')
        encoding = 'mono8' if image.ndim == 2 else 'bgr8'
        return image, encoding, round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)

    def close(self) -> None:
        self._capture.release()


def _reason(error: Exception) -> str:
    if isinstance(error, IndexError):
        return 'it has no pictures'
    return (getattr(error, 'strerror', None) or str(error)).splitlines()[0]
