"""What a source of success does."""
from abc import ABC, abstractmethod

from vla_inference.task import Verdict

__all__ = ['SuccessSource']


class SuccessSource(ABC):
    """Watches a task; everything is called on the node's executor."""

    def begin(self, instruction: str) -> None:  # noqa: B027 - not every source must know
        """A task begins: what was seen before does not count."""

    @abstractmethod
    def verdict(self) -> Verdict | None:
        """How the task ended, None while it goes on."""

    @property
    def progress(self) -> float:
        """0 to 1, or −1 where this source cannot tell."""
        return -1.0

    def success_if_ended(self) -> bool | None:
        """Whether it is a success when time is up; None where this source cannot tell."""
        return None
