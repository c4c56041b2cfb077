"""The event that asks a process to end."""
from .process_targeted_event import ProcessTargetedEvent

__all__ = ['ShutdownProcess']


class ShutdownProcess(ProcessTargetedEvent):
    """Asks processes to end, by ever harsher signals."""

    name = 'launch.events.process.ShutdownProcess'
