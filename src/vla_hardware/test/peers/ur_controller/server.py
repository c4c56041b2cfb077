"""Sockets that are looked at once a cycle: nothing waits, so the controller keeps its rate."""

from __future__ import annotations

import contextlib
import socket


class Connection:
    """One client; subclasses take what it sends."""

    def __init__(self, stream: socket.socket) -> None:
        stream.setblocking(False)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = stream
        self.open = True

    def poll(self) -> None:
        """Take what has come."""
        while self.open:
            try:
                data = self._stream.recv(65536)
            except BlockingIOError:
                return
            except OSError:
                data = b''
            if not data:
                self.close()
                return
            self.take(data)

    def take(self, data: bytes) -> None:
        """What the client sent."""

    def send(self, data: bytes) -> None:
        """Send, or drop a client that does not read."""
        try:
            self._stream.sendall(data)
        except OSError:
            self.close()

    def close(self) -> None:
        """Hang up."""
        self.open = False
        with contextlib.suppress(OSError):
            self._stream.close()


class Server:
    """Listens at one port; `connect` makes the connection of a client."""

    def __init__(self, address: str, port: int) -> None:
        self._at = (address, port)
        self._listener: socket.socket | None = None
        self.connections: list[Connection] = []
        self.frozen = False  # a pulled cable: nothing comes or goes, nobody is told
        self.listen()

    def listen(self) -> None:
        """Take clients from now on."""
        if self._listener is None:
            self._listener = socket.create_server(self._at)
            self._listener.setblocking(False)

    def connect(self, stream: socket.socket) -> Connection:
        """A connection for a client that has called."""
        raise NotImplementedError

    def poll(self, greets: bool = True) -> None:
        """Take what clients send, and new clients when it `greets`."""
        if self.frozen:
            return
        while greets and self._listener is not None:
            try:
                stream, _ = self._listener.accept()
            except BlockingIOError:
                break
            self.connections.append(self.connect(stream))
        for connection in self.connections:
            connection.poll()
        self.connections = [connection for connection in self.connections if connection.open]

    def refuse(self) -> None:
        """Hang up on every client and take no more."""
        for connection in self.connections:
            connection.close()
        self.connections = []
        if self._listener is not None:
            self._listener.close()
            self._listener = None


class LineConnection(Connection):
    """A client that speaks in lines; `answer` gives the reply, or None for silence."""

    def __init__(self, stream: socket.socket) -> None:
        super().__init__(stream)
        self._pending = b''

    def take(self, data: bytes) -> None:
        *lines, self._pending = (self._pending + data).split(b'\n')
        for line in lines:
            reply = self.answer(line.decode(errors='replace').strip())
            if reply is not None:
                self.send(reply.encode() + b'\n')

    def answer(self, line: str) -> str | None:
        """The reply to one line."""
        raise NotImplementedError
