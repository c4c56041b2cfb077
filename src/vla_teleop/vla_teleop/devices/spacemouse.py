"""
3Dconnexion SpaceMouse, read from hidraw.

Reports (the first byte is their number, integers are little-endian, about ±350 at full
deflection; x right, y toward the person, z down, turns about the same axes):

    1  x y z int16, on newer models followed by rx ry rz int16
    2  rx ry rz int16, on older models
    3  buttons, a bit each

While the cap is deflected reports come many times a second; the last one says zero.
"""
import struct
from pathlib import Path

import numpy as np
from pydantic import Field, field_validator

from vla_core.profile import RobotProfile
from vla_core.validation import Real, StrictModel
from vla_teleop.buttons import Buttons, checked_meanings
from vla_teleop.device import Device, DeviceLost
from vla_teleop.device_file import DeviceFile
from vla_teleop.sample import ANY_ARM, ArmInput, TeleopSample

__all__ = ['DEVICE', 'SpaceMouse', 'SpaceMouseSettings', 'find_hidraw']

VENDORS = {0x256F: None, 0x046D: {0xC603, 0xC605, 0xC606, 0xC621, 0xC623, 0xC625, 0xC626, 0xC627,
                                  0xC628, 0xC629, 0xC62B}}  # the latter is Logitech's
LARGEST = 64  # bytes of a report
FROM_RAW = np.array([  # raw (right, back, down) to (forward, left, up)
    [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])


class SpaceMouseSettings(StrictModel):
    """Options of the device."""

    path: str = Field(default='', description='hidraw file; empty: the first SpaceMouse found')
    full_scale: Real = Field(default=350.0, gt=0, description='count at full deflection')
    deadband: Real = Field(default=0.08, ge=0, lt=1, description='share that counts as zero')
    stall_s: Real = Field(default=0.25, gt=0, description='a deflected cap that is silent so long')
    buttons: dict[int, str] = Field(
        default={0: 'toggle_gripper', 1: 'take_over'}, description='meaning by number')

    @field_validator('buttons')
    @classmethod
    def _check(cls, value: dict[int, str]) -> dict[int, str]:
        checked_meanings(value.values())
        return value


class SpaceMouse(Device):
    """
    A twist. Deflection is the dead-man, since a cap that is let go returns by its spring; if a
    button is given the meaning `dead_man`, that button is.
    """

    Settings = SpaceMouseSettings
    _folder = Path('/sys/class/hidraw')

    def __init__(self, settings: SpaceMouseSettings, profile: RobotProfile) -> None:
        super().__init__(settings, profile)
        self._file = DeviceFile()
        self._buttons = Buttons(settings.buttons)
        self._raw = np.zeros(6)

    @property
    def stall_s(self) -> float | None:
        """A cap at rest says nothing, one that is deflected always does."""
        return self.settings.stall_s if self._raw.any() else None

    def open(self) -> None:
        self._raw[:] = 0.0
        self._buttons.release()
        self._file.open(Path(self.settings.path) if self.settings.path
                        else find_hidraw(self._folder))

    def read(self, now_ns: int) -> TeleopSample | None:
        reports = self._file.reports(LARGEST)
        known = [self._take(report) for report in reports]
        return self._sample() if any(known) else None

    def release(self) -> None:
        self._raw[:] = 0.0
        self._buttons.release()

    def close(self) -> None:
        self._file.close()

    def _take(self, report: bytes) -> bool:
        """Whether the report was one of those that are known, and whole."""
        number, body = report[0], report[1:]
        if number == 1 and len(body) >= 12:
            self._raw[:] = struct.unpack_from('<6h', body)
        elif number == 1 and len(body) >= 6:
            self._raw[:3] = struct.unpack_from('<3h', body)
        elif number == 2 and len(body) >= 6:
            self._raw[3:] = struct.unpack_from('<3h', body)
        elif number == 3 and body:
            bits = int.from_bytes(body, 'little')
            for button in self.settings.buttons:
                self._buttons.set(button, bool(bits >> button & 1))
        else:
            return False
        return True

    def _sample(self) -> TeleopSample:
        share = np.clip(self._raw / self.settings.full_scale, -1.0, 1.0)
        band = self.settings.deadband
        share = np.sign(share) * np.maximum(np.abs(share) - band, 0.0) / (1.0 - band)
        twist = np.concatenate([FROM_RAW @ share[:3], FROM_RAW @ share[3:]])
        held = set(self._buttons.held)
        if 'dead_man' not in self.settings.buttons.values() and (
                twist.any() or self._buttons.any_down):
            held.add('dead_man')
        return TeleopSample({ANY_ARM: ArmInput(twist=twist)}, frozenset(held),
                            self._buttons.take_pressed())


def find_hidraw(folder: Path) -> Path:
    """The file of the first SpaceMouse below ``folder`` (/sys/class/hidraw)."""
    for entry in sorted(folder.glob('hidraw*')):
        try:
            lines = (entry / 'device' / 'uevent').read_text(errors='replace').splitlines()
        except OSError:
            continue
        for line in lines:
            if not line.startswith('HID_ID='):
                continue
            try:
                _, vendor, product = (int(part, 16) for part in line[7:].split(':'))
            except ValueError:
                continue
            if vendor in VENDORS and (VENDORS[vendor] is None or product in VENDORS[vendor]):
                return Path('/dev') / entry.name
    raise DeviceLost('no SpaceMouse is plugged in')


DEVICE = SpaceMouse
