"""A running child process and its standard streams."""
from __future__ import annotations

import asyncio
import os
import pty
from collections.abc import Callable

__all__ = ['ProcessConnection', 'start_process']

_DRAIN_SECONDS = 0.2


class _PipeEnd(asyncio.Protocol):
    """Hands on what comes from a pseudo-terminal."""

    def __init__(self, connection: ProcessConnection, fd: int) -> None:
        self._connection = connection
        self._fd = fd

    def data_received(self, data: bytes) -> None:
        self._connection.pipe_data_received(self._fd, data)

    def connection_lost(self, _: Exception | None) -> None:
        self._connection.pipe_connection_lost(self._fd, None)


class ProcessConnection(asyncio.SubprocessProtocol):
    """Hands on the output of a process and tells when it has ended."""

    def __init__(self, on_output: Callable[[int, bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self._on_output = on_output
        self._open = {1: loop.create_future(), 2: loop.create_future()}
        self._transport: asyncio.SubprocessTransport | None = None
        self._terminals: list[asyncio.ReadTransport] = []
        self.exited: asyncio.Future[int] = loop.create_future()
        """Done with the return code as soon as the process has ended."""

    @property
    def pid(self) -> int:
        """The process id, which is the process group's id too."""
        return self._transport.get_pid()

    def connection_made(self, transport: asyncio.SubprocessTransport) -> None:
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._on_output(fd, data)

    def pipe_connection_lost(self, fd: int, _: Exception | None) -> None:
        if fd in self._open and not self._open[fd].done():
            self._open[fd].set_result(None)

    def process_exited(self) -> None:
        if not self.exited.done():
            self.exited.set_result(self._transport.get_returncode())

    async def wait(self) -> int:
        """Return the exit code once the process has ended and its last output is handed on."""
        code = await asyncio.shield(self.exited)
        # A child of the process may hold the pipes open for long, so the wait is short.
        await asyncio.wait(self._open.values(), timeout=_DRAIN_SECONDS)
        return code

    def close(self) -> None:
        """Close the streams."""
        for terminal in self._terminals:
            terminal.close()
        self._transport.close()


async def start_process(
    cmd: list[str],
    *,
    shell: bool,
    cwd: str | None,
    env: dict[str, str],
    emulate_tty: bool,
    on_output: Callable[[int, bytes], None],
) -> ProcessConnection:
    """
    Start a process in a session of its own, so that no key pressed in the terminal reaches it.

    `on_output` is called with 1 or 2 (standard output or error) and the bytes. Raises OSError.
    """
    loop = asyncio.get_running_loop()
    connection = ProcessConnection(on_output)
    words = ['/bin/sh', '-c', ' '.join(cmd)] if shell else cmd
    options = {'cwd': cwd, 'env': env, 'start_new_session': True}
    if not emulate_tty:
        await loop.subprocess_exec(lambda: connection, *words, **options)
        return connection
    pairs = {1: pty.openpty(), 2: pty.openpty()}
    try:
        for fd, (ours, _) in pairs.items():
            terminal, _ = await loop.connect_read_pipe(
                lambda fd=fd: _PipeEnd(connection, fd), os.fdopen(ours, 'rb', 0))
            connection._terminals.append(terminal)
        await loop.subprocess_exec(
            lambda: connection, *words, stdout=pairs[1][1], stderr=pairs[2][1], **options)
    except BaseException:
        for terminal in connection._terminals:
            terminal.close()
        raise
    finally:
        for _, theirs in pairs.values():
            os.close(theirs)
    return connection
