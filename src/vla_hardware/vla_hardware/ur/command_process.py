"""A process that commands the robot by ur-rtde: setpoints as they come, orders one by one.

ur-rtde waits where the robot lets it wait, and reconnects by itself; the control loop must not.
The newest setpoint counts. When the loop hangs up, the arm is brought to rest and the program
ended.

    command_process.py SOCKET IP PRIORITY DECELERATION LOOKAHEAD GAIN SPEED_ACCELERATION RATE
                       WATCHDOG_HZ
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import sys
import time
from typing import Any

import dashboard_client
import rtde_control
import rtde_io
from packets import POSITION, SETPOINT, VELOCITY

KEEP_PRIORITY = -1  # ur-rtde leaves its threads as they are


class Commander:
    """The robot as the one who commands it sees it."""

    def __init__(
        self, ip: str, deceleration: float, lookahead: float, gain: float,
        speed_acceleration: float, rate: float, watchdog_hz: float,
    ) -> None:
        self._ip = ip
        self._watchdog_hz = watchdog_hz
        self._watched = False
        self._deceleration = deceleration
        self._servo = (0.0, 0.0, 1.0 / rate, lookahead, gain)
        self._period = 1.0 / rate
        self._speed_acceleration = speed_acceleration
        self._robot: rtde_control.RTDEControlInterface | None = None
        self._outputs: rtde_io.RTDEIOInterface | None = None
        self._moving = b''  # kind of the setpoints that the robot follows

    def setpoint(self, kind: bytes, values: list[float]) -> bool:
        """Follow; whether the robot took it."""
        if self._robot is None:
            return False
        if not self._watched:  # an arm that stands may wait for its first setpoint
            self._watched = self._robot.setWatchdog(self._watchdog_hz)
        if kind != self._moving:
            self.rest()
            self._moving = kind
        if kind == POSITION:
            return self._robot.servoJ(values, *self._servo)
        return self._robot.speedJ(values, self._speed_acceleration, 0.0)

    def rest(self) -> None:
        """Bring the arm to rest."""
        if self._robot is None:
            return
        if self._moving == POSITION:
            self._robot.servoStop(self._deceleration)
        elif self._moving == VELOCITY:
            self._robot.speedStop(self._deceleration)
        self._moving = b''

    # ---- orders: what they return is the answer, what they raise is its error

    def start(
        self, tcp: list[float], payload: dict[str, Any] | None, speed_slider: float | None,
    ) -> None:
        """Upload the control program; the arm stands."""
        self._robot = rtde_control.RTDEControlInterface(
            self._ip, -1.0, rtde_control.RTDEControlInterface.FLAG_UPLOAD_SCRIPT, 50002,
            KEEP_PRIORITY)
        # in motion it would take longer than the watchdog waits
        with contextlib.suppress(RuntimeError):
            self._outputs = rtde_io.RTDEIOInterface(self._ip)
        _must(self._robot.setTcp(tcp), 'the TCP')
        if payload is not None:
            self.payload(**payload)
        if speed_slider is not None:
            self.speed_slider(speed_slider)

    def stop(self) -> None:
        """Bring the arm to rest and end the control program."""
        if self._robot is not None:
            self.rest()
            self._robot.stopScript()

    def payload(self, mass: float, centre: list[float]) -> None:
        """Tell the robot what it carries: kg, m from the flange."""
        _must(self._started().setPayload(mass, centre), 'the payload')

    def zero_wrench(self) -> None:
        """Take what the wrist's sensor feels now as nothing."""
        _must(self._started().zeroFtSensor(), 'zeroing the sensor')

    def speed_slider(self, fraction: float) -> None:
        """Set the speed slider."""
        if self._outputs is None:
            raise RuntimeError('another client holds the speed slider')
        _must(self._outputs.setSpeedSlider(fraction), 'the speed slider')

    def force_mode(
        self, axes: list[int], wrench: list[float], limits: list[float], frame: list[float],
        kind: int,
    ) -> None:
        """Yield along axes of a frame until the arm exerts a wrench."""
        _must(self._started().forceMode(frame, axes, wrench, kind, limits), 'force mode')
        time.sleep(3.0 * self._period)  # else the next setpoint takes its place in the registers

    def end_force_mode(self) -> None:
        """Yield no more."""
        _must(self._started().forceModeStop(), 'the end of force mode')

    def look(self) -> dict[str, Any]:
        """What the dashboard says of the robot."""
        with _dashboard(self._ip) as board:
            version = board.polyscopeVersion()
            e_series = not version.startswith('3.')
            return {
                'version': version, 'model': board.getRobotModel(),
                'serial': board.getSerialNumber() if e_series else '',
                'series': 'e' if e_series else 'cb3',
                'robot_mode': _last_word(board.robotmode()),
                'safety_mode': _last_word(board.safetymode()),
                'remote': board.isInRemoteControl() if e_series else True,
            }

    def unlock(self) -> None:
        """Release a protective stop; the robot refuses it in the first seconds."""
        with _dashboard(self._ip) as board:
            board.closeSafetyPopup()
            board.unlockProtectiveStop()

    def power_on(self, timeout: float = 20.0) -> None:
        """Power the arm on and release its brakes, which moves the joints by a hair."""
        with _dashboard(self._ip) as board:
            board.powerOn()
            _await_mode(board, ('IDLE', 'RUNNING'), timeout)
            board.brakeRelease()
            _await_mode(board, ('RUNNING',), timeout)

    def _started(self) -> rtde_control.RTDEControlInterface:
        if self._robot is None:
            raise RuntimeError('the control program does not run')
        return self._robot


@contextlib.contextmanager
def _dashboard(ip: str):
    board = dashboard_client.DashboardClient(ip)
    board.connect(2000)
    try:
        yield board
    finally:
        board.disconnect()


def _last_word(text: str) -> str:
    return re.split(r'[:\s]+', text.strip())[-1]


def _await_mode(board: dashboard_client.DashboardClient, modes: tuple[str, ...], timeout: float):
    end = time.monotonic() + timeout
    while (mode := _last_word(board.robotmode())) not in modes:
        if time.monotonic() > end:
            raise RuntimeError(f'the robot stays in mode {mode}')
        time.sleep(0.1)


def _must(taken: bool, what: str) -> None:
    if not taken:
        raise RuntimeError(f'the robot did not take {what}')


def _newest(loop: socket.socket) -> tuple[bytes, list[bytes]]:
    """Wait for a packet; the newest setpoint of those that are there, and all orders. b'' ends."""
    setpoint, orders = b'', []
    packet = loop.recv(65536)
    while True:
        if not packet:
            raise EOFError
        if packet[:1] == b'{':
            orders.append(packet)
        else:
            setpoint = packet
        try:
            packet = loop.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return setpoint, orders


def _carry_out(commander: Commander, order: bytes) -> bytes:
    request = json.loads(order)
    answer: dict[str, Any] = {'id': request['id'], 'verb': request['verb']}
    try:
        answer['result'] = getattr(commander, request['verb'])(**request['arguments'])
    except (RuntimeError, ValueError, IndexError) as error:
        answer['error'] = ' '.join(str(error).split()) or type(error).__name__
    return json.dumps(answer).encode()


def main(number: int, ip: str, priority: int, *figures: float) -> None:
    """Take setpoints and orders until the loop hangs up."""
    loop = socket.socket(fileno=number)
    if priority:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    commander = Commander(ip, *figures)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            setpoint, orders = _newest(loop)
            for order in orders:
                loop.send(_carry_out(commander, order))
            if setpoint:
                kind, *values = SETPOINT.unpack(setpoint)
                commander.setpoint(kind, values)
    with contextlib.suppress(RuntimeError):
        commander.stop()
    os._exit(0)  # ur-rtde would wait half a second for each of its sockets


if __name__ == '__main__':
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), *map(float, sys.argv[4:]))
