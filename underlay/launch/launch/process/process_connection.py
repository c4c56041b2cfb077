"""A running child process and its standard streams."""
from __future__ import annotations

import asyncio
import io
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
    """
    Tells when a process runs and when it has ended, and hands on its output in between.

    `on_start` is called with the process id, `on_output` with 1 or 2 (standard output or error)
    and the bytes.
    """

    def __init__(
        self, on_start: Callable[[int], None], on_output: Callable[[int, bytes], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self._on_start = on_start
        self._on_output = on_output
        self._open = {1: loop.create_future(), 2: loop.create_future()}
        self._transport: asyncio.SubprocessTransport | None = None
        self._terminals: list[asyncio.ReadTransport] = []
        self.exited: asyncio.Future[int] = loop.create_future()
        """Done with the return code as soon as the process has ended."""

    def connection_made(self, transport: asyncio.SubprocessTransport) -> None:
        self._transport = transport
        self._on_start(transport.get_pid())

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._on_output(fd, data)

    def pipe_connection_lost(self, fd: int, _: Exception | None) -> None:
        if fd in self._open and not self._open[fd].done():
            self._open[fd].set_result(None)

    def process_exited(self) -> None:
        if not self.exited.done():
            self.exited.set_result(self._transport.get_returncode())

    async def listen_to(self, fd: int, stream: io.RawIOBase) -> None:
        """Hand on what comes from the terminal that the process has as `fd`."""
        terminal, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: _PipeEnd(self, fd), stream)
        self._terminals.append(terminal)

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
    connection: ProcessConnection,
    cmd: list[str],
    *,
    shell: bool,
    cwd: str | None,
    env: dict[str, str],
    emulate_tty: bool,
) -> None:
    """
    Start a process in a session of its own, so that no key pressed in the terminal reaches it.

    The process id is that of its process group too. Raises OSError.
    """
    words = ['/bin/sh', '-c', ' '.join(cmd)] if shell else cmd
    options = {'cwd': cwd, 'env': env, 'start_new_session': True}
    if emulate_tty:
        await _start_in_terminals(connection, words, options)
        return
    await asyncio.get_running_loop().subprocess_exec(lambda: connection, *words, **options)


async def _start_in_terminals(
    connection: ProcessConnection, words: list[str], options: dict,
) -> None:
    pairs = {1: pty.openpty(), 2: pty.openpty()}
    theirs = {fd: pair[1] for fd, pair in pairs.items()}
    ours = {fd: os.fdopen(pair[0], 'rb', 0) for fd, pair in pairs.items()}
    try:
        await asyncio.get_running_loop().subprocess_exec(
            lambda: connection, *words, stdout=theirs[1], stderr=theirs[2], **options)
    except BaseException:
        for stream in ours.values():
            stream.close()
        raise
    finally:
        for fd in theirs.values():
            os.close(fd)
    for fd, stream in ours.items():
        await connection.listen_to(fd, stream)
