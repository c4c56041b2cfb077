"""What a person at the robot can do, for tests (port 40000): one JSON object a line, one back.

Press and turn the emergency stop, take remote control away, pull the cable, push the arm.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ur_controller.server import LineConnection, Server

if TYPE_CHECKING:
    from ur_controller.controller import Controller

PORT = 40000


class BenchConnection(LineConnection):
    """One test."""

    def __init__(self, stream: socket.socket, server: BenchServer) -> None:
        super().__init__(stream)
        self._server = server

    def close(self) -> None:
        super().close()
        self._server.left()

    def answer(self, line: str) -> str:
        request = json.loads(line)
        return json.dumps(self._server.carry_out(request.pop('do'), request))


class BenchServer(Server):
    """Carries out what tests ask."""

    def __init__(self, address: str, controller: Controller, session: bool) -> None:
        self._controller = controller
        self._session = session
        self.ending = False
        super().__init__(address, PORT)

    def connect(self, stream: socket.socket) -> BenchConnection:
        return BenchConnection(stream, self)

    def left(self) -> None:
        """A test has hung up, and with it goes a controller that was made for it."""
        self.ending = self.ending or self._session

    def carry_out(self, verb: str, arguments: Mapping[str, Any]) -> object:
        """Do it; the result goes back to the test."""
        controller = self._controller
        actions = {
            'protective_stop': controller.protective_stop,
            'emergency_stop': controller.emergency_stop,
            'release_emergency_stop': controller.release_emergency_stop,
            'power_off': controller.power_off,
            'push': controller.push,
            'remote': self._remote, 'pull_cable': self._pull_cable, 'plug_in': self._plug_in,
            'hang_up': self._hang_up, 'corrupt': self._corrupt, 'state': self._state,
            'restore': self._restore, 'script': controller.start_program,
            'end_program': controller.end_program, 'forget': self._forget, 'end': self._end,
        }
        return actions[verb](**arguments)

    def _remote(self, on: bool) -> None:
        self._controller.remote = on
        if not on:
            self._controller.end_program()

    def _pull_cable(self) -> None:
        for server in self._controller.servers:
            server.frozen = True

    def _plug_in(self) -> None:
        for server in self._controller.servers:
            server.frozen = False
            server.listen()

    def _hang_up(self) -> None:
        for server in self._controller.servers:
            server.refuse()

    def _corrupt(self, data: str) -> None:
        self._controller.rtde.corrupt(bytes.fromhex(data))

    def _restore(self) -> None:
        self._plug_in()
        self._controller.restore()

    def _forget(self) -> None:
        self._controller.arm.reference.largest_qdd = 0.0

    def _end(self) -> None:
        self.ending = True

    def _state(self) -> dict[str, Any]:
        controller = self._controller
        arm = controller.arm
        return {
            'time': controller.time, 'q': arm.q.tolist(), 'qd': arm.qd.tolist(),
            'target_q': arm.reference.q.tolist(), 'target_qd': arm.reference.qd.tolist(),
            'largest_qdd': arm.reference.largest_qdd, 'scaling': arm.reference.scaling,
            'program': controller.program.name if controller.program is not None else '',
            'robot_mode': controller.robot_mode.name, 'safety_mode': controller.safety_mode.name,
            'payload': controller.outputs['payload'], 'opening': arm.opening,
            'force_mode': arm.force_mode is not None, 'wrench': arm.wrench.tolist(),
            'said': list(controller.said),
        }
