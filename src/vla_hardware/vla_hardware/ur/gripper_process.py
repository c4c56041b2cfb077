"""A process that drives a Robotiq gripper by the text protocol of its server.

`SET NAME value …` is answered by `ack`, `GET NAME` by `NAME value`; values are bytes. POS 0 is
open, 255 closed; STA 3 means activated (Robotiq's URCap, port 63352).

    gripper_process.py SOCKET IP PORT ACTIVATE
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import time

from packets import GRIPPER, GRIPPER_TARGET

PERIOD = 0.03  # s between looks
TIMEOUT = 1.0  # s for an answer
ACTIVE = 3
ACTIVATION_TIMEOUT = 10.0  # s
AMPERES = 0.01  # per count of COU


class GripperLost(OSError):  # noqa: N818 - it says what happened
    """The gripper's server is silent or says what it should not."""


class Robotiq:
    """The gripper's registers."""

    def __init__(self, ip: str, port: int) -> None:
        self._stream = socket.create_connection((ip, port), TIMEOUT)
        self._lines = self._stream.makefile('rb')

    def get(self, name: str) -> int:
        """Read a register."""
        self._stream.sendall(f'GET {name}\n'.encode())
        answer = self._lines.readline().split()
        if len(answer) != 2 or answer[0].decode() != name or not answer[1].isdigit():
            raise GripperLost(f'answered {b" ".join(answer)!r} to GET {name}')
        return int(answer[1])

    def set(self, **values: int) -> None:
        """Write registers."""
        words = ' '.join(f'{name} {value}' for name, value in values.items())
        self._stream.sendall(f'SET {words}\n'.encode())
        answer = self._lines.readline()
        if answer.strip() != b'ack':
            raise GripperLost(f'answered {answer!r} to SET {words}')

    def activate(self) -> None:
        """Let it find its ends, by opening and closing once."""
        self.set(ACT=0)
        self.set(ACT=1)
        end = time.monotonic() + ACTIVATION_TIMEOUT
        while self.get('STA') != ACTIVE:
            if time.monotonic() > end:
                raise GripperLost('it does not become active')
            time.sleep(PERIOD)


def main(number: int, ip: str, port: int, activate: int) -> None:
    """Move as the loop says and report, until it hangs up."""
    loop = socket.socket(fileno=number)
    loop.setblocking(False)
    try:
        gripper = Robotiq(ip, port)
        if gripper.get('STA') != ACTIVE:
            if not activate:
                raise GripperLost('it is not activated: do that on the pendant, or give the option '
                                  'activate_gripper: true')
            gripper.activate()
        asked = (-1, -1)
        while True:
            target = _newest(loop)
            if target is not None:
                opening, force = (min(max(value, 0.0), 1.0) for value in target)
                counts = (round(255.0 * (1.0 - opening)), round(255.0 * force))
                if counts != asked:
                    gripper.set(POS=counts[0], SPE=255, FOR=counts[1], GTO=1)
                    asked = counts
            state = GRIPPER.pack(1.0 - gripper.get('POS') / 255.0, AMPERES * gripper.get('COU'))
            with contextlib.suppress(BlockingIOError):
                loop.send(state)
            time.sleep(PERIOD)
    except (OSError, EOFError) as error:
        if not isinstance(error, (EOFError, BrokenPipeError)):
            loop.send(json.dumps({'error': str(error) or type(error).__name__}).encode())


def _newest(loop: socket.socket) -> tuple[float, ...] | None:
    target = None
    while True:
        try:
            packet = loop.recv(4096)
        except BlockingIOError:
            return target
        if not packet:
            raise EOFError
        target = GRIPPER_TARGET.unpack(packet)


if __name__ == '__main__':
    main(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
