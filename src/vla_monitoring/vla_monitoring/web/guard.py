"""
What stands between viser's server and whoever connects to it.

viser trusts its clients. Before anything reaches it, this guard refuses

- pages of other sites that reach for this one through a visitor's browser (the Origin of a request
  must be the host that it asks for, and that must be an address or a name that was allowed, so that
  a rebound DNS name does not pass);
- paths that lead out of the folder of the client's files;
- messages that are no messages, too large, too many, or of a kind that a viewer has no use for,
  such as those that ask viser to publish the server through a tunnel.
"""
import asyncio
import http
import ipaddress
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import websockets.asyncio.server as websocket_server
from websockets import Headers
from websockets.exceptions import ConnectionClosedError
from websockets.http11 import Request, Response

__all__ = ['Guard', 'guarded']

LARGEST = 64 * 1024  # bytes of a message
MOST_CLIENTS = 12
BURST, RATE_HZ = 600, 200.0  # messages of a client
KNOWN = frozenset({'ViewerCameraMessage', 'GuiUpdateMessage'})
PROPERTIES = frozenset({'value'})
LONGEST_TEXT = 1000
POLICY_VIOLATION = 1008
# websockets tells of each connection that speaks no HTTP by a traceback: that is not ours to mend.
_QUIET = logging.getLogger(f'{__name__}.websockets')
_QUIET.setLevel(logging.CRITICAL)


class Guard:
    """Judges requests and messages; ``hosts`` are names by which this server may be asked for."""

    def __init__(self, hosts: Sequence[str] = ()) -> None:
        self._hosts = {'localhost', *hosts}
        self._clients = 0

    def refuse(self, path: str, headers: Any) -> tuple[http.HTTPStatus, str] | None:
        """Status and reason for a request that is refused, None for one that may pass."""
        host = headers.get('Host', '')
        if not self._is_ours(host):
            return http.HTTPStatus.FORBIDDEN, 'this host name is not served here'
        origin = headers.get('Origin')
        if origin is not None and urlsplit(origin).netloc != host:
            return http.HTTPStatus.FORBIDDEN, 'pages of other sites have no business here'
        if headers.get('Upgrade', '').lower() == 'websocket':
            if self._clients >= MOST_CLIENTS:
                return http.HTTPStatus.SERVICE_UNAVAILABLE, 'too many viewers'
            return None
        place = unquote(path.partition('?')[0])
        if not place.startswith('/') or '..' in place.split('/') or '\\' in place or (
                '\0' in place or place.startswith('//')):
            return http.HTTPStatus.NOT_FOUND, 'not found'
        return None

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f'//{host}').hostname or ''
        except ValueError:
            return False
        if name in self._hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    @contextmanager
    def client(self) -> Iterator[None]:
        """Count a viewer while it is connected."""
        self._clients += 1
        try:
            yield
        finally:
            self._clients -= 1

    @staticmethod
    def readable(raw: object) -> bool | None:
        """Whether viser is to have a message; None for one that ends the connection."""
        if not isinstance(raw, bytes):
            return None
        try:
            message = msgspec.msgpack.decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        if not isinstance(message, dict) or not isinstance(message.get('type'), str):
            return None
        if message['type'] not in KNOWN:
            return False
        if message['type'] == 'GuiUpdateMessage':
            return _plain_update(message.get('updates'))
        return _finite_camera(message)


class _Client:
    """A connection as viser sees it: only messages that the guard lets through."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._allowance, self._at = float(BURST), time.monotonic()

    async def recv(self) -> bytes:
        while True:
            raw = await self._connection.recv()
            now = time.monotonic()
            self._allowance = min(BURST, self._allowance + RATE_HZ * (now - self._at)) - 1
            self._at = now
            fit = Guard.readable(raw) if self._allowance > 0 else None
            if fit:
                return raw
            if fit is None:
                await self._connection.close(POLICY_VIOLATION, 'no message of a viewer')
                raise ConnectionClosedError(None, None)

    async def send(self, data: bytes) -> None:
        await self._connection.send(data)


@contextmanager
def guarded(guard: Guard) -> Iterator[None]:
    """
    Put ``guard`` before a viser server that is made within.

    viser hands its handlers to `websockets.asyncio.server.serve`; that is where they are wrapped.
    """
    serve = websocket_server.serve

    def serve_guarded(handler: Callable, host: str, port: int, **options: Any) -> Any:
        inner = options.pop('process_request')

        def process(connection: Any, request: Request) -> Response | None:
            refused = guard.refuse(request.path, request.headers)
            if refused is None:
                return inner(connection, request)
            status, reason = refused
            return Response(status, status.phrase, Headers(
                {'Content-Type': 'text/plain; charset=utf-8'}), reason.encode())

        async def handle(connection: Any) -> None:
            with guard.client():
                try:
                    await handler(_Client(connection))
                except asyncio.CancelledError:
                    raise
                except Exception as error:  # a viewer must not end the server
                    print(f'web view: a connection ended: {error!r}', flush=True)

        return serve(handle, host, port, process_request=process, max_size=LARGEST,
                     server_header=None, logger=_QUIET, **options)

    websocket_server.serve = serve_guarded
    try:
        yield
    finally:
        websocket_server.serve = serve


def _plain_update(updates: object) -> bool | None:
    """A value of a control: a number, a short text, a switch."""
    if not isinstance(updates, dict) or not set(updates) <= PROPERTIES:
        return None
    value = updates.get('value')
    if isinstance(value, str):
        return True if len(value) <= LONGEST_TEXT else None
    return True if isinstance(value, bool | int | float) else None


def _finite_camera(message: dict) -> bool | None:
    """A camera whose numbers are numbers."""
    sizes = {'wxyz': 4, 'position': 3, 'look_at': 3, 'up_direction': 3}
    for name, size in sizes.items():
        value = message.get(name)
        if not isinstance(value, list) or len(value) != size or not all(map(_finite, value)):
            return None
    return True if all(_finite(message.get(name)) for name in (
        'fov', 'aspect', 'near', 'far')) else None


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
