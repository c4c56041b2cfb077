"""A process with everything it has started."""
from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ['ProcessTree']


class _Entry(NamedTuple):
    """One line of the process table; a process id alone may be taken by another later."""

    pid: int
    parent: int
    group: int
    started: str


class ProcessTree:
    """
    The process group of `leader`, and the descendants that left it for a group of their own.

    A descendant whose parent ended before it was seen, and which also left the group, is a
    daemon on purpose and not of this tree.
    """

    def __init__(self, leader: int) -> None:
        self._leader = leader
        self._seen: set[_Entry] = set()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process group, as a key in the terminal would."""
        try:
            os.killpg(self._leader, number)
        except (ProcessLookupError, PermissionError):
            self._signal_each(self.survivors(), number)

    def signal_survivors(self, number: signal.Signals) -> None:
        """Send a signal to every process of the tree that still runs."""
        self._signal_each(self.survivors(), number)

    def look(self) -> None:
        """Remember the descendants there are now, for after their parents have ended."""
        self.survivors()

    def survivors(self) -> list[int]:
        """Return the processes of the tree that still run."""
        table = {entry.pid: entry for entry in _process_table()}
        ours = {
            entry.pid for entry in table.values()
            if entry.group == self._leader or entry.pid == self._leader
            or any(seen.pid == entry.pid and seen.started == entry.started
                   for seen in self._seen)
        }
        ours |= _descendants(ours, table)
        self._seen |= {table[pid] for pid in ours}
        return sorted(ours)

    def _signal_each(self, pids: list[int], number: signal.Signals) -> None:
        for pid in pids:
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                continue


def _descendants(roots: set[int], table: dict[int, _Entry]) -> set[int]:
    found = set(roots)
    while True:
        children = {entry.pid for entry in table.values() if entry.parent in found} - found
        if not children:
            return found
        found |= children


def _process_table() -> Iterator[_Entry]:
    for folder in Path('/proc').iterdir():
        if not folder.name.isdigit():
            continue
        try:
            # The command name, in brackets, may hold anything: read from the last bracket on.
            fields = (folder / 'stat').read_text(errors='replace').rpartition(')')[2].split()
        except OSError:
            continue
        if fields[0] not in 'ZX':
            yield _Entry(int(folder.name), int(fields[1]), int(fields[2]), fields[19])
