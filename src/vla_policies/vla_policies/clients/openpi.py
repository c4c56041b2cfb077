"""
Client of a WebSocket server that speaks openpi's protocol: openpi's own, or ours.

Ours says so in its first frame. It is then sent the contract's own keys, and the fields for prefix,
delay, seed and reset; openpi's own is sent what openpi's client sends, and nothing else.
"""
import ssl
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
)
from websockets.sync.client import ClientConnection, connect

from vla_core.policy_contract import ContractError, PolicyContract
from vla_core.validation import one_line
from vla_policies.clients.agreement import check_agreement
from vla_policies.clients.remote import (
    Answer,
    ClientOptions,
    ConnectionLost,
    RemotePolicy,
    ServerError,
    client_tls,
)
from vla_policies.clients.request_layout import RequestLayout
from vla_policies.policy import Request
from vla_policies.wire import openpi
from vla_policies.wire.arrays import WireError
from vla_policies.wire.openpi_layout import LAYOUTS

__all__ = ['OpenPiClient', 'OpenPiOptions']

EXTENSION = 'vla'


class OpenPiOptions(ClientOptions):
    """
    Options of an openpi client.

    ``layout`` says how a server of openpi's own names things: for one of its robots, under the
    contract's keys, or as given. ``features`` asks our server for what monitors read.
    """

    api_key: str = ''
    ca_file: Path | None = None
    layout: Literal['auto', 'contract', 'droid', 'aloha', 'libero'] | RequestLayout = 'auto'
    features: bool = False


class OpenPiClient(RemotePolicy):
    """A policy at ``ws://`` or ``wss://``; the contract may be the server's own (None)."""

    options: OpenPiOptions

    def __init__(
        self, address: str, contract: PolicyContract | None, options: OpenPiOptions,
    ) -> None:
        super().__init__(address, contract, options)
        self.metadata: dict[str, Any] = {}
        self._connection: ClientConnection | None = None
        self._layout: RequestLayout | None = None
        self._is_ours = False
        self._tls = (client_tls(address, options.ca_file)
                     if address.startswith('wss:') else None)

    def _open(self, deadline: float) -> None:
        key = self.options.api_key
        try:
            self._connection = connect(
                self.address, compression=None, proxy=None, ssl=self._tls,
                max_size=self.options.max_reply_bytes, open_timeout=_left(deadline),
                close_timeout=0.2,
                additional_headers={'Authorization': f'Api-Key {key}'} if key else None)
            self._meet(self._receive(deadline))
        except InvalidStatus as error:
            status = error.response.status_code
            if status == 503:
                raise ConnectionLost('the server is full or not ready') from error
            reason = ('the API key is missing or wrong' if status == 401
                      else f'refuses the connection with HTTP status {status}')
            raise ServerError(f'{self.address}: {reason}') from error
        except InvalidMessage as error:  # the far end went away amid the handshake
            raise ConnectionLost('no WebSocket server answers there') from error
        except InvalidHandshake as error:
            raise ServerError(f'{self.address}: no WebSocket server: {error}') from error
        except ssl.SSLCertVerificationError as error:
            raise ServerError(
                f'{self.address}: certificate: {error.verify_message}; name its authority in '
                'ca_file') from error
        except TimeoutError as error:
            raise ConnectionLost('no connection in time') from error
        except OSError as error:
            raise ConnectionLost(error.strerror or str(error)) from error

    def _shut(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _meet(self, metadata: Any) -> None:
        """Learn from the first frame who serves; ContractError when that does not fit."""
        if not isinstance(metadata, dict):
            raise ServerError(
                f'{self.address}: its first frame is {type(metadata).__name__}, not metadata')
        self.metadata = metadata
        ours = metadata.get(EXTENSION)
        self._is_ours = isinstance(ours, dict) and 'contract' in ours
        if self._is_ours:
            served = self._served_contract(ours['contract'])
            if self.contract is None:
                self.contract = served
            check_agreement(self.contract, served, self.address)
            self.takes_prefix = ours.get('takes_prefix') is True
            self.name = str(metadata.get('policy', self.address))
        elif self.contract is None:
            raise ContractError(f'{self.address}: tells no contract; name the one it works by')
        self._layout = self._layout_for(self.contract)

    def _served_contract(self, data: Any) -> PolicyContract:
        try:
            return PolicyContract.model_validate(data)
        except ValidationError as error:
            raise ServerError(f'{self.address}: its contract: {one_line(error)}') from error

    def _layout_for(self, contract: PolicyContract) -> RequestLayout:
        layout = self.options.layout
        if isinstance(layout, RequestLayout):
            return layout.check(contract)
        if layout in LAYOUTS:
            return RequestLayout.of_openpi(LAYOUTS[layout], contract)
        if layout == 'auto' and not self._is_ours:
            raise ContractError(
                f'{self.address}: is openpi\'s own server; say layout={", ".join(LAYOUTS)}, '
                'contract, or give the keys')
        return RequestLayout.of_contract(contract)

    def _ask(self, request: Request, deadline: float) -> Answer:
        message = self._layout.encode(request.observation)
        if self._is_ours:
            message[EXTENSION] = self._extension(request)
        try:
            self._connection.send(openpi.pack(message))
        except ConnectionClosed as error:
            raise ConnectionLost(str(error)) from error
        return self._answer(self._receive(deadline))

    def _extension(self, request: Request) -> dict[str, Any]:
        extension: dict[str, Any] = {
            'processed': True, 'stamp_ns': int(request.observation.stamp_ns),
            'delay': int(request.delay), 'reset': self._begins}
        if request.prefix is not None:
            extension['prefix'] = np.asarray(request.prefix)
        if request.rng is not None:
            extension['seed'] = int(request.rng.integers(2 ** 62))
        if self.options.features:
            extension['features'] = True
        return extension

    def _receive(self, deadline: float) -> Any:
        try:
            frame = self._connection.recv(timeout=_left(deadline))
        except ConnectionClosed as error:
            raise ConnectionLost(str(error)) from error
        if isinstance(frame, str):
            lines = frame.strip().splitlines() or ['refused without a reason']
            raise ServerError(f'{self.address}: {lines[-1]}')
        return openpi.unpack(frame)

    def _answer(self, message: Any) -> Answer:
        if not isinstance(message, dict) or not isinstance(message.get('actions'), np.ndarray):
            raise WireError('no actions')
        ours = message.get(EXTENSION, {})
        features = ours.get('features', {}) if isinstance(ours, dict) else None
        if not isinstance(features, dict):
            raise WireError(f'{EXTENSION} in an unknown form')
        prefix_length = ours.get('prefix_length', 0)
        if not isinstance(prefix_length, int):
            raise WireError(f'prefix_length that is {type(prefix_length).__name__}')
        return Answer(
            data=message['actions'], times_s=_array(ours, 'times_s'),
            policy=str(ours.get('policy', '')), server_ms=_infer_ms(message),
            prefix_length=prefix_length,
            uncertainty=_array(ours, 'uncertainty'),
            features={name: _array(features, name) for name in features})


def _infer_ms(message: dict) -> float | None:
    timing = message.get('server_timing')
    value = timing.get('infer_ms') if isinstance(timing, dict) else None
    return float(value) if isinstance(value, int | float) else None


def _array(values: dict, name: str) -> np.ndarray | None:
    value = values.get(name)
    if value is not None and not isinstance(value, np.ndarray):
        raise WireError(f'{name} that is {type(value).__name__}, not an array')
    return value


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.001)
