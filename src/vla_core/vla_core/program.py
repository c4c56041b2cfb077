"""Programs that are stopped while they start: nothing has begun yet, so they just end."""
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module

__all__ = ['MISTAKE', 'program']

#: Exit status for what a person has to put right; Python's own for an exception is 1.
MISTAKE = 2


def program(module: str) -> Callable[[], int | None]:
    """
    Give the ``main`` of a module that is imported when the program runs, as an entry point.

    Importing ROS and the libraries of a node takes a second or more. SIGINT and SIGTERM end
    the process quietly meanwhile; Python's own handler would print where the import was broken off.
    A library that is not installed is one line on stderr and `MISTAKE`.
    """
    def main() -> int | None:
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
        return run()

    return main
