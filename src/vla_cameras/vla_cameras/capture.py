"""
One camera kept running: opened, read, watched, opened again, in a thread of its own.

What is handed on is always a new picture with the time it was taken: a picture that repeats, whose
stamp does not move on, lies in the future or cannot be known is dropped, counted and named.
"""
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from vla_cameras import sources
from vla_cameras.configuration import CameraConfig
from vla_cameras.frame import (
    CameraFailure,
    Frame,
    FrameDamaged,
    FrameLate,
    SourceEnded,
    SourceLost,
)
from vla_cameras.stamping import MonotonicToRos
from vla_cameras.watch import ExposureWatch, FrozenWatch, RateWatch
from vla_core.clock import Clock

__all__ = ['CameraCapture', 'CameraReport']

State = Literal['opening', 'running', 'lost', 'ended', 'stopped']

LOOK_EVERY = 10
DAMAGED_IN_A_ROW = 30
AHEAD_NS = 50_000_000


@dataclass(frozen=True)
class CameraReport:
    """How a camera does; ``complaints`` are for people, most serious first."""

    name: str
    place: str
    state: State
    failed: bool
    complaints: tuple[str, ...]
    rate_hz: float
    received: int
    dropped: int
    refused: dict[str, int]
    reopened: int
    latency_ms: float
    basis: str
    brightness: float
    saturated: float


class CameraCapture:
    """
    Reads the camera of ``config`` and calls ``deliver(frame, stamp_ns)``, in ns of ``clock``.

    ``say(level, text)`` is told once of each change, level 'info', 'warning' or 'error'.
    """

    def __init__(
        self, config: CameraConfig, clock: Clock, deliver: Callable[[Frame, int], None],
        say: Callable[[str, str], None],
    ) -> None:
        self.config = config
        self.source = sources.find(config.source.kind)(config)
        self._clock = MonotonicToRos(clock)
        self._deliver = deliver
        self._say = say
        self._thread = threading.Thread(
            target=self._run, name=f'camera {config.name}', daemon=True)
        self._state: State = 'opening'
        self._trouble = ''
        self._last_said = ''
        self._refused: Counter[str] = Counter()
        self._damage = ''
        self._reopened = 0
        self._size = (config.width, config.height)
        self._last_capture_ns = 0
        self._latency_ms = float('nan')
        self._basis = ''
        self._looks = 0
        watch = config.watch
        self._frozen = FrozenWatch(watch.frozen_after_s)
        self._frozen_policy = 'off'
        self._exposure = ExposureWatch(watch.dark_below, watch.saturated_above)
        self._rate = RateWatch(config.rate_hz)
        delay = config.calibration.delay
        self._delay_ns = {} if delay is None else {delay.basis: round(delay.delay_s * 1e9)}

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, timeout_s: float = 3.0) -> None:
        """End, waiting ``timeout_s`` for a picture that is being taken."""
        self.source.stop()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    @property
    def state(self) -> State:
        """What it is doing."""
        return self._state

    def report(self) -> CameraReport:
        """How the camera does now."""
        complaints = self._complaints()
        return CameraReport(
            name=self.config.name, place=self.source.place, state=self._state,
            failed=self._state == 'lost' or bool(self._trouble), complaints=tuple(complaints),
            rate_hz=self._rate.measured_hz(time.monotonic_ns()), received=self._rate.received,
            dropped=self._rate.dropped, refused=dict(self._refused), reopened=self._reopened,
            latency_ms=self._latency_ms, basis=self._basis,
            brightness=self._exposure.brightness, saturated=self._exposure.saturated)

    def _complaints(self) -> list[str]:
        complaints = [self._trouble] if self._trouble else []
        if self._state == 'running' and not self._trouble:
            rate_hz = self._rate.measured_hz(time.monotonic_ns())
            if rate_hz < self.config.watch.lowest_rate * self.config.rate_hz:
                complaints.append(f'{rate_hz:.1f} Hz instead of {self.config.rate_hz:g} Hz')
            if self._exposure.complaint:
                complaints.append(self._exposure.complaint)
        complaints.extend(self.source.notices)
        return complaints

    def _run(self) -> None:
        wait_s = self.config.retry_s
        while not self.source.stopping.is_set():
            before = self._rate.received
            try:
                self._open()
                self._read_on()
            except SourceEnded as end:
                self._state = 'ended'
                self._tell('info', str(end))
                break
            except CameraFailure as failure:
                if self.source.stopping.is_set():
                    break
                self._state = 'lost'
                self._trouble = str(failure)
                if self._rate.received > before:
                    wait_s = self.config.retry_s
                self._tell('error', f'{failure}; tried again')
            except Exception as failure:
                self._state = 'lost'
                self._trouble = f'{self.source.place}: {type(failure).__name__}: {failure}'
                self._tell('error', self._trouble)
            finally:
                self.source.close()
            self.source.stopping.wait(wait_s)
            wait_s = min(2 * wait_s, self.config.longest_retry_s)
        if self._state != 'ended':
            self._state = 'stopped'

    def _open(self) -> None:
        self.source.open()
        frozen = self.config.watch.frozen
        self._frozen_policy = self.source.on_repeat if frozen == 'auto' else frozen
        self._frozen.interrupted()
        self._rate.interrupted()
        self._trouble = ''
        if self._state == 'lost':
            self._reopened += 1
        self._state = 'running'

    def _read_on(self) -> None:
        damaged = 0
        while not self.source.stopping.is_set():
            try:
                frame = self.source.read()
            except FrameDamaged as damage:
                damaged += 1
                self._refuse('late' if isinstance(damage, FrameLate) else 'damaged', str(damage))
                if damaged >= DAMAGED_IN_A_ROW:
                    raise SourceLost(f'{damage}; {damaged} pictures in a row') from damage
                continue
            if frame is None:
                continue
            damaged = 0
            if self._is_sound(frame):
                self._hand_on(frame)

    def _is_sound(self, frame: Frame) -> bool:
        return self._has_size(frame) and self._is_timely(frame) and self._is_new(frame)

    def _has_size(self, frame: Frame) -> bool:
        height, width = frame.image.shape[:2]
        if (width, height) == self._size:
            return True
        change = (f'{self.source.place}: pictures come as {width}×{height}, not '
                  f'{self._size[0]}×{self._size[1]}')
        if self.config.on_resize == 'follow':
            self._say('warning', f'{change}; followed')
            self._size = (width, height)
            return True
        self._trouble = f'{change}: set width and height, or on_resize: follow'
        self._refuse('size', self._trouble, 'error')
        return False

    def _is_timely(self, frame: Frame) -> bool:
        if frame.captured_ns <= self._last_capture_ns:
            self._refuse('stamp', f'{self.source.place}: a picture is not newer than the last: '
                                  f'{(frame.captured_ns - self._last_capture_ns) / 1e6:.1f} ms')
            # A clock that was set back starts a new time; one repeated stamp does not.
            if self._last_capture_ns - frame.captured_ns > 1_000_000_000:
                self._last_capture_ns = frame.captured_ns
            return False
        if frame.captured_ns > time.monotonic_ns() + AHEAD_NS:
            self._refuse('stamp', f'{self.source.place}: a picture is stamped in the future')
            return False
        return True

    def _is_new(self, frame: Frame) -> bool:
        if self._frozen_policy == 'off':
            self._trouble = ''
            return True
        drops = self._frozen_policy == 'drop'
        repeats = self._frozen.repeats(frame.image, frame.captured_ns)
        if self._frozen.all_same if drops else self._frozen.mostly_same:
            self._trouble = (f'{self.source.place} is frozen: the same picture for over '
                             f'{self.config.watch.frozen_after_s:g} s')
            if drops:
                raise SourceLost(self._trouble)
            self._tell('error', self._trouble)
            return True
        if drops and repeats:
            self._refuse('repeated', f'{self.source.place}: a picture repeats the last')
            return False
        self._trouble = ''
        return True

    def _hand_on(self, frame: Frame) -> None:
        self._last_capture_ns = frame.captured_ns
        self._rate.add(frame.captured_ns)
        if self._looks % LOOK_EVERY == 0:
            self._exposure.look(frame.image)
        self._looks += 1
        self._basis = frame.basis
        stamp_ns = self._clock.to_ros(
            frame.captured_ns - self._delay_ns.get(frame.basis, 0))
        self._deliver(frame, stamp_ns)
        self._latency_ms = (time.monotonic_ns() - frame.captured_ns) / 1e6
        if self._last_said and not self._trouble:
            self._last_said = ''
            self._say('info', f'{self.source.place} gives pictures')

    def _refuse(self, kind: str, text: str, level: str = 'warning') -> None:
        self._refused[kind] += 1
        if self._refused[kind] == 1 or self._refused[kind] % 100 == 0:
            self._say(level, f'{text} (refused so far: {self._refused[kind]})')

    def _tell(self, level: str, text: str) -> None:
        if text != self._last_said:
            self._last_said = text
            self._say(level, text)
