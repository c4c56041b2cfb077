"""
Who may come in: on loopback everybody of this machine, else who knows the token.

Pages of other sites are kept out by Origin and Host: the browser says where a page is from, and
a name that was rebound to this machine is not one of its own.
"""
import hmac
import secrets
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

__all__ = ['Gate', 'is_loopback']

TRIES, PAUSE_S = 5, 30.0
LOCAL = ('localhost', '127.0.0.1', '[::1]')


def is_loopback(host: str) -> bool:
    """Whether a server bound to ``host`` is reached from this machine only."""
    return host in ('localhost', '::1') or host.startswith('127.')


class Gate:
    """Judges requests; ``token`` is None where everybody may."""

    def __init__(self, host: str, token: str = '',
                 clock: Callable[[], float] = time.monotonic) -> None:
        """On loopback no token is asked for unless one is given; else ``token``, or a new one."""
        self.loopback = is_loopback(host)
        self.token = token or (None if self.loopback else secrets.token_urlsafe(12))
        self._clock = clock
        self._wrong, self._closed_until = 0, 0.0

    def judge(self, path: str, host: str, origin: str | None) -> tuple[int, str]:
        """Status and reason for a request; 200 lets it in."""
        parts = urlsplit(path)
        if parts.path not in ('/', '/socket'):
            return 404, 'there is nothing here'
        name = host.rsplit(':', 1)[0] if not host.endswith(']') else host
        if self.loopback and name not in LOCAL:
            return 403, f'this server is not called {name[:60]}'
        if parts.path == '/socket' and (origin is None or urlsplit(origin).netloc != host):
            return 403, 'a page of another site may not drive a robot'
        if self.token is None:
            return 200, ''
        now = self._clock()
        if now < self._closed_until:
            return 429, f'too many wrong tokens: wait {self._closed_until - now:.0f} s'
        given = parse_qs(parts.query).get('token', [''])[0]
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            self._wrong += 1
            if self._wrong >= TRIES:
                self._wrong, self._closed_until = 0, now + PAUSE_S
            return 403, 'the address lacks the token, or has another: /?token=…'
        self._wrong = 0
        return 200, ''
