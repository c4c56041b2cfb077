"""How a coroutine of an executor waits without holding it up."""
import time
from collections.abc import Callable

__all__ = ['wait_until']


class _Turn:
    def __await__(self):
        yield


async def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """
    Wait until ``condition`` holds; False when it does not within ``timeout_s``.

    It is looked at whenever the executor has done something, so a timer must be running.
    """
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        await _Turn()
    return True
