"""One question to a policy, and the newest-only box that questions are taken from."""
import threading
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from vla_core.observation import Observation

__all__ = ['InferenceRequest', 'Mailbox']

T = TypeVar('T')


@dataclass(frozen=True, eq=False)
class InferenceRequest:
    """
    What a policy is asked.

    ``prefix`` [n, D] and ``delay`` are those of `vla_inference.committed_plan.Prefix`. ``task``
    tells the requests of one task and instruction from those of another.
    """

    observation: Observation
    instruction: str
    prefix: np.ndarray | None = None
    delay: int = 0
    task: int = 0


class Mailbox(Generic[T]):
    """Holds the newest thing only: what was not taken is replaced, and counted."""

    def __init__(self) -> None:
        self._content: T | None = None
        self._closed = False
        self._changed = threading.Condition()
        self.replaced = 0

    def put(self, content: T) -> None:
        """Leave ``content``, in the place of what is there."""
        with self._changed:
            self.replaced += self._content is not None
            self._content = content
            self._changed.notify()

    def take(self, timeout_s: float | None = None) -> T | None:
        """Take what is there, waiting for it; None when the time is up or the box is closed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._content is not None or self._closed, timeout_s)
            content, self._content = self._content, None
            return content

    def close(self) -> None:
        """Let every `take` return, now and later."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed
