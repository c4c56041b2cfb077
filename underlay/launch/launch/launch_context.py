"""What the entities of a launch share while it runs."""
from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterable, MutableMapping
from types import SimpleNamespace
from typing import Any

from .event import Event
from .event_handler import BaseEventHandler
from .substitution import Substitution

__all__ = ['LaunchContext']


class _Locals(SimpleNamespace):
    """Read access to the locals by attribute."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f'context.locals has no {name!r}, only {sorted(vars(self))}')


class LaunchContext:
    """Launch configurations, environment, locals, events and their handlers."""

    def __init__(
        self, *, argv: Iterable[str] | None = None, noninteractive: bool = False,
    ) -> None:
        self.__argv = list(argv or [])
        self.__noninteractive = noninteractive
        self.__globals: dict[str, Any] = {}
        self.__locals: dict[str, Any] = {}
        self.__locals_stack: list[dict[str, Any]] = []
        self.__launch_configurations: dict[str, Any] = {}
        self.__launch_configurations_stack: list[dict[str, Any]] = []
        self.__environment_stack: list[dict[str, str]] = []
        self.__initial_environment = dict(os.environ)
        self.__is_shutdown = False
        self.__asyncio_loop: asyncio.AbstractEventLoop | None = None
        self.__event_arrived: asyncio.Event | None = None
        self._events: deque[Event] = deque()
        self._event_handlers: deque[BaseEventHandler] = deque()
        self._completion_futures: list[asyncio.Future] = []
        self._declared_arguments: set[str] = set()

    @property
    def argv(self) -> list[str]:
        """The arguments the launch service was given."""
        return self.__argv

    @property
    def noninteractive(self) -> bool:
        """Whether the launch runs without a terminal."""
        return self.__noninteractive

    @property
    def is_shutdown(self) -> bool:
        """Whether the launch is ending."""
        return self.__is_shutdown

    def _set_is_shutdown(self, state: bool) -> None:
        self.__is_shutdown = state

    @property
    def asyncio_loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop of the running launch service, None when it does not run."""
        return self.__asyncio_loop

    def _attach(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self.__asyncio_loop = loop
        self.__event_arrived = asyncio.Event() if loop is not None else None

    def add_completion_future(self, completion_future: asyncio.Future) -> None:
        """Keep the launch running until `completion_future` is done."""
        self._completion_futures.append(completion_future)

    # Locals: values that event handlers and includes hand to the entities below them.

    @property
    def locals(self) -> SimpleNamespace:
        """The locals, read by attribute."""
        return _Locals(**self.get_locals_as_dict())

    def get_locals_as_dict(self) -> dict[str, Any]:
        """Return globals overlaid by locals."""
        return {**self.__globals, **self.__locals}

    def extend_globals(self, extensions: dict[str, Any]) -> None:
        """Add lasting values, which locals of the same name hide."""
        self.__globals.update(extensions)

    def extend_locals(self, extensions: dict[str, Any]) -> None:
        """Add values that last until the enclosing scope ends."""
        self.__locals.update(extensions)

    def _push_locals(self) -> None:
        self.__locals_stack.append(dict(self.__locals))

    def _pop_locals(self) -> None:
        self.__locals = self.__locals_stack.pop()

    # Launch configurations and environment, both scoped by groups.

    @property
    def launch_configurations(self) -> dict[str, Any]:
        """The launch configurations of the current scope."""
        return self.__launch_configurations

    def _push_launch_configurations(self) -> None:
        self.__launch_configurations_stack.append(dict(self.__launch_configurations))

    def _pop_launch_configurations(self) -> None:
        self.__launch_configurations = self.__launch_configurations_stack.pop()

    @property
    def environment(self) -> MutableMapping[str, str]:
        """The environment that processes are started with."""
        return os.environ

    def _push_environment(self) -> None:
        self.__environment_stack.append(dict(os.environ))

    def _pop_environment(self) -> None:
        self.__replace_environment(self.__environment_stack.pop())

    def _reset_environment(self) -> None:
        self.__replace_environment(self.__initial_environment)

    def __replace_environment(self, environment: dict[str, str]) -> None:
        os.environ.clear()
        os.environ.update(environment)

    # Events.

    def would_handle_event(self, event: Event) -> bool:
        """Return whether a registered handler matches `event`."""
        return any(handler.matches(event) for handler in self._event_handlers)

    def register_event_handler(
        self, event_handler: BaseEventHandler, append: bool = False,
    ) -> None:
        """Register a handler, before those already there unless `append`."""
        if append:
            self._event_handlers.append(event_handler)
        else:
            self._event_handlers.appendleft(event_handler)

    def unregister_event_handler(self, event_handler: BaseEventHandler) -> None:
        """Remove a registered handler."""
        self._event_handlers.remove(event_handler)

    def emit_event_sync(self, event: Event) -> None:
        """Queue `event`, from any thread."""
        self._events.append(event)
        if self.__asyncio_loop is not None:
            self.__asyncio_loop.call_soon_threadsafe(self.__event_arrived.set)

    async def emit_event(self, event: Event) -> None:
        """Queue `event`."""
        self.emit_event_sync(event)

    async def _wait_for_event(self) -> None:
        while not self._events:
            self.__event_arrived.clear()
            await self.__event_arrived.wait()

    def perform_substitution(self, substitution: Substitution) -> str:
        """Return the text of one substitution."""
        return substitution.perform(self)
