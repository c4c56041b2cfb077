"""A matcher of events by name."""
from collections.abc import Callable

from ..event import Event

__all__ = ['event_named']


def event_named(name: str) -> Callable[[Event], bool]:
    """Return a matcher that accepts events of this name only."""
    return lambda event: event.name == name
