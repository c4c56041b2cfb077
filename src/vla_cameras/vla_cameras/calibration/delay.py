"""
How late a camera's stamps are: motion that the pictures show against motion that the joints report.

Between two pictures the picture changes about as much as the joints travel, so the changes are
compared with the travel over the same intervals, moved by a delay; the delay at which the two go
together best (normalised correlation) is the camera's. A blinking light does as well: its switching
is the travel.
"""
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from vla_cameras.calibration.board import CalibrationError, grey

__all__ = ['DelayResult', 'MotionSeen', 'estimate', 'travel_of']

FEWEST_IMAGES = 45
STEP_S = 0.001
LEAST_CORRELATION = 0.6


@dataclass(frozen=True, eq=False)
class DelayResult:
    """The delay, how well the two go together there, and the correlation [n] over ``delays_s``."""

    delay_s: float
    correlation: float
    delays_s: np.ndarray
    correlations: np.ndarray
    images: int


class MotionSeen:
    """How much each picture differs from the one before, from pictures as they come."""

    SIZE = (160, 120)
    NOISE = 6.0

    def __init__(self) -> None:
        self.stamps_ns: list[int] = []
        self.changes: list[float] = []
        self._last: np.ndarray | None = None

    def add(self, image: np.ndarray, stamp_ns: int) -> None:
        """Take a picture, rgb8 or mono8."""
        small = cv2.resize(grey(image), self.SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
        if self._last is not None:
            difference = np.abs(small - self._last)
            self.changes.append(float(np.maximum(difference - self.NOISE, 0).mean()))
        self.stamps_ns.append(stamp_ns)
        self._last = small


def travel_of(stamps_ns: ArrayLike, positions: ArrayLike) -> np.ndarray:
    """Way that joints [n, joints] (or a light [n]) have gone by each stamp [n], rad."""
    positions = np.asarray(positions, dtype=float).reshape(len(np.asarray(stamps_ns)), -1)
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def estimate(
    image_stamps_ns: Sequence[int], changes: Sequence[float], state_stamps_ns: Sequence[int],
    travel: Sequence[float], longest_s: float = 0.5,
) -> DelayResult:
    """
    The delay of pictures [n] with ``changes`` [n − 1] between them against ``travel`` [m].

    Positive: the stamps are later than the captures. CalibrationError when little moved or the
    two do not go together.
    """
    origin = state_stamps_ns[0]
    images = (np.asarray(image_stamps_ns, dtype=np.int64) - origin) / 1e9
    states = (np.asarray(state_stamps_ns, dtype=np.int64) - origin) / 1e9
    travel = np.asarray(travel, dtype=float)
    changes = np.asarray(changes, dtype=float)
    inside = (images[:-1] - longest_s >= states[0]) & (images[1:] + longest_s <= states[-1])
    if inside.sum() < FEWEST_IMAGES:
        raise CalibrationError(
            f'{inside.sum()} pictures lie within the time of the joint states, {FEWEST_IMAGES} '
            f'are needed: record longer')
    if np.ptp(travel) == 0 or changes[inside].std() == 0:
        raise CalibrationError('nothing moved: move a joint back and forth in view of the camera')
    delays = np.arange(-longest_s, longest_s + STEP_S / 2, STEP_S)
    begin, end, changes = images[:-1][inside], images[1:][inside], changes[inside]
    correlations = np.array([_correlation(
        changes, np.interp(end - delay, states, travel) - np.interp(begin - delay, states, travel))
        for delay in delays])
    best = int(np.argmax(correlations))
    correlation = float(correlations[best])
    if correlation < LEAST_CORRELATION:
        raise CalibrationError(
            f'what the camera sees does not follow the joints (correlation {correlation:.2f}): '
            f'keep everything else in view still, and start and stop the joint often')
    if best in (0, len(delays) - 1):
        raise CalibrationError(f'the delay is longer than {longest_s:g} s')
    return DelayResult(
        delay_s=float(delays[best] + STEP_S * _peak(correlations[best - 1:best + 2])),
        correlation=correlation, delays_s=delays, correlations=correlations, images=len(changes))


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    first, second = first - first.mean(), second - second.mean()
    scale = np.linalg.norm(first) * np.linalg.norm(second)
    return float(first @ second / scale) if scale > 0 else 0.0


def _peak(values: np.ndarray) -> float:
    """Where the parabola through three values has its peak, in steps from the middle one."""
    bend = values[0] - 2 * values[1] + values[2]
    return float(0.5 * (values[0] - values[2]) / bend) if bend < 0 else 0.0
