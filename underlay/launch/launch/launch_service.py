"""The service that works through launch descriptions until nothing is left to do."""
from __future__ import annotations

import asyncio
import logging as python_logging
import signal
import threading
import traceback
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager

from . import logging
from .event import Event
from .event_handlers import OnIncludeLaunchDescription, OnShutdown
from .events import IncludeLaunchDescription, Shutdown
from .events.hurry_shutdown import HurryShutdown
from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .utilities import normalize_to_list_of_entities, visit_all_entities_and_collect_futures

__all__ = ['LaunchService']

_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)


class LaunchService:
    """
    Runs launch descriptions.

    An error in any entity is logged as one line, ends everything that was started and makes the
    return code non-zero. SIGINT, SIGTERM, SIGQUIT and SIGHUP end the launch in order; each
    further one moves the processes still running to the next, harsher signal at once.
    """

    def __init__(
        self,
        *,
        argv: Iterable[str] | None = None,
        noninteractive: bool = False,
        debug: bool = False,
    ) -> None:
        logging.launch_config.level = python_logging.DEBUG if debug else python_logging.INFO
        self.__debug = debug
        self.__logger = logging.get_logger('launch')
        self.__context = LaunchContext(argv=argv, noninteractive=noninteractive)
        self.__context.register_event_handler(OnIncludeLaunchDescription())
        self.__context.register_event_handler(OnShutdown(on_shutdown=self.__note_shutdown))
        self.__futures: list[asyncio.Future] = []
        self.__shutting_down = False
        self.__return_code = 0
        self.__loop: asyncio.AbstractEventLoop | None = None
        self.__task: asyncio.Task | None = None

    @property
    def context(self) -> LaunchContext:
        """The context that all entities share."""
        return self.__context

    @property
    def event_loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop while the service runs, else None."""
        return self.__loop

    @property
    def task(self) -> asyncio.Task | None:
        """The task of the service while it runs, else None."""
        return self.__task

    def emit_event(self, event: Event) -> None:
        """Queue an event, from any thread; it is handled once the service runs."""
        self.__context.emit_event_sync(event)

    def include_launch_description(self, launch_description: LaunchDescription) -> None:
        """Queue a launch description, from any thread."""
        self.emit_event(IncludeLaunchDescription(launch_description))

    def run(self, *, shutdown_when_idle: bool = True) -> int:
        """Run in the main thread until done; return 0, or 1 when something failed."""
        return asyncio.run(self.run_async(shutdown_when_idle=shutdown_when_idle))

    async def run_async(self, *, shutdown_when_idle: bool = True) -> int:
        """Run in the current event loop, of the main thread, until done."""
        with self.__attached():
            while self.__has_more(shutdown_when_idle):
                await self.__step()
        return self.__return_code

    def shutdown(self, force_sync: bool = False) -> Coroutine | None:
        """Begin to end the launch, from any thread; an awaitable within the running loop."""
        if self.__loop is None:
            return None
        self.__shut_down('LaunchService.shutdown() called')
        in_loop = asyncio._get_running_loop() is self.__loop
        return asyncio.sleep(0) if in_loop and not force_sync else None

    def __has_more(self, shutdown_when_idle: bool) -> bool:
        if self.__context._events or self.__open_futures():
            return True
        if self.__shutting_down:
            return False
        if shutdown_when_idle:
            self.__shut_down('idle')
        return True

    async def __step(self) -> None:
        try:
            if self.__context._events:
                self.__process(self.__context._events.popleft())
            else:
                await self.__wait()
        except asyncio.CancelledError:
            self.__fail('the launch was cancelled')
        except Exception as error:
            self.__fail(logging.one_line(error))

    async def __wait(self) -> None:
        arrival = asyncio.ensure_future(self.__context._wait_for_event())
        try:
            done, _ = await asyncio.wait(
                {arrival, *self.__open_futures()}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            arrival.cancel()
        self.__retire(done - {arrival})

    def __retire(self, done: set[asyncio.Future]) -> None:
        self.__futures = [future for future in self.__futures if future not in done]
        failures = [
            future.exception() for future in done
            if not future.cancelled() and future.exception() is not None
        ]
        for failure in failures[1:]:
            self.__logger.error(logging.one_line(failure))
        if failures:
            raise failures[0]

    def __open_futures(self) -> list[asyncio.Future]:
        context = self.__context
        self.__futures.extend(context._completion_futures)
        context._completion_futures.clear()
        self.__futures = [
            future for future in self.__futures
            if not future.done() or (not future.cancelled() and future.exception() is not None)
        ]
        return self.__futures

    def __process(self, event: Event) -> None:
        self.__logger.debug(f'event {event.name}')
        for handler in tuple(self.__context._event_handlers):
            if handler.matches(event):
                self.__handle(handler, event)

    def __handle(self, handler, event: Event) -> None:
        self.__context._push_locals()
        try:
            entities = handler.handle(event, self.__context)
            for entity in normalize_to_list_of_entities(entities):
                self.__futures.extend(
                    future for _, future in
                    visit_all_entities_and_collect_futures(entity, self.__context))
        finally:
            self.__context._pop_locals()

    def __fail(self, reason: str) -> None:
        self.__logger.debug(traceback.format_exc())
        self.__logger.error(reason)
        self.__return_code = 1
        self.__shut_down(reason)

    def __shut_down(self, reason: str, *, due_to_sigint: bool = False) -> None:
        if self.__shutting_down:
            return
        self.__note_shutdown()
        self.emit_event(Shutdown(reason=reason, due_to_sigint=due_to_sigint))

    def __note_shutdown(self, *_) -> None:
        self.__shutting_down = True
        self.__context._set_is_shutdown(True)

    def __on_signal(self, number: signal.Signals) -> None:
        if self.__shutting_down:
            self.__logger.warning(f'{number.name} again: ending the processes more harshly')
            self.emit_event(HurryShutdown())
            return
        self.__logger.warning(f'ending on {number.name}')
        self.__shut_down(number.name, due_to_sigint=number is signal.SIGINT)

    @contextmanager
    def __attached(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError('LaunchService runs in the main thread only')
        if self.__loop is not None:
            raise RuntimeError('this LaunchService is running already')
        self.__loop = asyncio.get_running_loop()
        self.__loop.set_debug(self.__debug)
        self.__task = asyncio.current_task()
        self.__context._attach(self.__loop)
        logging.log_launch_config(logger=self.__logger)
        try:
            with self.__signals_handled():
                yield
        finally:
            self.__context._attach(None)
            self.__context._set_is_shutdown(False)
            self.__loop = self.__task = None
            self.__shutting_down = False

    @contextmanager
    def __signals_handled(self) -> Iterator[None]:
        # A SIGHUP that is ignored stays so: that is how nohup asks to outlive the terminal.
        handled = [
            number for number in _ENDING_SIGNALS
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
        ]
        previous = {number: signal.getsignal(number) for number in handled}
        for number in handled:
            self.__loop.add_signal_handler(number, self.__on_signal, number)
        try:
            yield
        finally:
            for number, handler in previous.items():
                self.__loop.remove_signal_handler(number)
                signal.signal(number, handler)
