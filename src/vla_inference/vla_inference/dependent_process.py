"""
Processes that end with the one that started them, however that ends.

    command = dependent(['python', '-m', 'something'])
"""
import ctypes
import os
import signal
import sys
from collections.abc import Sequence

__all__ = ['dependent']

PR_SET_PDEATHSIG = 1


def dependent(command: Sequence[str]) -> list[str]:
    """
    The command line of ``command`` as a child of this process that ends when it does.

    To be started from a thread that lives as long as the child shall. Ctrl-C is for the parent,
    which ends its child itself.
    """
    return [sys.executable, '-m', __name__, str(os.getpid()), *command]


def _become(parent: int, command: Sequence[str]) -> None:
    """Replace this process by ``command``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)
    os.execvp(command[0], command)


if __name__ == '__main__':
    _become(int(sys.argv[1]), sys.argv[2:])
