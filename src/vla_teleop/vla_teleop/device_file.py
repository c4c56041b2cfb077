"""A device file that is read without waiting: hidraw, joydev, evdev, or a FIFO in a test."""
import os
from pathlib import Path

from vla_teleop.device import DeviceLost

__all__ = ['DeviceFile']

LONGEST = 64 * 1024  # bytes a poll: a flood is read on the next one


class DeviceFile:
    """One open file; every read gives what is there now."""

    def __init__(self) -> None:
        self._file: int | None = None
        self.path = Path()

    def open(self, path: Path) -> int:
        """Open it and return its descriptor; DeviceLost says why it cannot be."""
        self.close()
        self.path = path
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError as failure:
            raise DeviceLost(f'{path}: may not be read; add a udev rule or join its group '
                             '(input, plugdev)') from failure
        except OSError as failure:
            raise DeviceLost(f'{path}: cannot be opened: {failure.strerror}') from failure
        return self._file

    def reports(self, size: int) -> list[bytes]:
        """Every report or block of reports that waits, at most ``size`` bytes each."""
        if self._file is None:
            raise DeviceLost('is not open')
        found: list[bytes] = []
        while sum(map(len, found)) < LONGEST:
            try:
                data = os.read(self._file, size)
            except BlockingIOError:
                break
            except OSError as failure:
                raise DeviceLost(f'{self.path}: was unplugged ({failure.strerror})') from failure
            if not data:
                raise DeviceLost(f'{self.path}: has ended')
            found.append(data)
        return found

    def close(self) -> None:
        """Close it, if it is open."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
