"""The event that a process runs."""
from .running_process_event import RunningProcessEvent

__all__ = ['ProcessStarted']


class ProcessStarted(RunningProcessEvent):
    """A process was started."""

    name = 'launch.events.process.ProcessStarted'
