"""
A camera on the network: RTSP, HTTP (also Motion JPEG) or whatever else FFmpeg opens, through PyAV;
or a GStreamer pipeline, where OpenCV was built with it.

The stream is received and decoded in a thread of its own, which keeps only the newest picture: a
reader that is slower than the stream misses pictures and never gets late ones.

A picture is stamped with its arrival. With ``stamp: stream`` the sender's own times are used, put
where the quickest picture of the last while arrived: that takes the network's jitter out, and is
right for senders whose times are true, as RTP's are. With ``stamp: sender`` a picture has the time
of day at which its sender says it was taken (RTCP sender reports, RFC 3550, 6.4.1): exact where
both clocks are synchronised.
"""
import errno
import re
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import av
import cv2
import numpy as np
from pydantic import Field, model_validator

from vla_cameras.frame import CameraFailure, Frame, FrameDamaged, FrameLate, SourceLost
from vla_cameras.sources.source import OnRepeat, Source, SourceConfig
from vla_cameras.stamping import NetworkArrival, SteadyArrival
from vla_core.validation import Real, problem

__all__ = ['CameraSource', 'QuickestArrival', 'StreamConfig']

LOST_AFTER_S = 10.0  # without a sender report
OLDEST_NS, NEWEST_NS = 2_000_000_000, 20_000_000  # what is taken from a sender's clock
LATEST_NS = 500_000_000  # behind the quickest picture, or with work waiting
AT_ONCE_NS = 1_000_000


class StreamConfig(SourceConfig):
    """An address, or a pipeline that ends in ``appsink``."""

    kind: Literal['stream'] = 'stream'
    url: str = Field(min_length=1)
    backend: Literal['ffmpeg', 'gstreamer'] = 'ffmpeg'
    format: str = Field('', description="FFmpeg's name of the format where it cannot tell: mpjpeg")
    transport: Literal['tcp', 'udp'] = Field('tcp', description='of RTSP')
    stamp: Literal['auto', 'arrival', 'stream', 'sender'] = Field(
        'auto', description='auto: stream for RTSP, else arrival')
    timeout_s: Real = Field(3.0, gt=0, description='silence this long is a lost camera')

    @model_validator(mode='after')
    def _fits(self) -> 'StreamConfig':
        sinks = 'appsink' in self.url
        if sinks and self.backend == 'ffmpeg':
            raise problem('url', 'is a GStreamer pipeline: set backend: gstreamer')
        if not sinks and self.backend == 'gstreamer':
            raise problem('url', 'is no GStreamer pipeline: it must end in appsink, as '
                                 'rtspsrc location=rtsp://… ! decodebin ! videoconvert ! appsink')
        if self.stamp == 'sender' and not self.is_rtsp:
            raise problem('stamp', 'sender is for RTSP only: use stream or arrival')
        return self

    @property
    def is_rtsp(self) -> bool:
        """Whether the pictures come by RTP, whose times are those of the captures."""
        return self.backend == 'ffmpeg' and self.url.startswith(('rtsp:', 'rtsps:'))

    @property
    def place(self) -> str:
        """The address without user and password."""
        return re.sub(r'://[^/@\s]*@', '://', self.url)


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


@dataclass(frozen=True, eq=False)
class _Picture:
    """
    A picture as it came, in monotonic ns of this machine unless said otherwise.

    ``known`` says whether ``arrived_ns`` is when it came, or it may have waited; ``sent_ns`` is the
    time in the stream; ``age_ns`` the age on arrival by the clocks of sender and receiver.
    """

    content: Any
    arrived_ns: int
    known: bool
    sent_ns: int | None
    age_ns: int | None = None


class CameraSource(Source):
    """A stream from the network."""

    Config = StreamConfig

    def __init__(self, camera: Any) -> None:
        super().__init__(camera)
        self._receiver: _Receiver | None = None
        self._quickest = QuickestArrival()
        self._period_ns = round(1e9 / camera.rate_hz)
        self._steady = SteadyArrival(self._period_ns)
        self._settled = False
        self._opened_ns = 0
        self._stamp = self.options.stamp
        if self._stamp == 'auto':
            self._stamp = 'stream' if self.options.is_rtsp else 'arrival'

    @property
    def place(self) -> str:
        return self.options.place

    @property
    def on_repeat(self) -> OnRepeat:
        # Codecs that send differences send none of a scene at rest.
        return 'drop' if self._receiver is None or self._receiver.reader.is_intra else 'report'

    def open(self) -> None:
        options = self.options
        self._quickest = QuickestArrival()
        self._steady.forget()
        self._settled = False
        reader = (_GStreamer if options.backend == 'gstreamer' else _Ffmpeg)(
            options, NetworkArrival(self._period_ns))
        self._opened_ns = time.monotonic_ns()
        self._receiver = _Receiver(reader, self.place)

    def read(self) -> Frame | None:
        picture = self._receiver.newest(0.1)
        if picture is None:
            return None
        captured_ns = self._captured_ns(picture)
        if captured_ns is None:
            return None
        image, encoding = self._receiver.reader.convert(picture.content)
        basis = 'driver' if self._stamp == 'sender' else 'arrival'
        return Frame(image, encoding, captured_ns, basis)

    def _captured_ns(self, picture: _Picture) -> int | None:
        if self._stamp == 'sender':
            return self._told_by_sender(picture)
        by_stream = self._stamp == 'stream' and picture.sent_ns is not None
        if by_stream:
            sent_ns = self._quickest.to_arrival(picture.sent_ns, picture.arrived_ns)
        # A server may begin with pictures that it had kept: how old they are nobody knows.
        self._settled = self._settled or picture.known
        if not self._settled:
            return None
        if by_stream:
            if (late_ns := picture.arrived_ns - sent_ns) > LATEST_NS:
                raise FrameLate(f'{self.place}: a picture came {late_ns / 1e9:.1f} s late')
            return sent_ns
        steady_ns = self._steady.steadied(picture.arrived_ns) if picture.known else None
        if steady_ns is None:
            raise FrameLate(f'{self.place}: a picture came too late to tell when it was taken')
        return steady_ns

    def _told_by_sender(self, picture: _Picture) -> int | None:
        if picture.age_ns is None:
            if picture.arrived_ns - self._opened_ns > LOST_AFTER_S * 1e9:
                raise SourceLost(f'{self.place} tells no time of day (no RTCP sender reports): '
                                 f'use stamp: stream')
            return None
        if not -NEWEST_NS <= picture.age_ns <= OLDEST_NS:
            side = 'behind' if picture.age_ns > 0 else 'ahead of'
            raise SourceLost(f'{self.place}: its clock is {abs(picture.age_ns) / 1e9:.1f} s {side} '
                             f'ours: synchronise both by NTP, or use stamp: stream')
        return picture.arrived_ns - picture.age_ns

    def close(self) -> None:
        if self._receiver is not None:
            self._receiver.close()
            self._receiver = None


class _Receiver:
    """Reads on in a thread and keeps the newest picture; the reader lives and ends in it."""

    MOST_DAMAGED = 30

    def __init__(self, reader: '_Ffmpeg | _GStreamer', place: str) -> None:
        self.reader = reader
        self._place = place
        self._changed = threading.Condition()
        self._picture: _Picture | None = None
        self._damaged: deque[FrameDamaged] = deque(maxlen=self.MOST_DAMAGED)
        self._lost: CameraFailure | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=f'stream {place}', daemon=True)
        self._thread.start()

    def newest(self, timeout_s: float) -> _Picture | None:
        """The newest picture not yet seen; None when there is none within ``timeout_s``."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._picture or self._damaged or self._lost, timeout_s)
            if self._damaged:
                raise self._damaged.popleft()
            picture, self._picture = self._picture, None
            if picture is None and self._lost is not None:
                raise self._lost
            return picture

    def _run(self) -> None:
        try:
            while not self._closing:
                self._take()
        except CameraFailure as failure:
            self._end(failure)
        except Exception as failure:  # of a library: the camera is opened again
            self._end(SourceLost(f'{self._place}: {type(failure).__name__}: {failure}'))
        finally:
            self.reader.close()

    def _take(self) -> None:
        picture = damage = None
        try:
            picture = self.reader.read()
        except FrameDamaged as failure:
            damage = failure
        with self._changed:
            if picture is not None:
                self._picture = picture
            if damage is not None:
                self._damaged.append(damage)
            self._changed.notify()

    def _end(self, failure: CameraFailure) -> None:
        with self._changed:
            self._lost = failure
            self._changed.notify()

    def close(self) -> None:
        """End with the next picture, or when the sender has been silent for too long."""
        self._closing = True
        self._thread.join(0.5)


class _Ffmpeg:
    def __init__(self, options: StreamConfig, arrival: NetworkArrival) -> None:
        self._options = options
        self._arrival = arrival
        settings = {'fflags': 'nobuffer', 'flags': 'low_delay', 'err_detect': 'explode',
                    'fpsprobesize': '0'}
        if options.is_rtsp:
            settings |= {'rtsp_transport': options.transport, 'allowed_media_types': 'video'}
        begin_s = time.monotonic()
        try:
            self._container = av.open(
                options.url, format=options.format or None, options=settings,
                timeout=options.timeout_s)
            stream = self._container.streams.video[0]
        except (av.FFmpegError, OSError, ValueError, IndexError) as error:
            waited_s = time.monotonic() - begin_s
            raise SourceLost(f'{options.place} cannot be opened: '
                             f'{_reason(error, options, waited_s)}') from error
        stream.codec_context.options = {'err_detect': 'explode', 'flags': 'low_delay'}
        stream.thread_type = 'NONE'  # frame threads hold pictures back
        self.is_intra = stream.codec_context.codec.intra_only
        self._packets = self._container.demux(stream)
        self._waited_ns = time.monotonic_ns()
        self._needs_key = not self.is_intra
        self._may_lose = options.is_rtsp and options.transport == 'udp' and not self.is_intra
        self._last_pts: int | None = None
        self._gaps: deque[int] = deque(maxlen=30)
        self._ages_ns: dict[int, int] = {}

    def read(self) -> _Picture | None:
        asked_ns = time.monotonic_ns()
        packet = self._receive()
        arrived_ns, wall_ns = time.monotonic_ns(), time.time_ns()
        known = self._arrival.judge(asked_ns, arrived_ns)
        if not self._keeps_up(asked_ns, arrived_ns):
            return None
        self._check_gap(packet)
        if self._needs_key and not packet.is_keyframe:
            return None
        frame = self._decode(packet)
        if packet.has_sidedata('prft') and packet.pts is not None:
            # AVProducerReferenceTime begins with the time of day, int64 in µs.
            sender_us, = struct.unpack_from('=q', bytes(packet.get_sidedata('prft')))
            self._ages_ns[packet.pts] = wall_ns - 1000 * sender_us
        if frame is None:
            return None
        age_ns = self._ages_ns.pop(frame.pts, None)
        if len(self._ages_ns) > 32:
            self._ages_ns.clear()
        sent_ns = None if frame.pts is None else round(frame.pts * frame.time_base * 1_000_000_000)
        return _Picture(frame, arrived_ns, known, sent_ns, age_ns)

    def _receive(self) -> av.Packet:
        place = self._options.place
        try:
            packet = next(self._packets, None)
        except (av.FFmpegError, OSError) as error:
            raise SourceLost(f'{place} gives no more pictures: '
                             f'{_reason(error, self._options)}') from error
        if packet is None or packet.size == 0:
            raise SourceLost(f'{place} has ended')
        return packet

    def _keeps_up(self, asked_ns: int, arrived_ns: int) -> bool:
        """Whether to decode: not when packets have waited for us too long, until none does."""
        if arrived_ns - asked_ns >= AT_ONCE_NS:
            self._waited_ns = arrived_ns
        if arrived_ns - self._waited_ns <= LATEST_NS:
            return True
        self._needs_key = not self.is_intra
        return False

    def _check_gap(self, packet: av.Packet) -> None:
        """The decoder says nothing of a picture that UDP lost; the times of those around it do."""
        if not self._may_lose or packet.pts is None:
            return
        last, self._last_pts = self._last_pts, packet.pts
        if last is None or packet.is_keyframe or packet.pts <= last:
            return
        self._gaps.append(packet.pts - last)
        if self._gaps[-1] > 1.5 * min(self._gaps) and not self._needs_key:
            self._needs_key = True
            raise FrameDamaged(f'{self._options.place}: a picture was lost on the way; none is '
                               f'whole before the next key frame (transport: tcp loses none)')

    def _decode(self, packet: av.Packet) -> Any:
        try:
            frames = packet.decode()
            if any(frame.is_corrupt for frame in frames):
                raise av.InvalidDataError(0, 'corrupt')
        except av.FFmpegError as error:
            # The pictures that follow are differences to this one.
            self._needs_key = not self.is_intra
            raise FrameDamaged(
                f'{self._options.place}: a picture is truncated or corrupt') from error
        self._needs_key = False
        return frames[-1] if frames else None

    @staticmethod
    def convert(frame: Any) -> tuple[np.ndarray, str]:
        return frame.to_ndarray(format='rgb24'), 'rgb8'

    def close(self) -> None:
        self._container.close()


class _GStreamer:
    is_intra = False

    def __init__(self, options: StreamConfig, arrival: NetworkArrival) -> None:
        self._place = options.place
        self._arrival = arrival
        if not cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER):
            raise SourceLost(
                'this OpenCV has no GStreamer, and pip has none with it: install the '
                "distribution's python3-opencv in place of opencv-python-headless, or use "
                'backend: ffmpeg')
        self._capture = cv2.VideoCapture(options.url, cv2.CAP_GSTREAMER, [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(1000 * options.timeout_s),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(1000 * options.timeout_s)])
        if not self._capture.isOpened():
            raise SourceLost(f'the pipeline {self._place!r} does not start: try it with '
                             f'gst-launch-1.0')

    def read(self) -> _Picture:
        asked_ns = time.monotonic_ns()
        whole, image = self._capture.read()
        arrived_ns = time.monotonic_ns()
        if not whole:
            raise SourceLost(f'the pipeline {self._place!r} gives no more pictures')
        return _Picture(image, arrived_ns, self._arrival.judge(asked_ns, arrived_ns),
                        round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6))

    @staticmethod
    def convert(image: np.ndarray) -> tuple[np.ndarray, str]:
        return image, 'mono8' if image.ndim == 2 else 'bgr8'

    def close(self) -> None:
        self._capture.release()


def _reason(error: Exception, options: StreamConfig, waited_s: float = 0.0) -> str:
    """Why ``error`` came, after ``waited_s``, and what to do."""
    if isinstance(error, IndexError):
        return 'it has no pictures'
    # What is interrupted while it connects says that the answer was no RTSP.
    if isinstance(error, av.ExitError) or waited_s >= options.timeout_s:
        by_udp = options.is_rtsp and options.transport == 'udp'
        return (f'no answer within {options.timeout_s:g} s: is the camera on, and its network '
                f'reached from here?{" Firewalls stop UDP: try transport: tcp" if by_udp else ""}')
    if getattr(error, 'errno', None) == errno.EPROTONOSUPPORT:
        other = 'tcp' if options.transport == 'udp' else 'udp'
        return f'it does not send by {options.transport.upper()}: use transport: {other}'
    if isinstance(error, av.HTTPUnauthorizedError):
        return 'it asks for a login: write rtsp://user:password@…, or mend it'
    if isinstance(error, av.HTTPNotFoundError):
        return 'it has nothing at this path: look the path up in its manual'
    if isinstance(error, ConnectionRefusedError):
        return 'nothing listens there: is the camera on, and address and port right?'
    if isinstance(error, av.ProtocolNotFoundError):
        return f'no protocol {options.url.partition(":")[0]!r}: mend the address'
    if not _is_known(options):
        return f'no host {urlsplit(options.url).hostname!r} is known: mend the address'
    return (getattr(error, 'strerror', None) or str(error)).splitlines()[0]


def _is_known(options: StreamConfig) -> bool:
    host = urlsplit(options.url).hostname
    try:
        return not host or bool(socket.getaddrinfo(host, None))
    except OSError:
        return False
