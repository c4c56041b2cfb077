"""Call a coroutine."""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from ..action import Action
from ..event_handlers.on_shutdown import OnShutdown
from ..launch_context import LaunchContext

__all__ = ['OpaqueCoroutine']


class OpaqueCoroutine(Action):
    """
    Runs `coroutine(context, *args, **kwargs)` beside the launch, and cancels it at the end.

    With `ignore_context` the coroutine is not given the context.
    """

    def __init__(
        self,
        *,
        coroutine: Callable[..., Coroutine],
        args: Iterable[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        ignore_context: bool = False,
        **left_over_kwargs: Any,
    ) -> None:
        super().__init__(**left_over_kwargs)
        if not asyncio.iscoroutinefunction(coroutine):
            raise TypeError(f'OpaqueCoroutine: {coroutine!r} is no coroutine function')
        self.__coroutine = coroutine
        self.__args = tuple(args or ())
        self.__kwargs = dict(kwargs or {})
        self.__ignore_context = ignore_context
        self.__task: asyncio.Task | None = None

    def execute(self, context: LaunchContext) -> None:
        """Start the coroutine."""
        leading = () if self.__ignore_context else (context,)
        self.__task = context.asyncio_loop.create_task(
            self.__coroutine(*leading, *self.__args, **self.__kwargs))
        context.register_event_handler(OnShutdown(on_shutdown=lambda *_: self.__cancel()))

    def __cancel(self) -> None:
        self.__task.cancel()

    def get_asyncio_future(self) -> asyncio.Future | None:
        """Return the task of the coroutine."""
        return self.__task
