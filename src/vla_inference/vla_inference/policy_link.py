"""
The link to one policy, kept up: opened, warmed, watched, opened again.

A policy that is named by folder, by the name of a shipped one or as ``module:attribute`` is served
by a process of this machine, which is started here and started again, with growing pauses, when it
dies; an address is connected to again in the same way. Meanwhile nothing is answered, so the arm's
plan runs out and it holds.
"""
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from vla_core.action_chunk import ActionChunk, ChunkError
from vla_core.action_space import ActionSpaceMismatch
from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile
from vla_core.validation import ConfigurationError
from vla_inference.policy_client import (
    ClientThread,
    PolicyClient,
    PolicyTimeout,
    blank_observation,
)
from vla_inference.policy_server import PolicyServer, serve_command
from vla_inference.request import InferenceRequest
from vla_policies.clients import ServerError

__all__ = ['LinkOptions', 'LinkState', 'PolicyLink', 'PolicyUnavailable', 'UnusableAnswer']

WARM_UP_TASK = -1
WATCH_S = 0.1
GRACE_S = 0.5
HEALTHY_S = 10.0


class PolicyUnavailable(RuntimeError):  # noqa: N818
    """The policy cannot be asked now; it is being brought back."""


class UnusableAnswer(RuntimeError):  # noqa: N818
    """The policy answered, but not with a chunk that may be executed; names the field."""


class LinkState(Enum):
    """Where a link stands."""

    LOADING = 'loading'
    READY = 'ready'
    LOST = 'lost'
    REFUSED = 'refused'
    CLOSED = 'closed'


def connect(
    address: str, contract: PolicyContract, timeout_s: float, **options: Any,
) -> PolicyClient:
    """
    The client of the address's protocol, which waits ``timeout_s`` for an answer.

    ``options`` are those of that client. A server of ours is asked for the policy's features too.
    """
    from vla_policies.clients import connect as open_client
    if address.startswith(('ws://', 'wss://')):
        options = {'features': True} | options
    return open_client(address, contract, timeout_s=timeout_s, **options)


@dataclass(frozen=True)
class LinkOptions:
    """How a link is kept; ``connect`` and ``serve`` say what to connect with and to start."""

    in_flight: int = 1
    request_timeout_s: float = 5.0
    load_timeout_s: float = 120.0
    retry_s: float = 0.5
    longest_retry_s: float = 10.0
    warm_up: int = 2
    connect: Callable[[str, PolicyContract, float], PolicyClient] = connect
    serve: Callable[[str, str, int], Sequence[str]] = serve_command


class PolicyLink:
    """
    One policy: ``source`` is a folder, a shipped policy's name, ``module:attribute`` or an address;
    ``contract`` by name or path, or '' for a folder's own.

    ConfigurationError when source or contract are wrong. ``changed`` is called, from another
    thread, whenever `state` or `message` change.
    """

    def __init__(
        self, source: str, contract: str, profile: RobotProfile, options: LinkOptions,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.source = source
        self._served = _served(source)
        own = Path(self._served) / 'contract.yaml'
        self.contract_source = str(own) if self._served and own.is_file() else contract
        if not self.contract_source:
            raise ConfigurationError(
                f'policy {source}: contract: name the one that it works by')
        self.contract = PolicyContract.load(self.contract_source)
        self.contract.check_robot(profile)
        self._options = options
        self._changed = changed
        self.state = LinkState.LOADING
        self.message = f'loading {source}'
        self.restarts = 0
        self.load_time_ms = 0.0
        self._server: PolicyServer | None = None
        self._lanes: list[ClientThread] = []
        self._free: SimpleQueue[ClientThread] = SimpleQueue()
        self._lost = threading.Event()
        self._reason = ''
        self._closing = threading.Event()
        self._settled = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f'link {source}', daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """Name of the policy in chunks."""
        return self.contract.name

    @property
    def server_pid(self) -> int:
        """Process of the server that was started here; 0 without one."""
        server = self._server
        return server.pid if server is not None else 0

    def wait_until_settled(self, timeout_s: float) -> bool:
        """Wait for the first opening to succeed or fail; whether it did in time."""
        return self._settled.wait(timeout_s)

    def infer(self, request: InferenceRequest) -> ActionChunk:
        """
        The answer to a request, checked against the contract.

        PolicyUnavailable when there is nobody to ask or the answer was lost, UnusableAnswer when
        what came may not be executed.
        """
        if self.state is not LinkState.READY:
            raise PolicyUnavailable(self.message)
        try:
            lane = self._free.get(timeout=self._options.request_timeout_s)
        except Empty:
            raise PolicyUnavailable('every connection is busy') from None
        try:
            chunk = lane.infer(request, self._options.request_timeout_s + GRACE_S)
        except (ServerError, ChunkError, ActionSpaceMismatch) as error:
            self._free.put(lane)
            raise UnusableAnswer(_say(error)) from error
        except Exception as error:
            self._lose(_say(error))
            raise PolicyUnavailable(self._reason) from error
        self._free.put(lane)
        return self._checked(chunk)

    def close(self) -> None:
        """Give the policy up and end its server."""
        self._closing.set()
        self._lost.set()
        self._thread.join(5.0)

    def _checked(self, chunk: ActionChunk) -> ActionChunk:
        if not isinstance(chunk, ActionChunk):
            raise UnusableAnswer(f'answer: is a {type(chunk).__name__}, not an action chunk')
        try:
            self.contract.action.space.check_compatible(chunk.space)
            return chunk.validate()
        except (ChunkError, ActionSpaceMismatch) as error:
            raise UnusableAnswer(str(error)) from error

    def _lose(self, reason: str) -> None:
        if not self._lost.is_set():
            self._reason = reason
            self._lost.set()

    def _keep(self) -> None:
        pause_s = self._options.retry_s
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                self._open()
            except (ConfigurationError, UnusableAnswer) as error:
                self._end_server()
                self._let_go()
                self._tell(LinkState.REFUSED, str(error))
                self._settled.set()
                self._closing.wait()
                break
            except Exception as error:
                self._reason = _say(error)
                self._end_server()
            else:
                self.load_time_ms = 1e3 * (time.monotonic() - began)
                self._tell(LinkState.READY, '')
                self._settled.set()
                ready = time.monotonic()
                self._watch()
                if time.monotonic() - ready > HEALTHY_S:
                    pause_s = self._options.retry_s
            self._let_go()
            if self._closing.is_set():
                break
            self.restarts += 1
            self._tell(LinkState.LOST, f'{self._reason}; tried again in {pause_s:.1f} s')
            self._settled.set()
            self._closing.wait(pause_s)
            pause_s = min(2 * pause_s, self._options.longest_retry_s)
        self._let_go()
        self._end_server()
        if self.state is not LinkState.REFUSED:
            self._tell(LinkState.CLOSED, '')

    def _open(self) -> None:
        self._lost.clear()
        address = self.source
        if self._served:
            if self._server is None or self._server.exited():
                self._end_server()
                self._server = PolicyServer(
                    self._served, self.contract_source, self._options.serve)
            self._server.wait_until_ready(
                self._options.load_timeout_s, self._closing.is_set)
            address = self._server.address
        self._warm_up(address)
        self._free = SimpleQueue()
        for _ in range(self._options.in_flight):
            lane = self._client(address, self._options.request_timeout_s)
            self._lanes.append(lane)
            self._free.put(lane)

    def _client(self, address: str, timeout_s: float) -> ClientThread:
        return ClientThread(self._options.connect(address, self.contract, timeout_s))

    def _warm_up(self, address: str) -> None:
        """Let the policy pay for compilation and caches now, which may take long."""
        request = InferenceRequest(
            blank_observation(self.contract), 'warm up', task=WARM_UP_TASK)
        lane = self._client(address, self._options.load_timeout_s)
        try:
            for _ in range(self._options.warm_up):
                self._checked(lane.infer(request, self._options.load_timeout_s))
        finally:
            lane.close()

    def _watch(self) -> None:
        while not self._lost.wait(WATCH_S):
            if self._server is not None and self._server.exited():
                self._lose(self._server.exited())

    def _let_go(self) -> None:
        for lane in self._lanes:
            lane.close()
        self._lanes.clear()

    def _end_server(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _tell(self, state: LinkState, message: str) -> None:
        self.state, self.message = state, message
        self._changed()


def _served(source: str) -> str:
    """What a server of this machine is given, a folder or ``module:attribute``; else ''."""
    if '://' in source:
        return ''
    if Path(source).expanduser().is_dir():
        return str(Path(source).expanduser())
    if ':' in source:
        return source
    if '/' in source:
        raise ConfigurationError(
            f'policy {source}: is neither a folder nor an address such as ws://host:8000')
    from vla_policies.registry import shipped
    return str(shipped(source))


def _say(error: Exception) -> str:
    if isinstance(error, PolicyTimeout):
        return f'the policy {error}'
    text = ' '.join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f'{text[:297]}…'
