"""
What every client of a policy server does alike: time-outs, reconnection, and making a chunk.

A client is used by one thread at a time; it blocks that thread for ``timeout_s`` at most. While a
server is away the client tries to reach it again with growing pauses, within that time and in
every later call; a lost reply costs one call and no more.
"""
import ssl
import threading
import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import Field

from vla_core.action_chunk import ActionChunk, ChunkError
from vla_core.policy_contract import PolicyContract
from vla_core.validation import ConfigurationError, Real, StrictModel
from vla_policies.policy import Policy, Request, check_observation

__all__ = [
    'Answer', 'ClientError', 'ClientOptions', 'ConnectionLost', 'PolicyUnavailable', 'RemotePolicy',
    'ServerError', 'client_tls']

MAX_STEPS = 1000


class ClientError(RuntimeError):
    """A policy server gave no usable answer; the message begins with its address."""


class PolicyUnavailable(ClientError):  # noqa: N818
    """The server cannot be reached or did not answer in time; asking again may help."""


class ServerError(ClientError):
    """The server refused the request, or answered what the protocol does not allow."""


class ConnectionLost(Exception):  # noqa: N818
    """The connection broke before the answer; for the retry, never seen by a caller."""


class ClientOptions(StrictModel):
    """Options of every client."""

    timeout_s: Real = Field(2.0, gt=0, le=600, description='for an answer, reconnecting included')
    connect_timeout_s: Real = Field(10.0, gt=0, le=600, description='for the first connection')
    retry_min_s: Real = Field(0.05, gt=0, description='first pause before connecting again')
    retry_max_s: Real = Field(2.0, gt=0, description='longest pause; each is twice the last')
    max_reply_bytes: int = Field(32 * 1024 * 1024, gt=0)


@dataclass(frozen=True, eq=False)
class Answer:
    """
    What a server answered: ``data`` [H, D].

    ``times_s`` [H] from the stamp of the observation; without it the steps lie one period of the
    contract apart, the first one period after the stamp. ``server_ms`` is what the server says its
    inference took.
    """

    data: np.ndarray
    times_s: np.ndarray | None = None
    prefix_length: int = 0
    policy: str = ''
    server_ms: float | None = None
    uncertainty: np.ndarray | None = None
    features: dict[str, np.ndarray] = field(default_factory=dict)


class RemotePolicy(Policy):
    """
    A policy behind a connection; `connect` has to have been called before it is asked.

    ``server_ms`` is the inference time that came with the last answer, None where none is told.
    """

    def __init__(
        self, address: str, contract: PolicyContract, options: ClientOptions,
    ) -> None:
        self.address = address
        self.name = address
        self.contract = contract
        self.options = options
        self.server_ms: float | None = None
        self._busy = threading.Lock()
        self._closed = threading.Event()
        self._pause_s = options.retry_min_s
        self._is_open = False
        self._begins = True
        self._sequence = 0

    def connect(self) -> 'RemotePolicy':
        """Reach the server within ``connect_timeout_s`` and return the client itself."""
        with self._busy:
            self._persist(time.monotonic() + self.options.connect_timeout_s, None)
        return self

    def reset(self, instruction: str) -> None:
        self._begins = True

    def session(self) -> 'RemotePolicy':
        """The same server over a connection of its own."""
        return type(self)(self.address, self.contract, self.options).connect()

    def infer_batch(self, requests: Sequence[Request]) -> list[ActionChunk]:
        """
        Ask for each request in turn.

        ObservationError for an observation that the contract does not allow, ClientError when the
        server gives no usable answer.
        """
        return [self._infer(request) for request in requests]

    def close(self) -> None:
        """Close the connection; a call that waits ends with PolicyUnavailable."""
        self._closed.set()
        if self._busy.acquire(timeout=self.options.timeout_s):
            try:
                self._disconnect()
            finally:
                self._busy.release()

    def __enter__(self) -> 'RemotePolicy':
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def _open(self, deadline: float) -> None:
        """Connect, by the monotonic time ``deadline``; ConnectionLost when it cannot be."""

    @abstractmethod
    def _shut(self) -> None:
        """Close the connection, whatever state it is in."""

    @abstractmethod
    def _ask(self, request: Request, deadline: float) -> Answer:
        """
        Send ``request`` and wait for the answer until ``deadline``.

        ConnectionLost when the connection breaks, TimeoutError when no answer comes, ServerError
        or WireError for one that is of no use.
        """

    def _infer(self, request: Request) -> ActionChunk:
        check_observation(request.observation, self.contract)
        with self._busy:
            start_ns = time.time_ns()
            answer = self._persist(time.monotonic() + self.options.timeout_s, request)
            return self._chunk(request, answer, start_ns, time.time_ns())

    def _persist(self, deadline: float, request: Request | None) -> Answer | None:
        """Connect where that is needed and ask, again and again until ``deadline``."""
        while True:
            self._stop_when_closed()
            try:
                if not self._is_open:
                    self._open(deadline)
                    self._is_open = True
                answer = self._ask(request, deadline) if request else None
            except ConnectionLost as lost:
                self._disconnect()
                if time.monotonic() + self._pause_s >= deadline:
                    raise PolicyUnavailable(f'{self.address}: cannot be reached: {lost}') from lost
                self._closed.wait(self._pause_s)
                self._pause_s = min(2 * self._pause_s, self.options.retry_max_s)
            except TimeoutError as error:
                self._disconnect()
                limit = self.options.timeout_s if request else self.options.connect_timeout_s
                raise PolicyUnavailable(
                    f'{self.address}: no answer within {limit:g} s') from error
            except (ServerError, ConfigurationError):
                self._disconnect()
                raise
            except ValueError as error:
                self._disconnect()
                raise ServerError(f'{self.address}: answered {error}') from error
            else:
                self._pause_s = self.options.retry_min_s
                return answer

    def _stop_when_closed(self) -> None:
        if self._closed.is_set():
            raise PolicyUnavailable(f'{self.address}: this client is closed')

    def _disconnect(self) -> None:
        self._is_open = False
        self._shut()

    def _chunk(
        self, request: Request, answer: Answer, start_ns: int, end_ns: int,
    ) -> ActionChunk:
        space, observation = self.contract.action.space, request.observation
        data = np.asarray(answer.data)
        if data.ndim == 1:
            data = data[None]
        if data.dtype.kind not in 'fiu' or data.ndim != 2 or data.shape[1] != space.dimension \
                or not 0 < len(data) <= MAX_STEPS:
            raise ServerError(
                f'{self.address}: answered actions of type {data.dtype} and shape '
                f'{list(data.shape)}; the contract has {space.dimension} numbers a step: '
                f'{", ".join(space.labels)}')
        if data.dtype not in (np.float32, np.float64):
            data = data.astype(np.float64)
        times = answer.times_s
        if times is None:
            times = (1 + np.arange(len(data))) / self.contract.rate_hz
        self._begins = False
        self._sequence += 1
        self.server_ms = answer.server_ms
        chunk = ActionChunk(
            stamp_ns=observation.stamp_ns, space=space, times_s=times, data=data,
            frame_id=space.frame, sequence=self._sequence, policy=answer.policy or self.name,
            instruction=observation.instruction, prefix_length=answer.prefix_length,
            inference_start_ns=start_ns, inference_end_ns=max(start_ns, end_ns),
            uncertainty=answer.uncertainty, features=answer.features)
        try:
            return chunk.validate()
        except ChunkError as error:
            raise ServerError(f'{self.address}: answered an unusable {error}') from error


def client_tls(address: str, ca_file: Path | None) -> ssl.SSLContext:
    """TLS that trusts the authorities of this machine, or the one in ``ca_file`` (PEM)."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f'{address}: ca_file {ca_file}: cannot be read: {error}') from error
