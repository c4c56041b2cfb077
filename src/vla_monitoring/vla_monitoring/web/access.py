"""Who may press buttons: everybody on this machine, or who knows the token."""
import hmac
import secrets
import time
from collections.abc import Callable

__all__ = ['Access', 'is_loopback']

TRIES, PAUSE_S = 5, 30.0


def is_loopback(host: str) -> bool:
    """Whether a server bound to ``host`` is reached from this machine only."""
    return host in ('localhost', '::1') or host.startswith('127.')


class Access:
    """
    Unlocked clients; without a ``token`` all are.

    Too many wrong tokens, from whomever, close the door to new ones for a while.
    """

    def __init__(self, token: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.token = token
        self._clock = clock
        self._unlocked: set[int] = set()
        self._wrong, self._closed_until = 0, 0.0

    @classmethod
    def of_host(cls, host: str, token: str = '') -> 'Access':
        """Without a token on loopback; else ``token``, or a new one."""
        if is_loopback(host) and not token:
            return cls(None)
        return cls(token or secrets.token_urlsafe(12))

    def may(self, client: int) -> bool:
        """Whether a client may press buttons."""
        return self.token is None or client in self._unlocked

    def unlock(self, client: int, token: str) -> str:
        """Why a client stays locked, or ''."""
        if self.token is None:
            return ''
        if self._clock() < self._closed_until:
            return f'too many wrong tokens: wait {self._closed_until - self._clock():.0f} s'
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            self._wrong += 1
            if self._wrong >= TRIES:
                self._wrong, self._closed_until = 0, self._clock() + PAUSE_S
            return 'this is not the token'
        self._wrong = 0
        self._unlocked.add(client)
        return ''

    def forget(self, client: int) -> None:
        """A client has gone."""
        self._unlocked.discard(client)
