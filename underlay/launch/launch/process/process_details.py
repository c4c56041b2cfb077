"""What is to be run, all substitutions done."""
from __future__ import annotations

from dataclasses import dataclass

__all__ = ['ProcessDetails']


@dataclass(frozen=True)
class ProcessDetails:
    """
    How a process is started and ended.

    `name` is unique within the launch. `seconds` are the waits after SIGINT and after SIGTERM.
    """

    name: str
    cmd: list[str]
    cwd: str | None
    env: dict[str, str]
    shell: bool
    emulate_tty: bool
    seconds: tuple[float, float]
