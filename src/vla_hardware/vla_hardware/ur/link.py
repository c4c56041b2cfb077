"""The processes that own the robot's sockets, and the wire to each of them.

The control loop reads and writes datagrams and never waits. A process that hangs or dies is noticed
by its silence; `renew` puts a new one in its place.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from vla_hardware.interface import HardwareError
from vla_hardware.ur.options import UrOptions
from vla_hardware.ur.packets import GRIPPER, GRIPPER_TARGET, SETPOINT, STATE

__all__ = ['GripperLink', 'RobotLink', 'Wire']

RTDE_PORT = 30004
ANSWER_TIMEOUT = 8.0  # s, for an order that uploads a program
LEAVE_TIMEOUT = 1.5  # s to bring the arm to rest and end the program
MOST_PACKETS = 64  # taken at once


class Wire:
    """One process and the socket to it."""

    def __init__(self, script: str, *arguments: object) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name(script)), str(theirs.fileno()),
                 *map(str, arguments)], pass_fds=[theirs.fileno()], start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._socket = ours
        ours.setblocking(False)

    def receive(self) -> bytes | None:
        """The next packet, or None; b'' when the process has gone."""
        try:
            return self._socket.recv(65536)
        except BlockingIOError:
            return None
        except OSError:
            return b''

    def newest(self) -> bytes | None:
        """The newest packet, or None; b'' when the process has gone."""
        newest = packet = None
        for _ in range(MOST_PACKETS):
            packet = self.receive()
            if not packet:
                break
            newest = packet
        return packet if newest is None else newest

    def wait(self, timeout: float) -> bytes | None:
        """Wait for a packet; None when none comes, b'' when the process has gone."""
        select.select([self._socket], [], [], max(timeout, 0.0))
        return self.receive()

    def send(self, packet: bytes) -> bool:
        """Send, unless the process takes nothing."""
        try:
            self._socket.send(packet)
        except OSError:
            return False
        return True

    def last_words(self) -> str:
        """The last line that a process which has gone has said."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        if self._process.poll() is None:
            return ''
        lines = self._process.stderr.read().decode(errors='replace').strip().splitlines()
        return lines[-1] if lines else f'status {self._process.returncode}'

    def close(self, patience: float = 0.0) -> None:
        """Hang up; a process that does not end within `patience` s is killed."""
        self._socket.close()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stderr.close()


class RobotLink:
    """States from the robot, setpoints and orders to it."""

    def __init__(self, options: UrOptions) -> None:
        self._options = options
        self._states: Wire | None = None
        self._commands: Wire | None = None
        self._number = 0

    def open(self) -> tuple[float, ...]:
        """Connect anew; the first state. HardwareError when the robot is not there."""
        self.close()
        options = self._options
        try:
            socket.create_connection((options.ip, RTDE_PORT), options.connect_timeout).close()
        except OSError as error:
            raise HardwareError(
                f'ur: link_lost: no controller answers at {options.ip} port {RTDE_PORT} '
                f'({error}): check the address, the cable and that the robot is on') from error
        self._states = Wire('state_process.py', options.ip, options.rate, options.priority)
        self.renew_commander()
        packet = self._states.wait(options.connect_timeout)
        if not packet:
            why = self._states.last_words() if packet == b'' else 'it sends no states'
            self.close()
            raise HardwareError(f'ur: link_lost: the controller at {options.ip} does not speak '
                                f'RTDE as it should ({why})')
        return STATE.unpack(packet)

    def renew_commander(self) -> None:
        """Put a new process in the place of the one that commands the robot."""
        if self._commands is not None:
            self._commands.close(LEAVE_TIMEOUT)
        options = self._options
        self._commands = Wire(
            'command_process.py', options.ip, options.priority, options.deceleration,
            options.lookahead, options.gain, options.speed_acceleration, options.rate,
            options.watchdog_hz)

    def state(self) -> tuple[float, ...] | None:
        """The newest state since the last call, or None."""
        packet = self._states.newest()
        return STATE.unpack(packet) if packet else None

    def stale(self) -> bool:
        """Whether states have stopped."""
        if self._states is None:
            return True
        self._states.newest()
        return not self._states.wait(self._options.link_timeout)

    def setpoint(self, kind: bytes, values: list[float]) -> bool:
        """Send a setpoint; False when the commanding process takes none."""
        return self._commands.send(SETPOINT.pack(kind, *values))

    def order(self, verb: str, **arguments: object) -> int:
        """Give an order without waiting; its answer comes in `answers` under this number."""
        self._number += 1
        request = {'id': self._number, 'verb': verb, 'arguments': arguments}
        if not self._commands.send(json.dumps(request).encode()):
            raise HardwareError(f'ur: the link takes no order {verb!r}; recover it')
        return self._number

    def answer(self) -> dict[str, Any] | None:
        """The next answer to an order, or None."""
        packet = self._commands.receive()
        return json.loads(packet) if packet else None

    def ask(self, verb: str, timeout: float = ANSWER_TIMEOUT, **arguments: object) -> Any:
        """Give an order and wait for its result; HardwareError says why there is none."""
        number = self.order(verb, **arguments)
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0.0:
            packet = self._commands.wait(left)
            if packet == b'':
                raise HardwareError(f'ur: {verb}: {self._commands.last_words()}')
            answer = json.loads(packet) if packet else {}
            if answer.get('id') == number:
                if 'error' in answer:
                    raise HardwareError(f'ur: {verb}: {answer["error"]}')
                return answer['result']
        raise HardwareError(f'ur: {verb}: the robot did not answer within {timeout:g} s')

    def close(self) -> None:
        """Hang up; the commanding process brings the arm to rest first."""
        for wire, patience in ((self._commands, LEAVE_TIMEOUT), (self._states, 0.0)):
            if wire is not None:
                wire.close(patience)
        self._commands = self._states = None


class GripperLink:
    """Openings from the gripper, targets to it."""

    def __init__(self, options: UrOptions) -> None:
        self._options = options
        self._wire: Wire | None = None
        self.opening, self.velocity, self.current = 0.0, 0.0, 0.0
        self._at = 0.0

    def open(self) -> None:
        """Connect anew; HardwareError when no gripper answers."""
        self.close()
        options = self._options
        self._wire = Wire('gripper_process.py', options.ip, options.gripper_port,
                          int(options.activate_gripper))
        packet = self._wire.wait(15.0 if options.activate_gripper else options.connect_timeout)
        trouble = self._take(packet, time.monotonic()) if packet else 'it says nothing'
        self.velocity = 0.0
        if trouble:
            self.close()
            raise HardwareError(
                f'ur: gripper at {options.ip} port {options.gripper_port}: {trouble}; without a '
                'gripper give the option gripper: none')

    def look(self) -> str:
        """Take the newest state; what is wrong, or ''."""
        packet = self._wire.newest()
        if packet is None:
            return ''
        return self._take(packet, time.monotonic()) if packet else 'its link ended'

    def _take(self, packet: bytes, now: float) -> str:
        if packet[:1] == b'{' and len(packet) != GRIPPER.size:
            return json.loads(packet)['error']
        opening, self.current = GRIPPER.unpack(packet)
        self.velocity = (opening - self.opening) / max(now - self._at, 1e-3)
        self.opening, self._at = opening, now
        return ''

    def target(self, opening: float, force: float) -> None:
        """Move to an opening with a share of the force."""
        self._wire.send(GRIPPER_TARGET.pack(opening, force))

    def close(self) -> None:
        """Hang up."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
