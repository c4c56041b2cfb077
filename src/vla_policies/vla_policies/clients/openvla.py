"""
Client of the REST servers of OpenVLA and OpenVLA-OFT: ``POST /act``, JSON with arrays.

OpenVLA takes one image and gives one action; OFT takes a flat map of images, state and text and
gives a chunk. What comes back is in physical units: both undo their normalisation themselves. A
failure is the text ``error`` with status 200.
"""
import http.client
import json
import ssl
import time
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import numpy as np

from vla_core.policy_contract import ContractError, PolicyContract
from vla_policies.clients.remote import (
    Answer,
    ClientOptions,
    ConnectionLost,
    RemotePolicy,
    ServerError,
    client_tls,
)
from vla_policies.clients.request_layout import ImageField, RequestLayout, whole_state
from vla_policies.policy import Request
from vla_policies.wire import json_numpy
from vla_policies.wire.arrays import WireError

__all__ = ['OpenVlaClient', 'OpenVlaOptions']


class OpenVlaOptions(ClientOptions):
    """
    Options of an OpenVLA client.

    ``encoding`` 'encoded' wraps the request in ``{"encoded": …}`` and expects the reply as JSON in
    a JSON string. ``unnorm_key`` names the statistics the server shall use.
    """

    server: Literal['openvla', 'oft'] = 'oft'
    encoding: Literal['plain', 'encoded'] = 'plain'
    unnorm_key: str = ''
    layout: RequestLayout | None = None
    ca_file: Path | None = None


class OpenVlaClient(RemotePolicy):
    """A policy at ``http://`` or ``https://``."""

    options: OpenVlaOptions

    def __init__(
        self, address: str, contract: PolicyContract, options: OpenVlaOptions,
    ) -> None:
        super().__init__(address, contract, options)
        self._url = urlsplit(address)
        self._connection: http.client.HTTPConnection | None = None
        layout = options.layout or (
            _openvla_layout(contract) if options.server == 'openvla' else _oft_layout(contract))
        self._layout = layout.check(contract)

    def _open(self, deadline: float) -> None:
        host, port = self._url.hostname, self._url.port
        if self._url.scheme == 'https':
            context = client_tls(self.address, self.options.ca_file)
            self._connection = http.client.HTTPSConnection(host, port, context=context)
        else:
            self._connection = http.client.HTTPConnection(host, port)
        self._connection.timeout = max(deadline - time.monotonic(), 0.001)
        try:
            self._connection.connect()
        except ssl.SSLCertVerificationError as error:
            raise ServerError(f'{self.address}: certificate: {error.verify_message}') from error
        except OSError as error:
            raise ConnectionLost(error.strerror or str(error)) from error

    def _shut(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, request: Request, deadline: float) -> Answer:
        message = self._layout.encode(request.observation)
        if self.options.unnorm_key:
            message['unnorm_key'] = self.options.unnorm_key
        body = json_numpy.dumps(message)
        if self.options.encoding == 'encoded':
            body = json.dumps({'encoded': body})
        return Answer(data=_actions(self._post(body.encode('utf-8'), deadline)))

    def _post(self, body: bytes, deadline: float) -> Any:
        """The reply, decoded once or, where it is text, twice."""
        limit = self.options.max_reply_bytes
        try:
            self._connection.sock.settimeout(max(deadline - time.monotonic(), 0.001))
            self._connection.request(
                'POST', self._url.path if self._url.path not in ('', '/') else '/act', body,
                {'Content-Type': 'application/json'})
            response = self._connection.getresponse()
            text = response.read(limit + 1)
        except TimeoutError:
            raise
        except (http.client.HTTPException, OSError, AttributeError) as error:
            raise ConnectionLost(str(error) or 'the server closed the connection') from error
        if response.will_close:
            self._is_open = False
        if len(text) > limit:
            raise WireError(f'more than {limit} bytes')
        if response.status != http.HTTPStatus.OK:
            shown = ' '.join(text[:200].decode('utf-8', 'replace').split())
            raise ServerError(f'{self.address}: HTTP status {response.status}: {shown}')
        reply = json_numpy.loads(text)
        if isinstance(reply, str) and reply != 'error':
            reply = json_numpy.loads(reply)
        if isinstance(reply, str):
            raise ServerError(
                f'{self.address}: answered {reply!r}; what failed stands in the log of the server')
        return reply


def _actions(reply: Any) -> np.ndarray:
    """An action [D] or a chunk [H, D] from an array, a list of arrays, or lists of numbers."""
    try:
        return np.asarray(reply, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise WireError(f'{type(reply).__name__} instead of actions') from error


def _openvla_layout(contract: PolicyContract) -> RequestLayout:
    if not contract.images:
        raise ContractError(f'contract {contract.name}: images: OpenVLA needs one')
    return RequestLayout(
        images=(ImageField(key='image', image=contract.images[0].key),), instruction='instruction')


def _oft_layout(contract: PolicyContract) -> RequestLayout:
    """The first image is the full view, one more the wrist's, two more the left and right one's."""
    keys = [entry.key for entry in contract.images]
    names = {1: ['full_image'], 2: ['full_image', 'wrist_image'],
             3: ['full_image', 'left_wrist_image', 'right_wrist_image']}.get(len(keys))
    if names is None:
        raise ContractError(
            f'contract {contract.name}: images: OpenVLA-OFT takes 1 to 3, not {len(keys)}; give '
            'the layout')
    return RequestLayout(
        images=tuple(ImageField(key=name, image=key) for name, key in zip(names, keys)),
        state=whole_state(contract, 'state'), instruction='instruction')
