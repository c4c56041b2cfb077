"""What a source of pictures is, and the pace of those that could go faster."""
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

from vla_cameras.camera_info import Intrinsics
from vla_cameras.frame import Frame
from vla_core.validation import StrictModel

if TYPE_CHECKING:
    from vla_cameras.configuration import CameraConfig

__all__ = ['OnRepeat', 'Pace', 'Source', 'SourceConfig']

OnRepeat = Literal['drop', 'report', 'off']


class SourceConfig(StrictModel):
    """Options of a source; each kind adds its own."""

    kind: str

    def usual_rate_hz(self, profile_hz: float) -> float:
        """The rate of a camera for which the set gives none: that of the robot profile."""
        return profile_hz


class Source(ABC):
    """
    One camera. `open`, then `read` again and again, in one thread; `close` at the end.

    After SourceLost it is closed and opened again. `stop` may come from any thread and lets a
    waiting `read` return.
    """

    Config: ClassVar[type[SourceConfig]]

    def __init__(self, camera: 'CameraConfig') -> None:
        self.camera = camera
        self.options = camera.source
        #: Whether anybody looks at the pictures; a source that makes them can spare itself some.
        self.heard: Callable[[], bool] = lambda: True
        self.stopping = threading.Event()

    @property
    @abstractmethod
    def place(self) -> str:
        """The device, file or address, for people."""

    @property
    def intrinsics(self) -> Intrinsics | None:
        """Intrinsics that the source knows without calibration."""
        return None

    @property
    def on_repeat(self) -> OnRepeat:
        """What two equal pictures in a row are: a fault of sensors, whose noise never repeats."""
        return 'off'

    @property
    def notices(self) -> tuple[str, ...]:
        """What is not as asked, though pictures come."""
        return ()

    @abstractmethod
    def open(self) -> None:
        """Make ready; SourceLost in one line when that cannot be."""

    @abstractmethod
    def read(self) -> Frame | None:
        """
        Wait for the next picture and return it; None when there is nothing to tell yet.

        FrameDamaged for a picture that cannot be used, SourceLost when none will come any more,
        SourceEnded at the end of a file.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the device."""

    def stop(self) -> None:
        """Let a waiting `read` return soon."""
        self.stopping.set()


class Pace:
    """When each picture of a file is due: in real time times ``speed``, 0 as fast as it goes."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._start_ns: int | None = None
        self._last_ns = 0

    def due_ns(self, position_ns: int) -> int:
        """The monotonic time at which what lies ``position_ns`` into the file is captured."""
        now_ns = time.monotonic_ns()
        if self._start_ns is None:
            self._start_ns = now_ns
        if self._speed > 0:
            return self._start_ns + round(position_ns / self._speed)
        # Two pictures never share a time.
        self._last_ns = max(now_ns, self._last_ns + 1000)
        return self._last_ns
