"""The end of a process and of all it has started, by ever harsher signals."""
from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Sequence

from .process_tree import ProcessTree

__all__ = ['Terminator', 'wait_first']

_POLL_SECONDS = 0.05
_ORPHAN_SECONDS = 1.0


class Terminator:
    """
    Ends a process tree: SIGINT as by a key in a terminal, then SIGTERM, then SIGKILL.

    `exited` is done when the process itself has ended; what it leaves behind gets the next signal
    a second later. `seconds` are the waits after SIGINT and after SIGTERM, which `hurry` cuts
    short.
    """

    def __init__(
        self,
        tree: ProcessTree,
        exited: asyncio.Future,
        seconds: Sequence[float],
        hurry: asyncio.Event,
        logger: logging.Logger,
    ) -> None:
        self._tree = tree
        self._exited = exited
        self._seconds = seconds
        self._hurry = hurry
        self._logger = logger

    async def end(self) -> None:
        """Send one signal after the other until nothing of the tree runs."""
        self._tree.look()
        for number, seconds in zip((signal.SIGINT, signal.SIGTERM), self._seconds):
            self._send(number)
            if await self._all_gone(seconds):
                return
            self._logger.error(f'has not ended on {number.name} in time')
            self._hurry.clear()
        self._send(signal.SIGKILL)
        await self._all_gone(_ORPHAN_SECONDS)

    async def end_orphans(self) -> None:
        """End what the ended process has left behind."""
        if self._tree.survivors():
            self._tree.signal_survivors(signal.SIGTERM)
            await self._all_gone(_ORPHAN_SECONDS)

    def _send(self, number: signal.Signals) -> None:
        if self._exited.done() or number is signal.SIGKILL:
            self._tree.signal_survivors(number)
            return
        self._logger.info(f'sending {number.name}')
        self._tree.look()
        self._tree.signal(number)

    async def _all_gone(self, seconds: float) -> bool:
        now = asyncio.get_running_loop().time
        deadline = now() + seconds
        await wait_first(asyncio.shield(self._exited), self._hurry.wait(), timeout=seconds)
        if self._exited.done():
            deadline = min(deadline, now() + _ORPHAN_SECONDS)
        while self._tree.survivors():
            if self._hurry.is_set() or now() >= deadline:
                return False
            await asyncio.sleep(_POLL_SECONDS)
        return True


async def wait_first(*awaitables: Awaitable, timeout: float) -> None:
    """Wait until one of the awaitables is done or the seconds have passed."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
