"""
Keeps one device: opens it, asks it, notices when it dies or falls silent, and seeks it again.

Whoever reads through a watch gets a sample that counts now, or none: a device that is lost, stalls
or says nonsense says nothing, so that what it moved stops.
"""
from collections.abc import Callable

from vla_teleop.device import Device, DeviceLost
from vla_teleop.sample import TeleopSample

__all__ = ['DeviceWatch']

RETRY_NS = 1_000_000_000
LONGEST_SLEEP_NS = 250_000_000  # between two polls; after a longer one nothing counts until anew


class DeviceWatch:
    """One device and whether it can be trusted, by a steady clock in ns."""

    def __init__(
        self, name: str, device: Device, say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.name, self.device = name, device
        self.problem = 'not opened yet'
        self._say = say
        self._open = False
        self._tried_ns: int | None = None
        self._polled_ns: int | None = None
        self._sample: TeleopSample | None = None
        self._sample_ns = 0

    @property
    def alive(self) -> bool:
        """Whether it gave the last poll something to go by."""
        return not self.problem

    def poll(self, now_ns: int) -> TeleopSample | None:
        """What counts now; buttons that were pressed are in one answer only."""
        if not self._open and not self._try(now_ns):
            return None
        if self._polled_ns is not None and now_ns - self._polled_ns > LONGEST_SLEEP_NS:
            self._sample = None  # nobody looked for so long that what was held may not be
        self._polled_ns = now_ns
        try:
            fresh = self.device.read(now_ns)
        except (DeviceLost, OSError, ValueError) as failure:
            self._lose(str(failure), now_ns)
            return None
        if fresh is not None and not fresh.is_sound():
            self._sample, fresh = None, None
            self._note('gives numbers that cannot be')
            return None
        if fresh is not None:
            self._sample, self._sample_ns = fresh, now_ns
            self._note('')
            return fresh
        stall = self.device.stall_s
        if self._sample is None:
            if stall is None:
                self._note('')
            return None
        if stall is not None and (now_ns - self._sample_ns) * 1e-9 > stall:
            self._sample = None
            self.device.release()
            self._note(f'has been silent for {stall:g} s')
            return None
        return TeleopSample(self._sample.arms, self._sample.held)

    def close(self) -> None:
        """End it."""
        self._open, self._sample = False, None
        self.device.close()

    def _try(self, now_ns: int) -> bool:
        if self._tried_ns is not None and now_ns - self._tried_ns < RETRY_NS:
            return False
        self._tried_ns, self._polled_ns = now_ns, None
        try:
            self.device.open()
        except (DeviceLost, OSError) as failure:
            self.device.close()
            self._note(str(failure))
            return False
        self._open = True
        self._note('' if self.device.stall_s is None else 'has said nothing yet')
        return True

    def _lose(self, reason: str, now_ns: int) -> None:
        self._open, self._sample, self._tried_ns = False, None, now_ns
        self.device.release()
        self.device.close()
        self._note(reason)

    def _note(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            self._say(f'{self.name}: {problem}' if problem else f'{self.name}: ready')
