"""A Franka Hand beside the loop: goals go to its process, states come straight from its socket.

Nothing here waits, except `connect`. The hand moves itself, so targets are goals: a new one is
taken up when the motion before it has ended.

State datagram (libfranka, `research_interface/gripper/types.h`), packed, little-endian:
message_id u32, width f64 (m), max_width f64 (m), is_grasped u8, temperature u16 (°C).
"""

from __future__ import annotations

import json
import math
import os
import socket
import struct
import subprocess
import sys
import time
from typing import Any

from vla_core.profile import GripperProfile
from vla_hardware.franka.options import GripperOptions
from vla_hardware.interface import HardwareError

__all__ = ['Hand']

_STATE = struct.Struct('<IddBH')
DEADBAND = 0.01  # of the opening, within which a goal is the one before
NOTHING = 0.002  # m, the width of fingers closed on each other
SILENT = 1.0  # s without a state after which the hand counts as lost


class Hand:
    """One hand; openings are normalised: 0 closed, 1 open."""

    def __init__(self, ip: str, profile: GripperProfile, options: GripperOptions) -> None:
        self._ip = ip
        self._profile = profile
        self._options = options
        self._process: subprocess.Popen | None = None
        self._requests: socket.socket | None = None
        self._states: socket.socket | None = None
        self._answers = b''
        self._number = self._answered = 0
        self._goal = self._wanted = float('nan')
        self._force = 0.0
        self._heard = 0.0
        self.opening = self.velocity = 0.0
        self.width = self.max_width = 0.0
        self.temperature = 0
        self.grasped = False
        self.error = ''

    @property
    def busy(self) -> bool:
        """Whether a motion goes on."""
        return self._answered < self._number

    @property
    def effort(self) -> float:
        """Force with which something is held, N; the hand does not measure it."""
        return self._force if self.grasped else 0.0

    def connect(self, timeout: float) -> None:
        """Start the process and take its first state; HardwareError when there is no hand."""
        self.close()
        ours, theirs = socket.socketpair()
        with theirs:
            environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, sys.path))}
            self._process = subprocess.Popen(
                [sys.executable, '-m', 'vla_hardware.franka.hand_process', self._ip,
                 str(theirs.fileno())],
                pass_fds=[theirs.fileno()], env=environment, start_new_session=True)
        self._requests = ours
        ours.settimeout(timeout)
        try:
            data, descriptors, _, _ = socket.recv_fds(ours, 4096, 1)
        except TimeoutError:
            data, descriptors = b'', []
        answer = json.loads(data) if data else {'error': f'no answer within {timeout:g} s'}
        if answer['error']:
            self.close()
            said = answer['error'].removeprefix('libfranka gripper: ')
            raise HardwareError(f'franka: the hand at {self._ip}: {said}; give the option '
                                'gripper: null when none is mounted')
        ours.setblocking(False)
        self._states = socket.socket(fileno=descriptors[0])
        self._states.setblocking(False)
        self.width, self.max_width = answer['width'], answer['max_width']
        self.opening = float(self._profile.from_width(self.width))
        self._heard = time.monotonic()

    def aim(self, opening: float, effort: float) -> None:
        """Take a goal; NaN leaves the hand as it is. An effort that is not positive: the most."""
        if not math.isnan(opening):
            self._wanted = min(max(opening, 0.0), 1.0)
            self._force = effort if effort > 0.0 else self._profile.max_effort
        if self.busy or math.isnan(self._wanted) or abs(self._wanted - self._goal) <= DEADBAND:
            return
        if math.isnan(self._goal) and abs(self._wanted - self.opening) <= DEADBAND:
            self._goal = self._wanted  # it is there already
            return
        self._goal = self._wanted
        width = min(float(self._profile.to_width(self._goal)), self.max_width)
        speed = self._options.speed
        if width >= self.width:
            self.ask('move', width=width, speed=speed)
        elif self._goal < self._options.grasp_below:
            self.ask('grasp', width=width, speed=speed, force=self._force)
        else:
            self.ask('close_to', width=width, speed=speed, force=self._force)

    def ask(self, verb: str, **arguments: float) -> None:
        """Send a request to the process: homing, move, grasp, close_to or stop."""
        if self._requests is None:
            raise HardwareError('franka: no hand is connected')
        self._number += 1
        line = json.dumps({'number': self._number, 'verb': verb, **arguments}) + '\n'
        try:
            self._requests.send(line.encode())
        except OSError as error:
            self.error = f'the process of the hand is gone ({error})'
            self._answered = self._number

    def update(self) -> None:
        """Take what has come since the last call."""
        newest = None
        while (data := _received(self._states)):
            newest = data
        now = time.monotonic()
        if newest is not None and len(newest) >= _STATE.size:
            _, width, self.max_width, grasped, self.temperature = _STATE.unpack_from(newest)
            self.grasped = bool(grasped) and width > NOTHING
            before, self.opening = self.opening, float(self._profile.from_width(width))
            elapsed = max(now - self._heard, 1e-3)
            self.velocity = (self.opening - before) / elapsed
            self.width, self._heard = width, now
        elif now - self._heard > SILENT:
            self.velocity = 0.0
            self.error = self.error or 'the hand is silent'
        self._answers += _received(self._requests)
        while b'\n' in self._answers:
            line, _, self._answers = self._answers.partition(b'\n')
            answer: dict[str, Any] = json.loads(line)
            self._answered = answer['number']
            self.error = answer['error']

    def forget(self) -> None:
        """Drop the goals; the hand stays as it is."""
        self._goal = self._wanted = float('nan')

    def close(self) -> None:
        """End the process; what the hand holds it keeps holding."""
        for connection in (self._requests, self._states):
            if connection is not None:
                connection.close()
        self._requests = self._states = None
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
        self._number = self._answered = 0
        self._answers = b''
        self.forget()


def _received(connection: socket.socket | None) -> bytes:
    if connection is None:
        return b''
    try:
        return connection.recv(4096)
    except OSError:  # nothing there, or nobody
        return b''
