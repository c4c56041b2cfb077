"""The base of events about a process."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ...event import Event

if TYPE_CHECKING:
    from ...actions.execute_process import ExecuteProcess

__all__ = ['RunningProcessEvent']


class RunningProcessEvent(Event):
    """Something that happened to a process."""

    name = 'launch.events.process.RunningProcessEvent'

    def __init__(
        self,
        *,
        action: ExecuteProcess,
        name: str,
        cmd: list[str],
        cwd: str | None,
        env: dict[str, str] | None,
        pid: int,
    ) -> None:
        self.__action = action
        self.__name = name
        self.__cmd = cmd
        self.__cwd = cwd
        self.__env = env
        self.__pid = pid

    @property
    def action(self) -> ExecuteProcess:
        """The action that started the process."""
        return self.__action

    @property
    def execute_process_action(self) -> ExecuteProcess:
        """The action that started the process."""
        return self.__action

    @property
    def process_name(self) -> str:
        """The unique name of the process, with its number."""
        return self.__name

    @property
    def cmd(self) -> list[str]:
        """The command line."""
        return self.__cmd

    @property
    def cwd(self) -> str | None:
        """The working folder, None for that of the launch."""
        return self.__cwd

    @property
    def env(self) -> dict[str, str] | None:
        """The environment of the process."""
        return self.__env

    @property
    def pid(self) -> int:
        """The process id."""
        return self.__pid
