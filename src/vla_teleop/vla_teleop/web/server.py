"""
Serves the page and hears it, in a thread of its own.

One page drives, the first that came; others look on, and only their stop counts. A frame that
comes late, because the radio held it back, does not count: how late is measured against the
quickest frame so far, whose age is let grow by a millisecond a second for clocks that drift.
"""
import asyncio
import contextlib
import http
import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from importlib.resources import files

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from vla_teleop.device import DeviceLost
from vla_teleop.sample import TeleopSample
from vla_teleop.web.frame import LONGEST, FrameError, parse
from vla_teleop.web.gate import Gate

__all__ = ['PageServer']

LATEST_S = 0.25  # a frame that is later does not count
DRIFT = 1e-3
FRAMES_A_SECOND = 200
PAGES = 8
STATUS_S = 0.2
START_S = 5.0
PRESSES = 64
HEADERS = {
    'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store',
    'X-Frame-Options': 'DENY', 'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'none'; script-src 'unsafe-inline'; "
                               "style-src 'unsafe-inline'; connect-src 'self' ws: wss:; "
                               "frame-ancestors 'none'"}


class PageServer:
    """
    The server of one page; `take` gives what its driver said since the last call.

    With ``tls`` it speaks https and wss only.
    """

    def __init__(
        self, host: str, port: int, gate: Gate, tls: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port, self._gate, self._tls = host, port, gate, tls
        self._page = files('vla_teleop.web').joinpath('page.html').read_bytes()
        self._lock = threading.Lock()
        self._newest: TeleopSample | None = None
        self._pressed: deque[str] = deque(maxlen=PRESSES)
        self._gone = False
        self._lines: Mapping[str, str] = {}
        self._pages: list[ServerConnection] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._failure: BaseException | None = None
        self.port = port

    def start(self) -> None:
        """Begin to serve; DeviceLost when the port cannot be had."""
        ready = threading.Event()
        self._failure = None
        self._thread = threading.Thread(
            target=self._run, args=(ready,), name='teleop_page', daemon=True)
        self._thread.start()
        if not ready.wait(START_S) or self._failure is not None:
            self.stop()
            reason = getattr(self._failure, 'strerror', None) or self._failure or 'no answer'
            raise DeviceLost(f'{self._host}:{self._port} cannot be served: {reason}')

    def stop(self) -> None:
        """End it, and every connection."""
        loop, thread = self._loop, self._thread
        if loop is not None and self._ended is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                loop.call_soon_threadsafe(self._ended.set)
        if thread is not None:
            thread.join(START_S)
        self._thread = self._loop = None

    def take(self) -> TeleopSample | None:
        """What is new; a sample without anything held when the driver has gone."""
        if self._thread is None or not self._thread.is_alive():
            raise DeviceLost('the server of the page has ended')
        with self._lock:
            newest, self._newest = self._newest, None
            pressed = tuple(self._pressed)
            self._pressed.clear()
            gone, self._gone = self._gone, False
        if newest is None and not pressed and not gone:
            return None
        if newest is None or gone:
            return TeleopSample(pressed=pressed)
        return TeleopSample(newest.arms, newest.held, pressed)

    def show(self, lines: Mapping[str, str]) -> None:
        """Say on the page what goes on."""
        self._lines = dict(lines)

    def _run(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(ready))
        except OSError as failure:
            self._failure = failure
        finally:
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        async with serve(
                self._drive, self._host, self._port, process_request=self._answer,
                max_size=LONGEST, max_queue=16, compression=None, open_timeout=5, close_timeout=1,
                ping_interval=2, ping_timeout=2, server_header=None, ssl=self._tls) as server:
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            telling = asyncio.create_task(self._tell())
            await self._ended.wait()
            telling.cancel()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        origins = request.headers.get_all('Origin')
        hosts = request.headers.get_all('Host')
        if len(hosts) != 1 or len(origins) > 1:
            return connection.respond(http.HTTPStatus.BAD_REQUEST, 'one Host, one Origin\n')
        status, reason = self._gate.judge(request.path, hosts[0], origins[0] if origins else None)
        if status != 200:
            return connection.respond(http.HTTPStatus(status), reason + '\n')
        if request.path.startswith('/socket'):
            if len(self._pages) >= PAGES:
                return connection.respond(
                    http.HTTPStatus.SERVICE_UNAVAILABLE, 'too many pages are open\n')
            return None
        return Response(200, 'OK', Headers(
            {**HEADERS, 'Content-Length': str(len(self._page))}), self._page)

    async def _drive(self, page: ServerConnection) -> None:
        """Hear a page; one that misbehaves no longer drives before it is told why and shut out."""
        self._pages.append(page)
        try:
            reason = await self._listen(page)
        finally:
            was_driver = self._pages[0] is page
            self._pages.remove(page)
            if was_driver:
                with self._lock:
                    self._newest, self._gone = None, True
        if reason:
            await page.close(1008, reason[:110])

    async def _listen(self, page: ServerConnection) -> str:
        """Until it goes, which is no reason, or gives one to shut it out."""
        pace, lateness = _Pace(), _Lateness()
        try:
            async for text in page:
                now = time.monotonic()
                if not pace.may(now):
                    return 'too many frames'
                frame = parse(text)
                if lateness.of(frame.t * 1e-3, now) <= LATEST_S:
                    self._hear(page, frame.sample)
        except FrameError as error:
            return str(error)
        except ConnectionClosed:
            pass
        return ''

    def _hear(self, page: ServerConnection, sample: TeleopSample) -> None:
        drives = self._pages[0] is page
        with self._lock:
            self._pressed.extend(
                name for name in sample.pressed if drives or name == 'stop')
            if drives:
                self._newest, self._gone = sample, False

    async def _tell(self) -> None:
        while True:
            for number, page in enumerate(tuple(self._pages)):
                text = json.dumps({'drives': number == 0, 'lines': self._lines})
                with contextlib.suppress(ConnectionClosed, asyncio.TimeoutError):
                    await asyncio.wait_for(page.send(text), STATUS_S)
            await asyncio.sleep(STATUS_S)


class _Pace:
    """No more than so many frames a second."""

    def __init__(self) -> None:
        self._since, self._count = 0.0, 0

    def may(self, now: float) -> bool:
        if now - self._since >= 1.0:
            self._since, self._count = now, 0
        self._count += 1
        return self._count <= FRAMES_A_SECOND


class _Lateness:
    """How much later than the quickest frame another comes, in s."""

    def __init__(self) -> None:
        self._offset: float | None = None
        self._seen = 0.0

    def of(self, sent: float, now: float) -> float:
        offset = now - sent
        if self._offset is None:
            self._offset = offset
        self._offset = min(offset, self._offset + DRIFT * (now - self._seen if self._seen else 0.0))
        self._seen = now
        return offset - self._offset
