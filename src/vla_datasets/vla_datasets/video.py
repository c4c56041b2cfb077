"""Video files: frame k of a file is shown at k / fps, exactly; every episode starts a key frame.

Episodes lie one after another in a file and are joined and cut by copying packets, so that an image
is encoded once in its life. Key frames are close together: a random frame costs a seek and at most
`gop` decoded frames.
"""
from __future__ import annotations

import io
import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from .errors import DatasetError
from .storage import naming_full_disk

ENCODERS = {'h264': 'libx264', 'av1': 'libsvtav1'}


@dataclass(frozen=True)
class VideoSettings:
    """How cameras are encoded.

    codec: 'h264' or 'av1'. crf: constant quality, lower is better. gop: frames from one key frame
    to the next. preset: the encoder's own name for its speed. threads: of the encoder.
    """

    codec: str = 'h264'
    crf: int = 23
    gop: int = 2
    preset: str | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        if self.codec not in ENCODERS:
            raise DatasetError(f"video codec '{self.codec}': choose one of {sorted(ENCODERS)}")
        try:
            av.Codec(ENCODERS[self.codec], 'w')
        except av.codec.codec.UnknownCodecError as error:
            raise DatasetError(
                f"video codec '{self.codec}': PyAV here has no {ENCODERS[self.codec]}") from error
        if self.gop < 1 or self.threads < 1:
            raise DatasetError('video settings: gop and threads must be at least 1')

    def options(self) -> dict[str, str]:
        """The encoder's options. No frame refers to a later one, so a file can be cut anywhere."""
        if self.codec == 'h264':
            return {'crf': str(self.crf), 'preset': self.preset or 'veryfast', 'bf': '0',
                    'sc_threshold': '0'}
        return {'crf': str(self.crf), 'preset': self.preset or '12',
                'svtav1-params': f'lp={self.threads}'}


class VideoEncoder:
    """Write one camera of one episode as an MP4 file (yuv420p)."""

    def __init__(
        self, path: Path, *, fps: int, height: int, width: int, settings: VideoSettings,
    ) -> None:
        if height % 2 or width % 2:
            raise DatasetError(
                f'{path.name}: video needs an even height and width, not {height} x {width}')
        self._path = path
        self._tick = Fraction(1, fps)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(path), 'w', format='mp4')
        self._stream = self._container.add_stream(
            ENCODERS[settings.codec], rate=fps, options=settings.options())
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = 'yuv420p'
        self._stream.codec_context.gop_size = settings.gop
        self._stream.codec_context.thread_count = settings.threads
        self.frames = 0

    def add(self, image: np.ndarray) -> None:
        """Encode one image, uint8 [height, width, 3]."""
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), 'rgb24')
        frame = picture.reformat(format='yuv420p', threads=1)
        frame.pts, frame.time_base = self.frames, self._tick
        with naming_full_disk(str(self._path)):
            self._container.mux(self._stream.encode(frame))
        self.frames += 1

    def close(self) -> None:
        """Finish the file; it must be closed before it is read."""
        with naming_full_disk(str(self._path)):
            self._container.mux(self._stream.encode(None))
            self._container.close()

    def abort(self) -> None:
        """Let go of the file, whatever state it is in."""
        try:
            self._container.close()
        except (OSError, ValueError, av.FFmpegError):
            return  # the file is thrown away with the episode


@dataclass(frozen=True)
class VideoSegment:
    """Frames [first, first + frames) of a video file, about `size` bytes: a camera's episode."""

    path: Path
    first: int
    frames: int
    size: int


def _open(path: Path) -> av.container.InputContainer:
    try:
        container = av.open(str(path))
    except FileNotFoundError as error:
        raise DatasetError(f'{path}: missing') from error
    except (OSError, av.FFmpegError, ValueError) as error:
        raise DatasetError(f'{path}: damaged video ({error})') from error
    if not container.streams.video:
        container.close()
        raise DatasetError(f'{path}: damaged video (no video stream)')
    return container


def describe(path: Path) -> dict[str, Any]:
    """Facts about a video file under LeRobot's names (`video.height`, `video.codec` …)."""
    with _open(path) as container:
        stream = container.streams.video[0]
        return {
            'video.height': stream.height,
            'video.width': stream.width,
            'video.codec': stream.codec.canonical_name,
            'video.pix_fmt': stream.pix_fmt,
            'video.is_depth_map': False,
            'video.fps': int(stream.average_rate),
            'video.channels': 3,
            'has_audio': False,
        }


@dataclass(frozen=True)
class _Format:
    """What must be equal for packets of two files to share one."""

    codec: str
    width: int
    height: int
    header: bytes

    @classmethod
    def of(cls, stream: av.VideoStream) -> _Format:
        return cls(stream.codec.canonical_name, stream.width, stream.height,
                   bytes(stream.codec_context.extradata or b''))


def frame_of(packet: av.Packet, fps: int) -> int:
    """Which frame of its file a packet holds."""
    return round(packet.pts * packet.time_base * fps)


def packets(container: av.container.InputContainer) -> Iterator[av.Packet]:
    """The packets of the video stream in file order, without the one that flushes."""
    for packet in container.demux(container.streams.video[0]):
        if packet.pts is not None:
            yield packet


class VideoJoiner:
    """Write one MP4 file out of segments of others, without encoding anything again."""

    def __init__(self, path: Path, fps: int) -> None:
        self._path = path
        self._fps = fps
        self._container = av.open(
            str(path), 'w', format='mp4', options={'movflags': 'faststart'})
        self._stream: av.VideoStream | None = None
        self._format: _Format | None = None
        self.frames = 0
        self.bytes = 0

    def fits(self, segment: VideoSegment) -> bool:
        """True when the segment is coded as what is in the file already."""
        with _open(segment.path) as source:
            return self._format in (None, _Format.of(source.streams.video[0]))

    def add(self, segment: VideoSegment) -> None:
        """Append a segment; it must start at a key frame and hold all of its frames."""
        with _open(segment.path) as source, naming_full_disk(str(self._path)):
            stream = source.streams.video[0]
            if self._stream is None:
                self._stream = self._container.add_stream_from_template(stream, opaque=True)
                self._stream.time_base = stream.time_base
                self._format = _Format.of(stream)
            try:
                copied = self._copy(source, segment)
            except (av.InvalidDataError, EOFError) as error:
                raise DatasetError(f'{segment.path}: damaged video ({error})') from error
        if copied != segment.frames:
            raise DatasetError(
                f'{segment.path}: damaged video ({copied} of {segment.frames} frames from frame '
                f'{segment.first})')
        self.frames += copied

    def _copy(self, source: av.container.InputContainer, segment: VideoSegment) -> int:
        stream = source.streams.video[0]
        tick = stream.time_base
        start = round(Fraction(segment.first, self._fps) / tick)
        shift = round(Fraction(self.frames - segment.first, self._fps) / tick)
        copied = 0
        if segment.first:
            source.seek(start, stream=stream)
        for packet in packets(source):
            number = frame_of(packet, self._fps) - segment.first
            if not 0 <= number < segment.frames:
                if copied == segment.frames:
                    break
                continue
            if copied == 0 and not packet.is_keyframe:
                raise DatasetError(
                    f'{segment.path}: frame {segment.first} starts an episode and is no key '
                    'frame; the file cannot be cut here')
            self.bytes += packet.size
            packet.pts += shift
            packet.dts += shift
            packet.stream = self._stream
            self._container.mux(packet)
            copied += 1
        return copied

    def close(self) -> None:
        """Finish the file."""
        with naming_full_disk(str(self._path)):
            self._container.close()


class VideoDecoder:
    """Random access to the frames of one file; going forward decodes each frame once."""

    def __init__(self, path: Path, fps: int) -> None:
        self._path = path
        self._fps = fps
        self._container = _open(path)
        self._stream = self._container.streams.video[0]
        self._stream.codec_context.thread_count = 1
        self._decoded: Iterator[av.VideoFrame] = iter(())
        self._next: int | None = None

    def at(self, timestamp: float, tolerance: float = 1e-4) -> np.ndarray:
        """The image at a time in seconds from the start of the file, uint8 [height, width, 3].

        Raises DatasetError when no frame lies within `tolerance` seconds of it.
        """
        number = round(timestamp * self._fps)
        found = self.frame(number)
        if abs(number / self._fps - timestamp) > tolerance:
            raise DatasetError(
                f'{self._path}: no frame within {tolerance} s of {timestamp:.6f} s')
        return found

    def frame(self, number: int) -> np.ndarray:
        """Frame `number` of the file, uint8 [height, width, 3]."""
        try:
            if self._next is None or not 0 <= number - self._next <= 2:
                self._seek(number)
            for frame in self._decoded:
                current = round(frame.pts * self._stream.time_base * self._fps)
                self._next = current + 1
                if current == number:
                    return frame.to_ndarray(format='rgb24', threads=1)
                if current > number:
                    break
        except (av.FFmpegError, OSError, EOFError) as error:
            raise DatasetError(
                f'{self._path}: damaged video at frame {number} ({error})') from error
        self._next = None
        raise DatasetError(f'{self._path}: frame {number} is missing')

    def _seek(self, number: int) -> None:
        tick = self._stream.time_base
        self._container.seek(round(Fraction(number, self._fps) / tick), stream=self._stream)
        self._decoded = self._container.decode(self._stream)

    def close(self) -> None:
        """Let go of the file."""
        self._decoded = iter(())
        self._container.close()


_INHERITED: list[OrderedDict[Path, VideoDecoder]] = []
"""Decoders of the parent process. Freeing one would wait for a thread that a fork does not copy."""


class VideoDecoders:
    """Open decoders by file, the least recently used closed first.

    A child process opens its own: two processes that share an open file disturb each other.
    """

    def __init__(self, fps: int, limit: int = 16) -> None:
        self._fps = fps
        self._limit = limit
        self._process = os.getpid()
        self._open: OrderedDict[Path, VideoDecoder] = OrderedDict()

    def __getitem__(self, path: Path) -> VideoDecoder:
        if self._process != os.getpid():
            _INHERITED.append(self._open)
            self._open = OrderedDict()
            self._process = os.getpid()
        if path not in self._open:
            self._open[path] = VideoDecoder(path, self._fps)
            if len(self._open) > self._limit:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(path)
        return self._open[path]

    def __reduce__(self) -> tuple[Any, ...]:
        return VideoDecoders, (self._fps, self._limit)

    def close(self) -> None:
        """Close all files."""
        while self._open:
            self._open.popitem()[1].close()


def encode_png(image: np.ndarray) -> bytes:
    """A lossless PNG of an image uint8 [height, width, 3]."""
    encoder = av.CodecContext.create('png', 'w')
    encoder.height, encoder.width = image.shape[:2]
    encoder.pix_fmt = 'rgb24'
    encoder.time_base = Fraction(1, 1)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), 'rgb24')
    coded: Sequence[av.Packet] = [*encoder.encode(frame), *encoder.encode(None)]
    return b''.join(bytes(packet) for packet in coded)


def decode_image(data: bytes, what: str) -> np.ndarray:
    """The image uint8 [height, width, 3] of a PNG or JPEG; a damaged one is refused as `what`."""
    try:
        with av.open(io.BytesIO(data)) as container:
            return next(container.decode(video=0)).to_ndarray(format='rgb24')
    except (av.FFmpegError, OSError, EOFError, StopIteration, ValueError, IndexError) as error:
        raise DatasetError(f'{what}: damaged image ({error})') from error
