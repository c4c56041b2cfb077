"""
A gamepad, read from joydev (`/dev/input/js*`), evdev (`/dev/input/event*`) or a Joy topic.

Sticks and buttons are named as on the pad of an Xbox; others are told by ``axes`` and ``buttons``.
The kernel's files are read as the kernel writes them (linux/joystick.h, linux/input.h): a file is
silent while nothing changes and ends when the pad is unplugged. A topic must keep coming
(`autorepeat_rate` of joy_node), else the pad counts as lost.
"""
import fcntl
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from vla_core.profile import RobotProfile
from vla_core.validation import Real, StrictModel
from vla_teleop.buttons import Buttons, checked_meanings
from vla_teleop.device import Device, DeviceLost, Subscription
from vla_teleop.device_file import DeviceFile
from vla_teleop.sample import ANY_ARM, ArmInput, TeleopSample

__all__ = ['DEVICE', 'Gamepad', 'GamepadSettings']

#: Axes by the number that joydev and joy give them; right and down are positive.
AXES = {'left_x': 0, 'left_y': 1, 'left_trigger': 2, 'right_x': 3, 'right_y': 4,
        'right_trigger': 5, 'cross_x': 6, 'cross_y': 7}
BUTTONS = {'a': 0, 'b': 1, 'x': 2, 'y': 3, 'left_bumper': 4, 'right_bumper': 5, 'back': 6,
           'start': 7, 'guide': 8, 'left_stick': 9, 'right_stick': 10}
#: The same by the codes of evdev.
EVDEV_AXES = {0: 'left_x', 1: 'left_y', 2: 'left_trigger', 3: 'right_x', 4: 'right_y',
              5: 'right_trigger', 16: 'cross_x', 17: 'cross_y'}
EVDEV_BUTTONS = {304: 'a', 305: 'b', 307: 'x', 308: 'y', 310: 'left_bumper', 311: 'right_bumper',
                 314: 'back', 315: 'start', 316: 'guide', 317: 'left_stick', 318: 'right_stick'}
JS_EVENT = struct.Struct('=IhBB')  # ms, value, type, number
INPUT_EVENT = struct.Struct('@llHHi')  # s, µs, type, code, value
ABSINFO = struct.Struct('=6i')  # value, minimum, maximum, fuzz, flat, resolution
FULL = 32767.0
JS_BUTTON, JS_AXIS, JS_INIT = 1, 2, 0x80
EV_SYN, EV_KEY, EV_ABS, SYN_DROPPED = 0, 1, 3, 3
MEANINGS = {
    'left_bumper': 'dead_man', 'right_bumper': 'clutch', 'a': 'toggle_gripper', 'b': 'hand_back',
    'x': 'mark', 'y': 'take_over', 'left_stick': 'share', 'right_stick': 'frame',
    'start': 'record', 'back': 'discard', 'guide': 'stop'}


class GamepadSettings(StrictModel):
    """Options of the device."""

    source: Literal['joydev', 'evdev', 'joy'] = 'joydev'
    path: str = Field(default='/dev/input/js0', description='file of joydev or evdev')
    topic: str = Field(default='joy', description='sensor_msgs/Joy')
    deadband: Real = Field(default=0.12, ge=0, lt=1)
    stall_s: Real = Field(default=0.3, gt=0, description='of a topic')
    axes: dict[str, int] = Field(default=AXES, description='number by name, of joydev and joy')
    numbers: dict[str, int] = Field(default=BUTTONS, description='the same of buttons')
    buttons: dict[str, str] = Field(default=MEANINGS, description='meaning by name')

    @field_validator('buttons')
    @classmethod
    def _check(cls, value: dict[str, str]) -> dict[str, str]:
        checked_meanings(value.values())
        return value


class Gamepad(Device):
    """A twist: left stick forward and left, right stick up and yaw, cross roll and pitch."""

    Settings = GamepadSettings

    def __init__(self, settings: GamepadSettings, profile: RobotProfile) -> None:
        super().__init__(settings, profile)
        self._file = DeviceFile()
        self._buttons = Buttons(settings.buttons)
        self._axes: dict[str, float] = {}
        self._axis_names = {number: name for name, number in settings.axes.items()}
        self._button_names = {number: name for name, number in settings.numbers.items()}
        self._ranges: dict[int, tuple[float, float]] = {}
        self._rest = b''
        self._dropped = False
        self._heard = False
        self.stall_s = settings.stall_s if settings.source == 'joy' else None

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        if self.settings.source != 'joy':
            return ()
        return ((self.settings.topic, 'sensor_msgs/msg/Joy'),)

    def open(self) -> None:
        self.release()
        self._rest, self._dropped = b'', False
        if self.settings.source == 'joy':
            return
        descriptor = self._file.open(Path(self.settings.path))
        if self.settings.source == 'evdev':
            self._ranges = {code: _range(descriptor, code) for code in EVDEV_AXES}

    def read(self, now_ns: int) -> TeleopSample | None:
        if self.settings.source != 'joy':
            for event in self._events():
                (self._take_js if self.settings.source == 'joydev' else self._take_input)(event)
                self._heard = True
        if not self._heard:
            return None
        self._heard = False
        return self._sample()

    def take(self, topic: str, message: Any, now_ns: int) -> None:
        """A Joy message: left and up are positive, unlike in the kernel's files."""
        values = np.asarray(message.axes, np.float64)
        if not np.all(np.isfinite(values)):
            self.release()
            return
        for number, value in enumerate(values):
            name = self._axis_names.get(number)
            if name is not None:
                self._axes[name] = -float(np.clip(value, -1.0, 1.0))
        for number, down in enumerate(message.buttons):
            self._buttons.set(self._button_names.get(number), bool(down))
        self._heard = True

    def release(self) -> None:
        self._axes.clear()
        self._buttons.release()
        self._heard = False

    def close(self) -> None:
        self._file.close()

    def _events(self) -> Iterator[tuple]:
        layout = JS_EVENT if self.settings.source == 'joydev' else INPUT_EVENT
        data = self._rest + b''.join(self._file.reports(64 * layout.size))
        whole = len(data) - len(data) % layout.size
        self._rest = data[whole:]
        yield from layout.iter_unpack(data[:whole])

    def _take_js(self, event: tuple) -> None:
        _, value, kind, number = event
        kind &= ~JS_INIT
        if kind == JS_AXIS and number in self._axis_names:
            self._axes[self._axis_names[number]] = float(np.clip(value / FULL, -1.0, 1.0))
        elif kind == JS_BUTTON and number in self._button_names:
            self._buttons.set(self._button_names[number], bool(value))

    def _take_input(self, event: tuple) -> None:
        _, _, kind, code, value = event
        if kind == EV_SYN:
            if code == SYN_DROPPED:  # what is held is not known until it is touched again
                self._axes.clear()
                self._buttons.release()
            self._dropped = code == SYN_DROPPED
        elif self._dropped:
            return
        elif kind == EV_ABS and code in EVDEV_AXES:
            low, high = self._ranges.get(code) or (-FULL, FULL)
            share = 2.0 * (value - low) / (high - low) - 1.0
            self._axes[EVDEV_AXES[code]] = float(np.clip(share, -1.0, 1.0))
        elif kind == EV_KEY and code in EVDEV_BUTTONS:
            self._buttons.set(EVDEV_BUTTONS[code], bool(value))

    def _axis(self, name: str) -> float:
        value, band = self._axes.get(name, 0.0), self.settings.deadband
        return float(np.sign(value) * max(abs(value) - band, 0.0) / (1.0 - band))

    def _sample(self) -> TeleopSample:
        axis = self._axis
        twist = np.array([-axis('left_y'), -axis('left_x'), -axis('right_y'),
                          axis('cross_x'), -axis('cross_y'), -axis('right_x')])
        # A trigger rests at −1 and is unknown, so at rest, until it is first pulled.
        trigger = self._axes.get('right_trigger', -1.0)
        opening = None if trigger <= -1.0 + self.settings.deadband else 0.5 * (1.0 - trigger)
        return TeleopSample({ANY_ARM: ArmInput(twist=twist, opening=opening)},
                            self._buttons.held, self._buttons.take_pressed())


def _range(descriptor: int, code: int) -> tuple[float, float]:
    """Least and largest value of an axis; those of a stick where the file cannot say."""
    try:
        answer = fcntl.ioctl(descriptor, 0x80184540 + code, bytes(ABSINFO.size))  # EVIOCGABS
    except OSError:
        return (-1.0, 1.0) if code in (16, 17) else (-FULL, FULL)
    _, low, high, *_ = ABSINFO.unpack(answer)
    if low >= high:
        raise DeviceLost(f'axis {code} has no range')
    return float(low), float(high)


DEVICE = Gamepad
