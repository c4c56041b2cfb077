"""Wait, then act."""
from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from ..action import Action
from ..event_handler import EventHandler
from ..event_handlers.on_shutdown import OnShutdown
from ..events.timer_event import TimerEvent
from ..launch_context import LaunchContext
from ..launch_description_entity import LaunchDescriptionEntity
from ..some_substitutions_type import SomeSubstitutionsType
from ..utilities import TypedValue
from .opaque_function import OpaqueFunction

__all__ = ['TimerAction']


class TimerAction(Action):
    """
    Visits actions once, `period` seconds of wall clock after this one.

    The end of the launch cancels the timer unless `cancel_on_shutdown` is false.
    """

    def __init__(
        self,
        *,
        period: float | SomeSubstitutionsType,
        actions: Iterable[LaunchDescriptionEntity],
        cancel_on_shutdown: bool | SomeSubstitutionsType = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.__period = TypedValue(period, float, 'TimerAction: period')
        self.__actions = list(actions)
        self.__cancel_on_shutdown = TypedValue(
            cancel_on_shutdown, bool, 'TimerAction: cancel_on_shutdown')
        self.__is_cancelled = False
        self.__task: asyncio.Task | None = None

    @property
    def actions(self) -> list[LaunchDescriptionEntity]:
        """What is visited when the period has passed."""
        return self.__actions

    @property
    def period(self) -> TypedValue:
        """The seconds to wait."""
        return self.__period

    def describe(self) -> str:
        """Return the period."""
        return f'TimerAction({self.__period} s)'

    def describe_conditional_sub_entities(
        self,
    ) -> list[tuple[str, Iterable[LaunchDescriptionEntity]]]:
        """Return what follows when the period has passed."""
        return [(f'{self.__period} s have passed', self.actions)]

    def cancel(self) -> None:
        """Prevent the actions, also when the timer has not begun yet."""
        self.__is_cancelled = True
        if self.__task is not None:
            self.__task.cancel()

    def execute(self, context: LaunchContext) -> None:
        """Begin to wait."""
        if self.__is_cancelled:
            return
        cancels = self.__cancel_on_shutdown.evaluate(context)
        if cancels and context.is_shutdown:
            return
        event = TimerEvent(timer_action=self)
        self.__listen(context, event, cancels)
        self.__task = context.asyncio_loop.create_task(
            _emit_later(context, event, self.__period.evaluate(context)))

    def get_asyncio_future(self) -> asyncio.Future | None:
        """Return the wait."""
        return self.__task

    def __listen(self, context: LaunchContext, event: TimerEvent, cancels: bool) -> None:
        surroundings = dict(context.get_locals_as_dict())
        surroundings.pop('event', None)
        context.register_event_handler(EventHandler(
            matcher=lambda other: other is event,
            entities=[
                OpaqueFunction(function=lambda context: context.extend_locals(surroundings)),
                *self.actions],
            handle_once=True))
        if cancels:
            context.register_event_handler(OnShutdown(on_shutdown=lambda *_: self.cancel()))


async def _emit_later(context: LaunchContext, event: TimerEvent, seconds: float) -> None:
    await asyncio.sleep(seconds)
    context.emit_event_sync(event)
