"""Programs that are stopped while they start: nothing has begun yet, so they just end."""
import os
import signal
from collections.abc import Callable
from importlib import import_module

__all__ = ['program']


def program(module: str) -> Callable[[], int | None]:
    """
    Give the ``main`` of a module that is imported when the program runs, as an entry point.

    Importing ROS and the libraries of a node takes a second or more. SIGINT and SIGTERM end
    the process quietly meanwhile; Python's own handler would print where the import was broken off.
    """
    def main() -> int | None:
        stopping = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, lambda *_: os._exit(0)) for number in stopping]
        run = import_module(module).main
        for number, handler in zip(stopping, before, strict=True):
            signal.signal(number, handler)
        return run()

    return main
