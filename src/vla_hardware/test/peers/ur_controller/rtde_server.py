"""The Real-Time Data Exchange, protocol version 2 (port 30004).

Packages are a header (uint16 size with the header, uint8 type) and a payload, big-endian.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from ur_controller.server import Connection, Server
from ur_controller.variables import INPUTS, OUTPUTS, Recipe

if TYPE_CHECKING:
    from ur_controller.controller import Controller

PORT = 30004
HEADER = struct.Struct('>HB')
VERSION, CONTROLLER_VERSION, TEXT = b'VvM'
DATA, OUTPUT_SETUP, INPUT_SETUP, START, PAUSE = b'UOISP'
ERROR, WARNING, INFORMATION = 1, 2, 3


class RtdeConnection(Connection):
    """One client: its recipes, and whether it is sent data."""

    def __init__(self, stream: socket.socket, server: RtdeServer) -> None:
        super().__init__(stream)
        self._server = server
        self._controller = server.controller
        self._pending = b''
        self._output: Recipe | None = None
        self._inputs: dict[int, Recipe] = {}
        self._every, self._cycle = 1, 0
        self.claimed: set[str] = set()
        self.started = False

    def take(self, data: bytes) -> None:
        self._pending += data
        while len(self._pending) >= HEADER.size:
            size, kind = HEADER.unpack_from(self._pending)
            if size < HEADER.size:
                self.close()
                return
            if len(self._pending) < size:
                return
            payload, self._pending = self._pending[HEADER.size:size], self._pending[size:]
            self._handle(kind, payload)

    def package(self, kind: int, payload: bytes) -> None:
        """Send one package."""
        self.send(HEADER.pack(HEADER.size + len(payload), kind) + payload)

    def _handle(self, kind: int, payload: bytes) -> None:
        if kind == VERSION:
            self.package(kind, bytes([struct.unpack('>H', payload)[0] == 2]))
        elif kind == CONTROLLER_VERSION:
            self.package(kind, struct.pack('>4I', *self._controller.version))
        elif kind == OUTPUT_SETUP:
            self.package(kind, self._set_output(payload))
        elif kind == INPUT_SETUP:
            self.package(kind, self._set_input(payload))
        elif kind == START:
            self.started = self._output is not None
            self.package(kind, bytes([self.started]))
        elif kind == PAUSE:
            self.started = False
            self.package(kind, b'\x01')
        elif kind == DATA:
            self._take_inputs(payload)

    def _set_output(self, payload: bytes) -> bytes:
        frequency, = struct.unpack_from('>d', payload)
        names = _names(payload[8:])
        types = [OUTPUTS.get(name, 'NOT_FOUND') for name in names]
        if 'NOT_FOUND' in types or not 1.0 <= frequency <= self._controller.rate:
            return b'\x00' + ','.join(types).encode()
        self._every = max(1, round(self._controller.rate / frequency))
        self._output = Recipe(1, names, types)
        return b'\x01' + ','.join(types).encode()

    def _set_input(self, payload: bytes) -> bytes:
        names = _names(payload)
        taken = self._server.claimed_by_others(self)
        types = ['IN_USE' if name in taken else INPUTS.get(name, 'NOT_FOUND') for name in names]
        if 'IN_USE' in types or 'NOT_FOUND' in types:
            return b'\x00' + ','.join(types).encode()
        number = len(self._inputs) + 1
        self._inputs[number] = Recipe(number, names, types)
        self.claimed.update(names)
        return bytes([number]) + ','.join(types).encode()

    def _take_inputs(self, payload: bytes) -> None:
        recipe = self._inputs.get(payload[0]) if payload else None
        if recipe is None:
            self.say('data package of an unknown recipe', ERROR)
            return
        try:
            self._controller.take_inputs(recipe.unpack(payload))
        except ValueError as error:
            self.say(str(error), ERROR)

    def say(self, text: str, level: int) -> None:
        """Send a text message."""
        message, source = text.encode()[:255], b'controller'
        self.package(TEXT, bytes([len(message)]) + message
                     + bytes([len(source)]) + source + bytes([level]))

    def publish(self) -> None:
        """Send a data package when it is time for one."""
        self._cycle += 1
        if self.started and self._cycle % self._every == 0:
            self.package(DATA, self._output.pack(self._controller.outputs))


class RtdeServer(Server):
    """All clients of the exchange; an input variable belongs to one of them."""

    def __init__(self, address: str, controller: Controller) -> None:
        self.controller = controller
        super().__init__(address, PORT)

    def connect(self, stream: socket.socket) -> RtdeConnection:
        return RtdeConnection(stream, self)

    def claimed_by_others(self, asking: RtdeConnection) -> set[str]:
        """Input variables that another client holds."""
        return {name for connection in self.connections if connection is not asking
                for name in connection.claimed}

    def publish(self) -> None:
        """Send every client its data."""
        if not self.frozen:
            for connection in self.connections:
                connection.publish()

    def say(self, text: str, warning: bool) -> None:
        """Send a text message to all."""
        for connection in self.connections:
            connection.say(text, WARNING if warning else INFORMATION)

    def corrupt(self, data: bytes) -> None:
        """Send bytes that are no package to everybody who is sent data."""
        for connection in self.connections:
            if connection.started:
                connection.send(data)


def _names(payload: bytes) -> list[str]:
    return [name for name in payload.decode().split(',') if name]
