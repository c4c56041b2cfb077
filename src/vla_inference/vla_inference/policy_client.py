"""A policy as it is asked here: by a client, on a thread of its own, with a time limit."""
import queue
import threading
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract
from vla_inference.request import InferenceRequest

__all__ = ['ClientThread', 'PolicyClient', 'PolicyTimeout', 'blank_observation']


class PolicyClient(Protocol):
    """What `vla_policies.clients.connect` gives."""

    def reset(self, instruction: str) -> None:
        """Begin an episode."""

    def infer(
        self, observation: Observation, *, prefix: np.ndarray | None = None, delay: int = 0,
        rng: np.random.Generator | None = None,
    ) -> ActionChunk:
        """The next actions."""


class PolicyTimeout(TimeoutError):  # noqa: N818
    """The policy gave no answer in time."""


class ClientThread:
    """
    Calls a client on a thread of its own, so that one that hangs can be left behind.

    A request of another task than the last resets the policy first.
    """

    def __init__(self, client: PolicyClient) -> None:
        self.client = client
        self._calls: queue.SimpleQueue = queue.SimpleQueue()
        self._task: int | None = None
        threading.Thread(target=self._serve, name='policy client', daemon=True).start()

    def infer(self, request: InferenceRequest, timeout_s: float) -> ActionChunk:
        """Ask; PolicyTimeout, or what the client raises."""
        return self._call(lambda: self._answer(request), timeout_s)

    def close(self) -> None:
        """Let go of the client; a call that hangs is left behind."""
        self._calls.put(None)
        close = getattr(self.client, 'close', None)
        if close is not None:
            threading.Thread(target=_quietly, args=(close,), daemon=True).start()

    def _answer(self, request: InferenceRequest) -> ActionChunk:
        if request.task != self._task:
            self.client.reset(request.instruction)
            self._task = request.task
        extra = {}
        if getattr(self.client, 'takes_prefix', False):
            extra = {'prefix': request.prefix, 'delay': request.delay}
        return self.client.infer(request.observation, **extra)

    def _call(self, function: Callable[[], Any], timeout_s: float) -> Any:
        result: queue.SimpleQueue = queue.SimpleQueue()
        self._calls.put((function, result))
        try:
            value, error = result.get(timeout=timeout_s)
        except queue.Empty:
            raise PolicyTimeout(f'gave no answer for {timeout_s:g} s') from None
        if error is not None:
            raise error
        return value

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            function, result = call
            try:
                result.put((function(), None))
            except Exception as error:
                result.put((None, error))


def blank_observation(contract: PolicyContract, instruction: str = 'warm up') -> Observation:
    """An observation of the contract's shapes with nothing on it, to warm a policy up."""
    state = contract.state
    return Observation(
        stamp_ns=0,
        images={image.key: np.zeros(
            (image.processing.height, image.processing.width, 3), np.uint8)
            for image in contract.images},
        state=np.zeros(state.dimension if state else 0, np.float32),
        state_names=state.labels if state else (), instruction=instruction,
        stream_stamps_ns=dict.fromkeys(contract.topics, 0))


def _quietly(close: Callable[[], None]) -> None:
    """Close a connection that may be gone already."""
    try:
        close()
    except Exception:
        return
