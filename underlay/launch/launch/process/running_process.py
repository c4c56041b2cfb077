"""A process from its start to the end of all it has started."""
from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from pathlib import Path

from .process_connection import ProcessConnection, start_process
from .process_details import ProcessDetails
from .process_tree import ProcessTree
from .terminator import Terminator

__all__ = ['RunningProcess']


class RunningProcess:
    """
    Runs a process until it ends, or until `end_wanted` is set.

    `on_start` is called with the process id, `on_output` with 1 or 2 (standard output or error)
    and the bytes. `hurry` cuts short the waits between the signals that end the process.
    """

    def __init__(
        self,
        details: ProcessDetails,
        *,
        on_start: Callable[[int], None],
        on_output: Callable[[int, bytes], None],
        end_wanted: asyncio.Event,
        hurry: asyncio.Event,
        logger: logging.Logger,
    ) -> None:
        self._details = details
        self._on_start = on_start
        self._connection = ProcessConnection(self._begin, on_output)
        self._end_wanted = end_wanted
        self._hurry = hurry
        self._logger = logger
        self._ending: asyncio.Future | None = None

    def _begin(self, pid: int) -> None:
        self._tree = ProcessTree(pid)
        self._terminator = Terminator(
            self._tree, self._connection.exited, self._details.seconds, self._hurry, self._logger)
        self._on_start(pid)

    @property
    def ending(self) -> asyncio.Future | None:
        """The task that ends the process and what it leaves behind, while there is any."""
        return None if self._ending is None or self._ending.done() else self._ending

    async def run(self) -> int:
        """Start the process and return its exit code; raise RuntimeError naming what is wrong."""
        details = self._details
        try:
            await start_process(
                self._connection, details.cmd, shell=details.shell, cwd=details.cwd,
                env=details.env, emulate_tty=details.emulate_tty)
        except OSError as error:
            raise RuntimeError(_explain(details, error)) from error
        self._ending = asyncio.ensure_future(self._end_when_wanted())
        return await self._connection.wait()

    async def clear_up(self, *, runs_again: bool) -> None:
        """
        Deal with what the ended process has left behind.

        It ends with the process if that is to end or to run again, and runs on otherwise until
        the end is wanted.
        """
        if self._end_wanted.is_set():
            await self._ending
        elif runs_again:
            await self._terminator.end_orphans()
            self._ending.cancel()
        elif not self._tree.survivors():
            self._ending.cancel()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and those in its group, unless it has ended."""
        if self._ending is not None and not self._connection.exited.done():
            self._logger.info(f'sending {number.name}')
            self._tree.signal(number)

    async def _end_when_wanted(self) -> None:
        try:
            await self._end_wanted.wait()
            await self._terminator.end()
        finally:
            self._tree.signal_survivors(signal.SIGKILL)
            self._connection.close()


def _explain(details: ProcessDetails, error: OSError) -> str:
    if details.cwd is not None and not Path(details.cwd).is_dir():
        return f'process {details.name!r}: its working folder {details.cwd!r} does not exist'
    return f'process {details.name!r} cannot be started: {details.cmd[0]!r}: {error.strerror}'
