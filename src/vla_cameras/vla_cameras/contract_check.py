"""
Does a camera, whoever drives it, give what a policy contract or a camera set expects?

For cameras with a ROS driver of their own (RealSense and others), which are used by remapping. What
was seen of each topic is judged here, one line for each finding; a node does the watching.
"""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from vla_cameras.configuration import CameraConfig
from vla_core.policy_contract import PolicyContract

__all__ = [
    'Expected', 'Finding', 'StreamSeen', 'expected_of_cameras', 'expected_of_contract', 'failed',
    'judge',
]

IMAGE, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
READABLE = ('rgb8', 'bgr8', 'rgba8', 'bgra8', 'mono8')
ENOUGH_RATE = 0.9
AHEAD_S = 0.005
# A stamp this close to the arrival, each time, was made on the way and not at the capture.
TOO_FRESH_S = 0.0005


@dataclass(frozen=True)
class Expected:
    """What a topic must give; 0 and '' leave a point open."""

    topic: str
    type: str
    rate_hz: float
    max_age_s: float
    width: int = 0
    height: int = 0
    least_width: int = 0
    least_height: int = 0
    encoding: str = ''
    frame: str = ''


@dataclass
class StreamSeen:
    """What was seen of a topic in ``seconds``; times in ns of ROS."""

    types: tuple[str, ...] = ()
    seconds: float = 0.0
    sizes: set[tuple[int, int]] = field(default_factory=set)
    encodings: set[str] = field(default_factory=set)
    frames: set[str] = field(default_factory=set)
    stamps_ns: list[int] = field(default_factory=list)
    arrivals_ns: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Finding:
    """One line about a topic."""

    level: Literal['error', 'warning', 'ok']
    topic: str
    text: str

    def __str__(self) -> str:
        return f'{self.level}: {self.topic}: {self.text}'


def expected_of_contract(contract: PolicyContract) -> list[Expected]:
    """What the images of a contract need of their topics."""
    expected = []
    for image in contract.images:
        crop = image.processing.crop
        expected.append(Expected(
            topic=image.topic, type=image.type, rate_hz=contract.rate_hz,
            max_age_s=image.max_age_s,
            least_width=crop.left + crop.width if crop else image.processing.width,
            least_height=crop.top + crop.height if crop else image.processing.height))
    return expected


def expected_of_cameras(cameras: Iterable[CameraConfig]) -> list[Expected]:
    """What the cameras of a set promise."""
    return [Expected(
        topic=f'{camera.name}/image_raw', type=IMAGE, rate_hz=camera.rate_hz, max_age_s=0.2,
        width=camera.publish.width or camera.width, height=camera.publish.height or camera.height,
        encoding=camera.publish.encoding, frame=camera.frame) for camera in cameras]


def judge(expected: Expected, seen: StreamSeen) -> list[Finding]:
    """Every finding about one topic, at least one."""
    findings = list(_judge(expected, seen))
    if findings:
        return findings
    age_ms = _ages_ms(seen)
    return [Finding('ok', expected.topic, (
        f'{_rate(seen):.1f} Hz, {_sizes(seen)} {", ".join(sorted(seen.encodings))}, '
        f'{np.median(age_ms):.1f} ms old'))]


def _judge(expected: Expected, seen: StreamSeen) -> Iterable[Finding]:
    def finding(level, text):
        return Finding(level, expected.topic, text)

    if not seen.types:
        yield finding('error', 'nobody publishes it: start the camera, or remap its topic')
        return
    if expected.type not in seen.types:
        yield finding('error', f'is {", ".join(seen.types)}, not {expected.type}')
        return
    if len(seen.stamps_ns) < 2:
        yield finding('error', f'{len(seen.stamps_ns)} pictures came in {seen.seconds:g} s')
        return
    yield from _judge_pictures(expected, seen, finding)
    yield from _judge_stamps(expected, seen, finding)


def _judge_pictures(expected: Expected, seen: StreamSeen, finding) -> Iterable[Finding]:
    if len(seen.sizes) > 1:
        yield finding('error', f'changes its size: {_sizes(seen)}')
    width, height = next(iter(seen.sizes))
    if expected.width and (width, height) != (expected.width, expected.height):
        yield finding('error', f'is {width}×{height}, not {expected.width}×{expected.height}')
    if width < expected.least_width or height < expected.least_height:
        yield finding('warning', f'is {width}×{height}, less than the {expected.least_width}×'
                                 f'{expected.least_height} that are used of it')
    for encoding in sorted(seen.encodings):
        if expected.encoding and encoding != expected.encoding:
            yield finding('error', f'is {encoding}, not {expected.encoding}')
        elif expected.type == IMAGE and encoding not in READABLE:
            yield finding('error', f'is {encoding}; {", ".join(READABLE)} can be used')
    if expected.frame and seen.frames != {expected.frame}:
        yield finding('error', f'has frame {", ".join(sorted(seen.frames)) or "none"}, not '
                               f'{expected.frame}')
    rate_hz = _rate(seen)
    if rate_hz < ENOUGH_RATE * expected.rate_hz:
        yield finding('error', f'comes at {rate_hz:.1f} Hz; {expected.rate_hz:g} Hz are needed')


def _judge_stamps(expected: Expected, seen: StreamSeen, finding) -> Iterable[Finding]:
    stamps = np.array(seen.stamps_ns)
    if np.any(stamps == 0):
        yield finding('error', 'has no stamps: set the driver to stamp its pictures')
        return
    steps, ages_ms = np.diff(stamps), _ages_ms(seen)
    if np.any(steps < 0):
        yield finding('error', f'stamps go back, by {-steps.min() / 1e6:.1f} ms')
    if np.any(steps == 0):
        yield finding('error', f'{int(np.sum(steps == 0))} pictures repeat the stamp before')
    if ages_ms.min() < -1000 * AHEAD_S:
        yield finding('error', f'stamps lie in the future, by {-ages_ms.min():.1f} ms: do the '
                               f'clocks of both machines agree?')
    elif np.percentile(ages_ms, 95) > 1000 * expected.max_age_s:
        yield finding('error', f'is {np.percentile(ages_ms, 95):.0f} ms old on arrival; '
                               f'{1000 * expected.max_age_s:.0f} ms are allowed')
    elif np.median(ages_ms) < 1000 * TOO_FRESH_S:
        yield finding('warning', f'is stamped {np.median(ages_ms):.2f} ms before it arrives: the '
                                 f'stamp is not the time of capture')


def _rate(seen: StreamSeen) -> float:
    span_ns = seen.arrivals_ns[-1] - seen.arrivals_ns[0]
    return (len(seen.arrivals_ns) - 1) * 1e9 / span_ns if span_ns > 0 else 0.0


def _ages_ms(seen: StreamSeen) -> np.ndarray:
    return (np.array(seen.arrivals_ns) - np.array(seen.stamps_ns)) / 1e6


def _sizes(seen: StreamSeen) -> str:
    return ', '.join(f'{width}×{height}' for width, height in sorted(seen.sizes))


def failed(findings: Sequence[Finding]) -> bool:
    """Whether one of them is an error."""
    return any(finding.level == 'error' for finding in findings)
