"""The event that ending takes too long for whoever asked for it."""
from ..event import Event

__all__ = ['HurryShutdown']


class HurryShutdown(Event):
    """Processes that are being ended get the next, harsher signal at once."""

    name = 'launch.events.HurryShutdown'
