"""The event that the launch ends."""
from ..event import Event

__all__ = ['Shutdown']


class Shutdown(Event):
    """The launch ends: running processes stop, timers are cancelled."""

    name = 'launch.events.Shutdown'

    def __init__(
        self, *, reason: str = 'reason not given', due_to_sigint: bool = False,
    ) -> None:
        self.__reason = reason
        self.__due_to_sigint = due_to_sigint

    @property
    def reason(self) -> str:
        """Why the launch ends."""
        return self.__reason

    @property
    def due_to_sigint(self) -> bool:
        """Whether SIGINT ends the launch."""
        return self.__due_to_sigint
