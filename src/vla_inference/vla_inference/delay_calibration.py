"""
Delays from one motion, seen three times: as it was commanded, in the state and by the cameras.

The state is the clock of the others. A camera's delay is where its changes go best with the travel
of the joints (`vla_cameras.calibration.delay`); the actuation delay is where the measured speed
goes best with the commanded one (normalised correlation over a grid of 1 ms).
"""
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from vla_cameras.calibration import delay as camera_delay
from vla_core.validation import ConfigurationError
from vla_inference.delays import Delays

__all__ = ['CalibrationError', 'DelayMeasurement', 'lag_between', 'stroke']

STEP_S = 0.001
LEAST_CORRELATION = 0.6


class CalibrationError(ConfigurationError):
    """A delay could not be measured; one line that says what to do."""


def stroke(time_s: float, period_s: float = 2.0, share: float = 0.5) -> float:
    """
    Where a motion with starts and stops is at a time, 0 to 1: there, rest, back, rest.

    Each way takes ``share`` of half a period, 10 s³ − 15 s⁴ + 6 s⁵ of it (minimum jerk; Flash and
    Hogan, "The coordination of arm movements", 1985). Ways and rests grow by a third from one
    period to the next and begin anew after three, so that no shift by a period fits as well.
    """
    lengths = period_s * np.array([1.0, 4 / 3, 5 / 3])
    time_s %= lengths.sum()
    index = int(np.searchsorted(np.cumsum(lengths), time_s, side='right'))
    half = lengths[index] / 2
    into = time_s - np.concatenate([[0.0], np.cumsum(lengths)])[index]
    s = min((into % half) / (half * share), 1.0)
    way = s ** 3 * (10 - 15 * s + 6 * s * s)
    return way if into < half else 1.0 - way


def lag_between(
    first_s: Sequence[float], first: Sequence[float], second_s: Sequence[float],
    second: Sequence[float], longest_s: float = 0.5,
) -> tuple[float, float]:
    """
    By how many s ``second`` [m] at times ``second_s`` comes after ``first`` [n], and the
    correlation there. CalibrationError when they do not go together.
    """
    start = max(first_s[0] + longest_s, second_s[0])
    end = min(first_s[-1], second_s[-1] - longest_s)
    if end - start < 1.0:
        raise CalibrationError('the motion was too short: record longer')
    grid = np.arange(start, end, 0.005)
    reference = np.gradient(np.interp(grid, first_s, first))
    lags = np.arange(0.0, longest_s + STEP_S / 2, STEP_S)
    correlations = np.array([_correlation(
        reference, np.gradient(np.interp(grid + lag, second_s, second))) for lag in lags])
    best = int(np.argmax(correlations))
    if correlations[best] < LEAST_CORRELATION:
        raise CalibrationError(
            f'the arm does not follow its reference (correlation {correlations[best]:.2f}): is a '
            'controller active that takes it?')
    return float(lags[best]), float(correlations[best])


class DelayMeasurement:
    """Takes what comes while the arm moves; stamps and receipts in ns."""

    def __init__(self) -> None:
        self._commands: list[tuple[int, float]] = []
        self._places: list[tuple[int, float]] = []
        self._joints: list[tuple[int, np.ndarray]] = []
        self._motions: dict[str, camera_delay.MotionSeen] = defaultdict(camera_delay.MotionSeen)
        self._transport: dict[str, list[float]] = defaultdict(list)

    def add_command(self, stamp_ns: int, place: float) -> None:
        """The reference along the axis of motion, m or rad."""
        self._commands.append((stamp_ns, place))

    def add_place(self, stamp_ns: int, place: float) -> None:
        """The measured place along the same axis."""
        self._places.append((stamp_ns, place))

    def add_joints(self, stamp_ns: int, positions: np.ndarray) -> None:
        """Positions [n], always of the same joints."""
        self._joints.append((stamp_ns, positions))

    def add_picture(self, topic: str, stamp_ns: int, image: np.ndarray) -> None:
        """A picture, rgb8."""
        self._motions[topic].add(image, stamp_ns)

    def add_receipt(self, topic: str, stamp_ns: int, now_ns: int) -> None:
        """When a message came."""
        self._transport[topic].append((now_ns - stamp_ns) / 1e9)

    def result(self, robot: str, cameras: Sequence[str], longest_s: float = 0.5) -> Delays:
        """The delays; CalibrationError names the camera, or what was missing."""
        if len(self._joints) < 2:
            raise CalibrationError('no joint states came: is the robot running?')
        stamps = [stamp for stamp, _ in self._joints]
        travel = camera_delay.travel_of(stamps, np.array([place for _, place in self._joints]))
        found: dict[str, float] = {}
        correlations: dict[str, float] = {}
        for topic in cameras:
            seen = self._motions[topic]
            try:
                result = camera_delay.estimate(
                    seen.stamps_ns, seen.changes, stamps, travel, longest_s)
            except ConfigurationError as error:
                raise CalibrationError(f'{topic}: {error}') from error
            found[topic] = round(result.delay_s, 4)
            correlations[topic] = round(min(result.correlation, 1.0), 3)
        actuation = 0.0
        if self._commands:
            if len(self._places) < 2:
                raise CalibrationError('no tip pose came: is the pose broadcaster active?')
            actuation, correlation = lag_between(
                *_series(self._commands), *_series(self._places), longest_s)
            correlations['actuation'] = round(min(correlation, 1.0), 3)
        return Delays(
            robot=robot, cameras=found, actuation=round(actuation, 4),
            transport={topic: round(float(np.median(times)), 4)
                       for topic, times in self._transport.items()}, correlations=correlations)


def _series(points: Sequence[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    stamps, places = zip(*points)
    return np.array(stamps) / 1e9, np.array(places)


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    first, second = first - first.mean(), second - second.mean()
    scale = np.linalg.norm(first) * np.linalg.norm(second)
    return float(first @ second / scale) if scale > 0 else 0.0
