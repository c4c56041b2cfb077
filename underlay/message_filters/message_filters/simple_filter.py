"""What all filters are: they hand on messages to those who asked for them."""
from collections.abc import Callable
from typing import Any


class SimpleFilter:
    """Calls whoever registered, with the messages and what was registered along."""

    def __init__(self) -> None:
        self.callbacks: dict[int, tuple[Callable[..., None], tuple[Any, ...]]] = {}

    def registerCallback(self, cb: Callable[..., None], *args: Any) -> int:
        """Call `cb(*messages, *args)` for every output from now on; return its number."""
        number = len(self.callbacks)
        self.callbacks[number] = cb, args
        return number

    def signalMessage(self, *msg: Any) -> None:
        """Hand on an output."""
        for callback, arguments in tuple(self.callbacks.values()):
            callback(*msg, *arguments)
