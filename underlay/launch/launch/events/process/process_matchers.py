"""Matchers of processes by what they are."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...actions.execute_process import ExecuteProcess

__all__ = ['matches_executable', 'matches_name', 'matches_pid']


def matches_pid(pid: int) -> Callable[[ExecuteProcess], bool]:
    """Return a matcher by process id."""
    return lambda action: (action.process_details or {}).get('pid') == pid


def matches_name(name: str) -> Callable[[ExecuteProcess], bool]:
    """Return a matcher by the unique name of the process."""
    return lambda action: (action.process_details or {}).get('name') == name


def matches_executable(executable: str) -> Callable[[ExecuteProcess], bool]:
    """Return a matcher by the first word of the command line."""
    return lambda action: (action.process_details or {}).get('cmd', [None])[0] == executable
