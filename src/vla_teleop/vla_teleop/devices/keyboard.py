"""
The keys of a terminal.

A terminal tells presses and repeats, not releases: a key of motion counts for a moment after each,
so that a tap is a nudge and a key that is held moves on, after the pause before the terminal
repeats it. Such a key is its own dead-man; space is one for other devices.
"""
import contextlib
import os
import select
import termios
import tty
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import Field

from vla_core.profile import RobotProfile
from vla_core.validation import Real, StrictModel
from vla_teleop.device import Device, DeviceLost
from vla_teleop.sample import ANY_ARM, ArmInput, TeleopSample

__all__ = ['DEVICE', 'MOTION', 'PRESSES', 'Keyboard', 'KeyboardSettings']

#: Key to axis of the twist and its sign: x y z, then turns about them.
MOTION = {'w': (0, 1), 's': (0, -1), 'a': (1, 1), 'd': (1, -1), 'r': (2, 1), 'f': (2, -1),
          'l': (3, 1), 'j': (3, -1), 'k': (4, 1), 'i': (4, -1), 'u': (5, 1), 'o': (5, -1),
          '\x1b[A': (0, 1), '\x1b[B': (0, -1), '\x1b[D': (1, 1), '\x1b[C': (1, -1)}
GRIPPER = {'[': 'close', ']': 'open'}
PRESSES = {'g': 'toggle_gripper', 't': 'take_over', 'b': 'hand_back', 'h': 'share',
           '\t': 'next_arm', 'v': 'frame', '\r': 'record',
           '\n': 'record', '1': 'start', '2': 'keep', '3': 'succeeded',
           '4': 'failed', '5': 'discard', 'm': 'mark', '\x1b': 'stop'}
HELP = ('w s a d r f move · j l i k u o turn · [ ] g gripper · space dead-man · shift slow · '
        't take over · b hand back · h share · enter record · 1 start · 2 keep · 3 succeeded · '
        '4 failed · 5 discard · m mark · v frame · tab arm · esc stop')
ESCAPE_NS = 50_000_000  # a lone escape is the key itself


class KeyboardSettings(StrictModel):
    """Options of the device."""

    path: str = Field(default='/dev/tty', description='terminal')
    hold_s: Real = Field(default=0.15, gt=0, le=0.5, description='that a press counts')
    dead_man_s: Real = Field(default=0.7, gt=0, le=1.0, description='that space counts')


class Keyboard(Device):
    """A twist of ±1 on each axis; shift (a capital) is slow."""

    Settings = KeyboardSettings
    stall_s = None

    def __init__(self, settings: KeyboardSettings, profile: RobotProfile) -> None:
        super().__init__(settings, profile)
        self._terminal: int | None = None
        self._before: list | None = None
        self._until_ns: dict[str, int] = {}  # of keys and of what is held
        self._pending = ''
        self._pending_ns = 0
        self._shown = ''

    def open(self) -> None:
        self.close()
        try:
            self._terminal = os.open(
                Path(self.settings.path), os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
            self._before = termios.tcgetattr(self._terminal)
            tty.setcbreak(self._terminal)  # Ctrl-C still interrupts
        except (OSError, termios.error) as failure:
            self.close()
            raise DeviceLost(f'{self.settings.path}: is no terminal that keys can be read from '
                             f'({failure.args[-1]})') from failure
        self._write(f'\r\n{HELP}\r\n')

    def read(self, now_ns: int) -> TeleopSample | None:
        had = bool(self._live(now_ns))
        pressed = self._keys(now_ns)
        live = self._live(now_ns)
        if not (live or pressed or had or self._until_ns):
            return None
        self._until_ns = {key: end for key, end in self._until_ns.items() if end > now_ns}
        twist = np.zeros(6)
        for key in live:
            if key in MOTION:
                axis, sign = MOTION[key]
                twist[axis] += sign
        held = {name for name in live if name in ('dead_man', 'open', 'close', 'slow')}
        if live or pressed:
            held.add('dead_man')
        return TeleopSample({ANY_ARM: ArmInput(twist=np.clip(twist, -1.0, 1.0))},
                            frozenset(held), tuple(pressed))

    def release(self) -> None:
        self._until_ns.clear()

    def close(self) -> None:
        if self._terminal is not None:
            if self._before is not None:
                with contextlib.suppress(OSError, termios.error):
                    self._write('\r\n')
                    termios.tcsetattr(self._terminal, termios.TCSANOW, self._before)
            os.close(self._terminal)
        self._terminal = self._before = None
        self._until_ns.clear()
        self._pending = ''

    def show(self, lines: Mapping[str, str]) -> None:
        text = ' · '.join(f'{name}: {line}' for name, line in lines.items() if line)
        if self._terminal is not None and text != self._shown:
            self._shown = text
            printable = ''.join(letter if letter.isprintable() else ' ' for letter in text)
            self._write(f'\r\x1b[K{printable[:160]}')

    def _live(self, now_ns: int) -> list[str]:
        return [key for key, end in self._until_ns.items() if end > now_ns]

    def _keys(self, now_ns: int) -> list[str]:
        """Read keys, keep what they hold, and return what was pressed."""
        pressed: list[str] = []
        for key in self._typed(now_ns):
            lower = key.lower() if len(key) == 1 else key
            if lower in MOTION:
                self._until_ns[lower] = now_ns + round(self.settings.hold_s * 1e9)
                if key != lower:
                    self._until_ns['slow'] = self._until_ns[lower]
            elif key in GRIPPER:
                self._until_ns[GRIPPER[key]] = now_ns + round(self.settings.hold_s * 1e9)
            elif key == ' ':
                self._until_ns['dead_man'] = now_ns + round(self.settings.dead_man_s * 1e9)
            elif lower in PRESSES:
                pressed.append(PRESSES[lower])
        return pressed

    def _typed(self, now_ns: int) -> list[str]:
        if self._terminal is None:
            raise DeviceLost('is not open')
        try:
            data = os.read(self._terminal, 4096)
            if not data:
                raise DeviceLost(f'{self.settings.path}: the terminal was closed')
        except BlockingIOError:
            data = b''
        except OSError as failure:
            raise DeviceLost(f'{self.settings.path}: the terminal was closed') from failure
        if data:
            self._pending += data.decode('utf-8', 'replace')
            self._pending_ns = now_ns
        keys, self._pending = _split(self._pending, now_ns - self._pending_ns > ESCAPE_NS)
        return keys

    def _write(self, text: str) -> None:
        ready = select.select([], [self._terminal], [], 0)[1]
        if ready:  # a terminal that is stopped with Ctrl-S must not stop us
            with contextlib.suppress(OSError):
                os.write(self._terminal, text.encode())


def _split(text: str, complete: bool) -> tuple[list[str], str]:
    """Keys of a text, escape sequences whole, and what may go on; ``complete``: nothing follows."""
    keys, place = [], 0
    while place < len(text):
        if text[place] != '\x1b':
            keys.append(text[place])
            place += 1
            continue
        end = place + 1
        if end < len(text) and text[end] in '[O':
            end += 1
            while end < len(text) and not '@' <= text[end] <= '~':
                end += 1
            if end < len(text):
                keys.append('\x1b[' + text[end] if end == place + 2 else text[place:end + 1])
                place = end + 1
                continue
        if end >= len(text) and not complete:
            return keys, text[place:]
        keys.append('\x1b')
        place += 1
    return keys, ''


DEVICE = Keyboard
