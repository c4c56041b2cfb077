"""
The openpi WebSocket protocol around a policy.

The first frame on a connection is the server's, binary: who serves. Then request and answer
alternate, binary msgpack. A text frame says, in words or as a traceback, why a request got no
answer, and the connection is closed after it; the server goes on with the others.
``GET /healthz`` and ``GET /metrics`` are answered on the same port.
"""
import asyncio
import hmac
import http
import logging
import ssl
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as HttpRequest, Response

from vla_core.observation import ObservationError
from vla_core.validation import ConfigurationError
from vla_policies.policy import Policy
from vla_policies.serving.batcher import Batcher, Inferred
from vla_policies.serving.metrics import Metrics
from vla_policies.serving.reply import metadata, reply
from vla_policies.serving.request import Asked, RequestError, read_request
from vla_policies.wire import openpi
from vla_policies.wire.arrays import WireError

__all__ = ['PolicyServer', 'ServerOptions', 'ServingError']

INTERNAL_ERROR = 1011
MAX_QUEUED_FRAMES = 2
MAX_TRACEBACK = 16_384  # characters


class ServingError(ConfigurationError):
    """The server cannot be started as asked; one line."""


@dataclass(frozen=True)
class ServerOptions:
    """
    Where and how to serve.

    ``port`` 0 takes a free one. ``api_key`` is asked for as openpi does, in the header
    ``Authorization: Api-Key <key>``. ``certificate`` and ``private_key`` are PEM files for TLS.
    ``max_frame_bytes`` limits a request, ``max_clients`` the connections.
    """

    host: str = '127.0.0.1'
    port: int = 8000
    api_key: str = ''
    certificate: Path | None = None
    private_key: Path | None = None
    max_frame_bytes: int = 32 * 1024 * 1024
    max_clients: int = 64
    max_batch: int = 8
    batch_window_s: float = 0.01

    def tls(self) -> ssl.SSLContext | None:
        """The TLS of the two files, None without them; ServingError when they do not serve."""
        if (self.certificate is None) != (self.private_key is None):
            raise ServingError('TLS needs both a certificate and a key')
        if self.certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate, self.private_key)
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, 'reason', None) or error.strerror or error
            raise ServingError(
                f'{self.certificate}, {self.private_key}: cannot be used for TLS: {reason}'
            ) from error
        return context


class PolicyServer:
    """Serves one policy to several clients; each connection is a session of its own."""

    def __init__(
        self, policy: Policy, options: ServerOptions | None = None, *,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.policy = policy
        self.options = options or ServerOptions()
        self.metrics = Metrics(policy.name)
        self._report = report
        self._batcher = Batcher(self.options.max_batch, self.options.batch_window_s)
        self._greeting = openpi.pack(metadata(policy))
        self._clients = 0
        self._server: Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._server.sockets[0].getsockname()[1]

    async def start(self) -> None:
        """Listen; ServingError when address, certificate or key do not serve."""
        options = self.options
        try:
            self._server = await serve(
                self._handle, options.host, options.port, ssl=options.tls(),
                process_request=self._answer_http, compression=None,
                max_size=options.max_frame_bytes, max_queue=MAX_QUEUED_FRAMES,
                # A browser says where its page came from; no page may speak to a robot.
                origins=[None], server_header=None, logger=_silent_logger())
        except OSError as error:
            raise ServingError(
                f'cannot listen on {options.host}:{options.port}: {error.strerror or error}'
            ) from error

    async def prepare(self, function: Callable[[], None]) -> None:
        """Run ``function`` on the thread that infers, before `start`."""
        await asyncio.wrap_future(self._batcher.call(function))

    async def close(self) -> None:
        """Close every connection and end the inference thread."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        await asyncio.to_thread(self._batcher.stop)

    def _answer_http(
        self, connection: ServerConnection, request: HttpRequest,
    ) -> Response | None:
        """Health, metrics and refusals; None lets the WebSocket begin."""
        if request.path == '/healthz':
            return connection.respond(http.HTTPStatus.OK, 'OK\n')
        if not self._is_authorised(request):
            return connection.respond(
                http.HTTPStatus.UNAUTHORIZED, 'the API key is missing or wrong\n')
        if request.path == '/metrics':
            response = connection.respond(http.HTTPStatus.OK, self.metrics.text().decode())
            del response.headers['Content-Type']
            response.headers['Content-Type'] = 'text/plain; version=0.0.4; charset=utf-8'
            return response
        if self._clients >= self.options.max_clients:
            return connection.respond(
                http.HTTPStatus.SERVICE_UNAVAILABLE,
                f'{self._clients} clients are connected already, which is the limit\n')
        return None

    def _is_authorised(self, request: HttpRequest) -> bool:
        if not self.options.api_key:
            return True
        given = ' '.join(request.headers.get_all('Authorization')).encode()
        return hmac.compare_digest(given, f'Api-Key {self.options.api_key}'.encode())

    async def _handle(self, connection: ServerConnection) -> None:
        self._clients += 1
        self.metrics.clients.inc()
        try:
            session = await asyncio.wrap_future(self._batcher.call(self.policy.session))
            await connection.send(self._greeting)
            await self._converse(connection, session)
        except ConnectionClosed:
            pass
        except Exception:
            await self._refuse(connection, 'failed', traceback.format_exc())
        finally:
            self._clients -= 1
            self.metrics.clients.dec()
            self._batcher.forget(connection)

    async def _converse(self, connection: ServerConnection, session: Policy) -> None:
        """Answer request after request, until the client goes or asks what is refused."""
        is_new, previous_total_ms = True, None
        async for frame in connection:
            begin = time.perf_counter()
            try:
                asked = self._read(frame)
            except (RequestError, WireError) as error:
                await self._refuse(connection, 'refused', str(error))
                return
            begins = asked.reset or is_new
            inferred = await self._infer(connection, session, asked, begins)
            if inferred is None:
                return
            is_new = False
            message = reply(asked, inferred.chunk, 1000 * inferred.infer_s, previous_total_ms)
            await connection.send(openpi.pack(message))
            self._count(inferred)
            previous_total_ms = 1000 * (time.perf_counter() - begin)

    def _read(self, frame: str | bytes) -> Asked:
        if isinstance(frame, str):
            raise RequestError('a request is a binary frame, not text')
        return read_request(openpi.unpack(frame), self.policy.contract)

    async def _infer(
        self, connection: ServerConnection, session: Policy, asked: Asked, begins: bool,
    ) -> Inferred | None:
        """The result, or None when the client has gone or has been told what failed."""
        instruction = asked.request.observation.instruction if begins else None
        inference = asyncio.wrap_future(
            self._batcher.submit(connection, session, asked.request, instruction))
        gone = asyncio.ensure_future(connection.wait_closed())
        try:
            await asyncio.wait({inference, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not inference.done():
                inference.cancel()
                self.metrics.requests.labels('gone').inc()
                return None
            return inference.result()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if isinstance(error, ConfigurationError | ObservationError):
                await self._refuse(connection, 'refused', str(error))
            else:
                text = ''.join(traceback.format_exception(error))
                await self._refuse(connection, 'failed', text)
            return None
        finally:
            gone.cancel()

    async def _refuse(self, connection: ServerConnection, outcome: str, text: str) -> None:
        """Tell the client why there is no answer, and close."""
        self.metrics.requests.labels(outcome).inc()
        last = text.strip().splitlines()[-1]
        self._report(f'{_name(connection)}: {outcome}: {last}')
        try:
            await connection.send(text[-MAX_TRACEBACK:])
            await connection.close(INTERNAL_ERROR, 'see the frame before this one')
        except ConnectionClosed:
            pass

    def _count(self, inferred: Inferred) -> None:
        self.metrics.requests.labels('answered').inc()
        self.metrics.inference.observe(inferred.infer_s)
        self.metrics.waiting.observe(inferred.waited_s)
        self.metrics.batch.observe(inferred.batch)


def _silent_logger() -> logging.Logger:
    """websockets tells of each port scan in a page of traceback; what matters is reported here."""
    logger = logging.getLogger(f'{__name__}.websockets')
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return logger


def _name(connection: ServerConnection) -> str:
    address = connection.remote_address
    return f'{address[0]}:{address[1]}' if address else 'a client'
