"""
Client of an Isaac GR00T server: ZeroMQ request and reply, N1.5 or N1.6 and later.

N1.5 takes flat keys (``video.front`` [1, h, w, 3], ``state.arm`` [1, D], the text as a list); from
N1.6 on there are maps for video [1, 1, h, w, 3], state [1, 1, D] and language. Actions come by name
in physical units and are joined in the order of ``actions``. A REQ socket that lost a reply can
not be used again, so a new one is made after each failure.
"""
import time
from typing import Any, Literal

import numpy as np
from pydantic import Field

from vla_core.policy_contract import PolicyContract
from vla_policies.clients.optional import need
from vla_policies.clients.remote import (
    Answer,
    ClientOptions,
    ConnectionLost,
    RemotePolicy,
    ServerError,
)
from vla_policies.clients.request_layout import (
    ImageField,
    RequestLayout,
    short_name,
    whole_state,
)
from vla_policies.policy import Request
from vla_policies.wire import groot
from vla_policies.wire.arrays import WireError

__all__ = ['GrootClient', 'GrootOptions']


class GrootOptions(ClientOptions):
    """
    Options of a GR00T client.

    ``layout`` has the names of the embodiment's modalities without ``video.`` and ``state.``;
    without it each image goes by the last part of its key, the state as ``state``. ``language`` is
    the key of the text; empty takes the version's usual one.
    """

    actions: tuple[str, ...] = Field(
        min_length=1, description="names in the reply, without 'action.', in the space's order")
    version: Literal['n1.5', 'n1.6'] = 'n1.6'
    encoding: groot.ArrayEncoding = 'npy'
    api_token: str = ''
    layout: RequestLayout | None = None
    language: str = ''


class GrootClient(RemotePolicy):
    """A policy at ``tcp://``."""

    options: GrootOptions

    def __init__(self, address: str, contract: PolicyContract, options: GrootOptions) -> None:
        super().__init__(address, contract, options)
        self._zmq = need('zmq', 'pyzmq', address)
        self._context = None
        self._socket = None
        self._layout = (options.layout or _usual_layout(contract)).check(contract)

    def _open(self, deadline: float) -> None:
        self._context = self._zmq.Context()
        self._socket = self._context.socket(self._zmq.REQ)
        self._socket.setsockopt(self._zmq.LINGER, 0)
        self._socket.setsockopt(self._zmq.MAXMSGSIZE, self.options.max_reply_bytes)
        try:
            self._socket.connect(self.address)
        except self._zmq.ZMQError as error:
            raise ServerError(f'{self.address}: {error}') from error
        try:
            self._call('ping', None, deadline)
        except TimeoutError as error:
            raise ConnectionLost('no GR00T server answers there') from error

    def _shut(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._context.term()
            self._socket = self._context = None

    def _ask(self, request: Request, deadline: float) -> Answer:
        if self.options.version == 'n1.5':
            return Answer(data=self._joined(
                self._call('get_action', self._flat(request), deadline), 'action.'))
        if self._begins:
            self._call('reset', {'options': None}, deadline)
        reply = self._call(
            'get_action', {'observation': self._nested(request), 'options': None}, deadline)
        if not isinstance(reply, list) or not reply:
            raise WireError(f'{type(reply).__name__} instead of [action, info]')
        return Answer(data=self._joined(reply[0], ''))

    def _flat(self, request: Request) -> dict[str, Any]:
        observation = request.observation
        data: dict[str, Any] = {
            f'video.{entry.key}': observation.images[entry.image][None]
            for entry in self._layout.images}
        for key, values in self._layout.encode_state(observation).items():
            data[f'state.{key}'] = values.astype(np.float64)[None]
        data[self.options.language or 'annotation.human.task_description'] = [
            observation.instruction]
        return data

    def _nested(self, request: Request) -> dict[str, Any]:
        observation = request.observation
        return {
            'video': {entry.key: observation.images[entry.image][None, None]
                      for entry in self._layout.images},
            'state': {key: values[None, None]
                      for key, values in self._layout.encode_state(observation).items()},
            'language': {self.options.language or 'task': [[observation.instruction]]}}

    def _joined(self, actions: Any, prefix: str) -> np.ndarray:
        """The named actions [H, D_i] side by side, [H, D]."""
        if not isinstance(actions, dict):
            raise WireError(f'{type(actions).__name__} instead of actions by name')
        parts = []
        for name in self.options.actions:
            part = actions.get(prefix + name)
            if not isinstance(part, np.ndarray):
                there = ', '.join(map(str, actions))
                raise WireError(f'no action {prefix + name!r}; it has {there}')
            if part.ndim == 3 and len(part) == 1:
                part = part[0]
            parts.append(part[:, None] if part.ndim == 1 else part)
        if any(part.ndim != 2 or len(part) != len(parts[0]) for part in parts):
            raise WireError(f'actions of shapes {", ".join(str(part.shape) for part in parts)}')
        return np.concatenate(parts, axis=1)

    def _call(self, endpoint: str, data: Any, deadline: float) -> Any:
        message: dict[str, Any] = {'endpoint': endpoint}
        if data is not None:
            message['data'] = data
        if self.options.api_token:
            message['api_token'] = self.options.api_token
        self._socket.send(groot.pack(message, self.options.encoding))
        # Looked at in short turns, so that closing the client ends the wait.
        while not self._socket.poll(timeout=100):
            self._stop_when_closed()
            if time.monotonic() >= deadline:
                raise TimeoutError
        reply = self._socket.recv()
        if reply == b'ERROR':
            raise ServerError(f'{self.address}: answered ERROR; is it a GR00T server?')
        reply = groot.unpack(reply)
        if isinstance(reply, dict) and 'error' in reply:
            shown = (str(reply['error']).strip().splitlines() or ['an error'])[-1]
            raise ServerError(f'{self.address}: {shown:.300}')
        return reply


def _usual_layout(contract: PolicyContract) -> RequestLayout:
    return RequestLayout(
        images=tuple(ImageField(key=short_name(entry.key), image=entry.key)
                     for entry in contract.images),
        state=whole_state(contract, 'state'))
