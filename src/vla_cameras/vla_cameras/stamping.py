"""
From the time of a capture to the stamp of a message.

A driver stamps with monotonic time. ROS has another clock, which may be set while we run, so the
distance between the two is taken anew for each picture, between two readings of the monotonic
clock that lie close together.
"""
import statistics
import time
from collections import deque
from collections.abc import Callable

import numpy as np

from vla_core.clock import Clock

__all__ = [
    'ArrivalStamp', 'MonotonicToRos', 'NetworkArrival', 'SteadyArrival', 'driver_capture_ns',
]

READINGS = 3
# A driver's stamp that lies further away than this is not of the clock it is read as.
OLDEST_NS, NEWEST_NS = 2_000_000_000, 20_000_000


class MonotonicToRos:
    """Turns monotonic nanoseconds into nanoseconds of ``clock``."""

    def __init__(
        self, clock: Clock, monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._clock = clock
        self._monotonic_ns = monotonic_ns

    def to_ros(self, monotonic_ns: int) -> int:
        """The time on the clock at ``monotonic_ns``; exact to half the closest pair of readings."""
        closest, offset = None, 0
        for _ in range(READINGS):
            before = self._monotonic_ns()
            now = self._clock.now_ns()
            after = self._monotonic_ns()
            if closest is None or after - before < closest:
                closest, offset = after - before, now - (before + after) // 2
        return monotonic_ns + offset


def driver_capture_ns(
    position_ms: float, arrival_ns: int, wall_ns: int,
) -> int | None:
    """
    The monotonic capture time that a driver reports as ``position_ms``, or None if it reports none.

    Most V4L2 drivers stamp with monotonic time, some with the wall clock (``wall_ns``, read with
    the arrival); which one is told by where the stamp lies. A stamp near neither is no stamp.
    """
    stamp_ns = round(position_ms * 1e6)
    for now_ns in (arrival_ns, wall_ns):
        age_ns = now_ns - stamp_ns
        if stamp_ns > 0 and -NEWEST_NS <= age_ns <= OLDEST_NS:
            return arrival_ns - age_ns
    return None


class ArrivalStamp:
    """
    Says whether the time a picture arrived is the time it came, or it had been waiting for us.

    A picture that was there at once when asked for has waited, at most as long as we were away.
    If we were away for more than ``uncertainty_ns``, its age is not known and it gets no stamp.
    """

    def __init__(self, uncertainty_ns: int, at_once_ns: int = 1_000_000) -> None:
        self._uncertainty_ns = uncertainty_ns
        self._at_once_ns = at_once_ns
        self._known_ns: int | None = None

    def judge(self, asked_ns: int, arrived_ns: int) -> bool:
        """Whether ``arrived_ns`` can be trusted, for a picture asked for at ``asked_ns``."""
        away_ns = float('inf') if self._known_ns is None else asked_ns - self._known_ns
        waited_for_it = arrived_ns - asked_ns >= self._at_once_ns
        # Behind a picture of unknown age more may be waiting.
        known = waited_for_it or away_ns <= self._uncertainty_ns
        self._known_ns = arrived_ns if known else None
        return known

    def forget(self) -> None:
        """Start anew, after the device was opened again."""
        self._known_ns = None


class NetworkArrival(ArrivalStamp):
    """
    As `ArrivalStamp`, of pictures that a network may have held back too.

    Such come after a silence and all at once, as do those that a server had kept for a new client;
    none is trusted until one comes half a period after the one before. A camera may be slower than
    its period says: what is a silence is told by the gaps of late.
    """

    def __init__(self, period_ns: int) -> None:
        super().__init__(round(0.25 * period_ns))
        self._period_ns = period_ns
        self._gaps_ns: deque[int] = deque(maxlen=9)
        self._last_ns: int | None = None
        self._calm = False

    def judge(self, asked_ns: int, arrived_ns: int) -> bool:
        known = super().judge(asked_ns, arrived_ns)
        if self._last_ns is not None:
            gap_ns = arrived_ns - self._last_ns
            self._gaps_ns.append(gap_ns)
            usual_ns = max(self._period_ns, statistics.median(self._gaps_ns))
            self._calm = gap_ns <= 2.5 * usual_ns and (
                self._calm or gap_ns >= 0.5 * self._period_ns)
        self._last_ns = arrived_ns
        return known and self._calm


class SteadyArrival:
    """
    Takes the scatter out of the arrivals of a camera that keeps its own steady rate.

    Picture k leaves the camera at a + k·T and only ever comes later than it could, so the line is
    laid under the last ``length`` arrivals, through the earliest of the first and of the last third
    (as Paxson 1998 lays it under packets' delays), and a picture is stamped where it says. One that
    is late by nearly half a period may be taken for the next and gets no stamp; many of them show
    that the camera has changed its rate (a longer exposure), and the line is begun anew.
    """

    FEWEST, TOO_MANY, OUT_OF = 20, 9, 20

    def __init__(self, period_ns: int, length: int = 300) -> None:
        self._earliest_ns, self._latest_ns = -0.02 * period_ns, 0.45 * period_ns
        self._steps: deque[int] = deque(maxlen=length)
        self._times: deque[int] = deque(maxlen=length)
        self._strange: deque[bool] = deque(maxlen=self.OUT_OF)

    def steadied(self, arrived_ns: int) -> int | None:
        """When a picture that came at ``arrived_ns`` would have come without scatter, or None."""
        if len(self._times) < self.FEWEST:
            self._times.append(arrived_ns)
            if len(self._times) == self.FEWEST:
                self._begin_line()
            return arrived_ns
        since_ns = arrived_ns - self._times[0]
        step = max(self._steps[-1] + 1,
                   self._steps[0] + round((since_ns - self._start_ns) / self._slope_ns - 0.25))
        late_ns = since_ns - self._start_ns - (step - self._steps[0]) * self._slope_ns
        self._strange.append(not self._earliest_ns <= late_ns <= self._latest_ns)
        if self._strange[-1]:
            if sum(self._strange) >= self.TOO_MANY:
                self.forget()
            return None
        self._steps.append(step)
        self._times.append(arrived_ns)
        self._fit()
        return arrived_ns - round(max(late_ns, 0.0))

    def _begin_line(self) -> None:
        gaps = np.diff(np.array(self._times))
        steps = np.maximum(1, np.round(gaps / np.median(gaps))).astype(int)
        self._steps.extend([0, *np.cumsum(steps).tolist()])
        self._fit()

    def _fit(self) -> None:
        steps = np.array(self._steps) - self._steps[0]
        times = (np.array(self._times) - self._times[0]).astype(float)
        centred = steps - steps.mean()
        slope_ns = float(centred @ times / (centred @ centred))
        late_ns = times - slope_ns * steps
        third = len(steps) // 3
        first, last = int(np.argmin(late_ns[:third])), int(np.argmin(late_ns[-third:])) - third
        slope_ns += float((late_ns[last] - late_ns[first]) / (steps[last] - steps[first]))
        self._slope_ns, self._start_ns = slope_ns, float((times - slope_ns * steps).min())

    def forget(self) -> None:
        """Start anew, after the device was opened again."""
        self._steps.clear()
        self._times.clear()
        self._strange.clear()
