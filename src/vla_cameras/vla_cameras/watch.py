"""What is noticed about a camera: pictures that repeat, bad light, a rate that is not kept."""
from collections import deque
from dataclasses import dataclass, field

import numpy as np

__all__ = ['ExposureWatch', 'FrozenWatch', 'RateWatch']

ROWS_BETWEEN = 16
PIXELS_BETWEEN = 8
WHITE = 250


class FrozenWatch:
    """
    Tells a picture that is the last one again, pixel for pixel.

    A sensor that repeats for ``after_s`` is frozen. Behind an encoder of differences the picture
    still changes a little with each key frame, so there most pictures must repeat, not all.
    """

    MOST = 2 / 3

    def __init__(self, after_s: float) -> None:
        self._after_ns = round(after_s * 1e9)
        self._last: np.ndarray | None = None
        self._since_ns: int | None = None
        self._recent: deque[tuple[int, bool]] = deque()

    def repeats(self, image: np.ndarray, captured_ns: int) -> bool:
        """Whether ``image`` equals the one before; it is kept, not copied."""
        last, self._last = self._last, image
        # Some rows tell most pictures apart without looking at the rest.
        same = (last is not None and last.shape == image.shape
                and np.array_equal(last[::ROWS_BETWEEN], image[::ROWS_BETWEEN])
                and np.array_equal(last, image))
        if not same or self._since_ns is None:
            self._since_ns = captured_ns
        self._recent.append((captured_ns, same))
        while len(self._recent) > 1 and captured_ns - self._recent[1][0] >= self._after_ns:
            self._recent.popleft()
        return same

    @property
    def all_same(self) -> bool:
        """Whether each of the last ``after_s`` repeated."""
        return (self._since_ns is not None
                and self._recent[-1][0] - self._since_ns >= self._after_ns)

    @property
    def same_s(self) -> float:
        """For how long the newest picture has been shown."""
        return 0.0 if self._since_ns is None else (self._recent[-1][0] - self._since_ns) * 1e-9

    @property
    def mostly_same(self) -> bool:
        """Whether most of the last ``after_s`` repeated."""
        if not self._recent or self._recent[-1][0] - self._recent[0][0] < self._after_ns:
            return False
        return sum(same for _, same in self._recent) >= self.MOST * len(self._recent)

    def interrupted(self) -> None:
        """The camera was opened again: it has as long again, but the last picture stays old."""
        self._since_ns = None
        self._recent.clear()


class ExposureWatch:
    """Tells pictures that are too dark or saturated to be of use."""

    def __init__(self, dark_below: float, saturated_above: float) -> None:
        self._dark_below = dark_below
        self._saturated_above = saturated_above
        self.brightness = float('nan')
        self.saturated = float('nan')

    def look(self, image: np.ndarray) -> None:
        """Take the mean brightness, 0 to 255, and the share of white pixels, of a sample."""
        sample = image[::PIXELS_BETWEEN, ::PIXELS_BETWEEN]
        if sample.ndim == 3:
            white = (sample >= WHITE).all(axis=2).mean()
        else:
            white = (sample >= WHITE).mean()
        self.brightness, self.saturated = float(sample.mean()), float(white)

    @property
    def complaint(self) -> str:
        """What is wrong with the light, or ''."""
        if self.brightness < self._dark_below:
            return f'too dark (mean brightness {self.brightness:.0f} of 255)'
        if self.saturated > self._saturated_above:
            return f'saturated ({100 * self.saturated:.0f} % of the picture is white)'
        return ''


@dataclass
class RateWatch:
    """
    Rate and gaps by the times of capture, over the last ``window_s``.

    A gap of n periods counts as n − 1 pictures dropped.
    """

    rate_hz: float
    window_s: float = 3.0
    dropped: int = 0
    received: int = 0
    _times: deque[int] = field(default_factory=deque)

    def add(self, captured_ns: int) -> None:
        """Take a picture captured at ``captured_ns``."""
        self.received += 1
        if self._times:
            periods = (captured_ns - self._times[-1]) * 1e-9 * self.rate_hz
            self.dropped += max(0, round(periods) - 1)
        self._times.append(captured_ns)
        while captured_ns - self._times[0] > self.window_s * 1e9:
            self._times.popleft()

    def measured_hz(self, now_ns: int) -> float:
        """Pictures a second up to ``now_ns``; silence brings it down."""
        while self._times and now_ns - self._times[0] > self.window_s * 1e9:
            self._times.popleft()
        if len(self._times) < 2:
            return 0.0
        span_ns = max(self._times[-1], now_ns - round(1.5e9 / self.rate_hz)) - self._times[0]
        return (len(self._times) - 1) * 1e9 / span_ns

    def interrupted(self) -> None:
        """The camera was opened again: the pause is not counted as drops."""
        self._times.clear()
