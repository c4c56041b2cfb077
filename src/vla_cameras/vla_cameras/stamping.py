"""
From the time of a capture to the stamp of a message.

A driver stamps with monotonic time. ROS has another clock, which may be set while we run, so the
distance between the two is taken anew for each picture, between two readings of the monotonic
clock that lie close together.
"""
import time
from collections.abc import Callable

from vla_core.clock import Clock

__all__ = ['ArrivalStamp', 'MonotonicToRos', 'driver_capture_ns']

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
        self._last_ns: int | None = None

    def judge(self, asked_ns: int, arrived_ns: int) -> bool:
        """Whether ``arrived_ns`` can be trusted, for a picture asked for at ``asked_ns``."""
        last_ns, self._last_ns = self._last_ns, arrived_ns
        waited_for_it = arrived_ns - asked_ns >= self._at_once_ns
        return waited_for_it or (
            last_ns is not None and asked_ns - last_ns <= self._uncertainty_ns)

    def forget(self) -> None:
        """Start anew, after the device was opened again."""
        self._last_ns = None
