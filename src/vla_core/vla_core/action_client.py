"""Action clients that are called from a thread other than the one that spins their node."""
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

__all__ = ['for_threads']


def for_threads(client: Any) -> Any:
    """
    Make an rclpy ActionClient safe to call from any thread; gives the same client back.

    rclpy sends a request first and notes its number after; an executor in another thread may
    take a fast answer between the two, and drops it as unexpected, so that its future never ends.
    With this, an answer is taken only when no request is half sent.
    """
    sending = threading.Lock()
    for name in ('send_goal_async', '_cancel_goal_async', '_get_result_async', 'take_data'):
        setattr(client, name, _holding(sending, getattr(client, name)))
    return client


def _holding(lock: threading.Lock, method: Callable) -> Callable:
    @wraps(method)
    def held(*args: Any, **options: Any) -> Any:
        with lock:
            return method(*args, **options)
    return held
