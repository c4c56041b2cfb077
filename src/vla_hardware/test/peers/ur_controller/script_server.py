"""The script interfaces (ports 30001 to 30003): a program is carried out as soon as it is whole."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from ur_controller.server import Connection, Server

if TYPE_CHECKING:
    from ur_controller.controller import Controller

PORTS = (30001, 30002, 30003)


class ScriptConnection(Connection):
    """One client: a program begins with `def` and ends with `end` at the margin."""

    def __init__(self, stream: socket.socket, controller: Controller) -> None:
        super().__init__(stream)
        self._controller = controller
        self._pending = ''

    def take(self, data: bytes) -> None:
        self._pending += data.decode(errors='replace')
        while '\nend\n' in self._pending:
            script, _, self._pending = self._pending.partition('\nend\n')
            self._controller.start_program(script)


class ScriptServer(Server):
    """All clients of one script port."""

    def __init__(self, address: str, port: int, controller: Controller) -> None:
        self._controller = controller
        super().__init__(address, port)

    def connect(self, stream: socket.socket) -> ScriptConnection:
        return ScriptConnection(stream, self._controller)
