"""Events of what goes into a process and what comes out."""
from typing import Any

from .running_process_event import RunningProcessEvent

__all__ = ['ProcessIO', 'ProcessStderr', 'ProcessStdin', 'ProcessStdout']


class ProcessIO(RunningProcessEvent):
    """Bytes went through a standard stream of a process; `fd` is its number."""

    name = 'launch.events.process.ProcessIO'

    def __init__(self, *, text: bytes, fd: int, **details: Any) -> None:
        super().__init__(**details)
        self.__text = text
        self.__fd = fd

    @property
    def text(self) -> bytes:
        """The bytes, as they came."""
        return self.__text

    @property
    def from_stdin(self) -> bool:
        """Whether the bytes went to standard input."""
        return self.__fd == 0

    @property
    def from_stdout(self) -> bool:
        """Whether the bytes came from standard output."""
        return self.__fd == 1

    @property
    def from_stderr(self) -> bool:
        """Whether the bytes came from standard error."""
        return self.__fd == 2


class ProcessStdin(ProcessIO):
    """Bytes for standard input."""

    name = 'launch.events.process.ProcessStdin'

    def __init__(self, *, text: bytes, **details: Any) -> None:
        super().__init__(text=text, fd=0, **details)


class ProcessStdout(ProcessIO):
    """Bytes from standard output."""

    name = 'launch.events.process.ProcessStdout'

    def __init__(self, *, text: bytes, **details: Any) -> None:
        super().__init__(text=text, fd=1, **details)


class ProcessStderr(ProcessIO):
    """Bytes from standard error."""

    name = 'launch.events.process.ProcessStderr'

    def __init__(self, *, text: bytes, **details: Any) -> None:
        super().__init__(text=text, fd=2, **details)
