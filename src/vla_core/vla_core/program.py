"""How a program begins and ends: told to stop while it starts it just ends, and at its end too."""
import atexit
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module

__all__ = ['MISTAKE', 'program']

#: Exit status for what a person has to put right; Python's own for an exception is 1.
MISTAKE = 2


def program(module: str) -> Callable[[], int]:
    """
    Give the ``main`` of a module that is imported when the program runs, as an entry point.

    Importing ROS and the libraries of a node takes a second or more. SIGINT and SIGTERM end
    the process quietly meanwhile; Python's own handler would print where the import was broken off.
    A library that is not installed is one line on stderr and `MISTAKE`. Once ``main`` has returned
    and what was registered for the exit is done, the process ends without taking interpreter and
    libraries apart, which costs the dozen of a robot about a second of processor time.
    """
    status = 0

    def leave() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    def main() -> int:
        nonlocal status
        stopping = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, lambda *_: os._exit(0)) for number in stopping]
        try:
            run = import_module(module).main
        except ModuleNotFoundError as error:
            print(f'error: {module}: {error}; is it installed, and the workspace sourced?',
                  file=sys.stderr)
            return MISTAKE
        for number, handler in zip(stopping, before, strict=True):
            signal.signal(number, handler)
        atexit.register(leave)  # before what ``main`` registers, so that it comes after that
        try:
            status = run() or 0
        except BaseException:
            atexit.unregister(leave)
            raise
        return status

    return main
