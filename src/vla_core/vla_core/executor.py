"""
An executor of one thread that keeps what it waits for.

rclpy's own gathers every subscription, timer, service and event anew for each message, and wakes
itself after each callback to do it once more: nearly a millisecond of processor time a message,
which two dozen streams of a robot make whole cores of. Here the set is gathered when something was
added or removed, and filled again for each wait.
"""
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from threading import Lock
from typing import Any

from rclpy import executors
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.executors import (
    ConditionReachedException,
    ExternalShutdownException,
    ShutdownException,
    SingleThreadedExecutor,
    TimeoutException,
    TimeoutObject,
)
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.task import Task

__all__ = ['KeepingExecutor']

#: Groups that refuse nothing while no callback of theirs is unfinished.
USUAL_GROUPS = (MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup)
KINDS = ('timer', 'subscription', 'client', 'service')
#: rclpy before 7.1.9 keeps unfinished tasks in one list and tries each at every turn.
LISTED = not hasattr(executors, 'TaskData')


class KeepingExecutor(SingleThreadedExecutor):
    """
    A SingleThreadedExecutor; what it runs and in which order of kinds is the same.

    It overrides private methods of rclpy 7.1 (Jazzy) as they are before 7.1.9, which keeps tasks
    in another way. There, and where guard conditions are used, rclpy's own method waits.
    """

    def __init__(self, *, context: Any = None) -> None:
        super().__init__(context=context)
        self._kept: _Kept | None = None
        self._waiting = Lock()
        self._take = {
            'waitable': self._take_waitable, 'timer': self._take_timer,
            'subscription': self._take_subscription, 'client': self._take_client,
            'service': self._take_service}

    def spin_until(self, condition: Callable[[], bool]) -> None:
        """Execute callbacks until ``condition``; `wake` has it looked at."""
        while self._context.ok() and not self._is_shutdown and not condition():
            self._spin_once_impl(None, condition)

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        done = super().shutdown(timeout_sec)
        with self._waiting:
            self._forget()
        return done

    def _forget(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _wait_for_ready_callbacks(
        self, timeout_sec: float | TimeoutObject | None = None, nodes: Any = None,
        condition: Callable[[], bool] = lambda: False,
    ) -> Iterator[tuple[Task, Any, Any]]:
        if not LISTED or nodes is not None or any(any(node.guards) for node in self.get_nodes()):
            yield from super()._wait_for_ready_callbacks(timeout_sec, nodes, condition)
            return
        if isinstance(timeout_sec, TimeoutObject):
            timeout_sec = timeout_sec.timeout
        forever = timeout_sec is None or timeout_sec < 0
        end = None if forever else time.monotonic() + timeout_sec
        worked = False
        while not worked and not self._is_shutdown and not condition():
            for task, entity, node in self._unfinished():
                worked = True
                yield task, entity, node
            self._drop_finished()
            for entity, node, take in self._ready(end):
                worked = True
                yield self._make_handler(entity, node, take), entity, node
            if end is not None and time.monotonic() >= end and not worked:
                raise TimeoutException
        if self._is_shutdown:
            raise ShutdownException
        if not worked and condition():
            raise ConditionReachedException

    def _unfinished(self) -> list[tuple[Task, Any, Any]]:
        """Coroutines that await something, and what was given to `create_task`, newest first."""
        with self._tasks_lock:
            return [entry for entry in reversed(self._tasks)
                    if not entry[0].executing() and not entry[0].done()]

    def _drop_finished(self) -> None:
        with self._tasks_lock:
            self._tasks = [entry for entry in self._tasks
                           if not entry[0].done() and not entry[0].cancelled()]

    def _ready(self, end: float | None) -> Iterator[tuple[Any, Any, Callable]]:
        """What has work to do after the next wait, with how it is taken."""
        with self._waiting:
            if self._is_shutdown:
                return
            if self._kept is None:
                self._kept = _Kept(self)
            kept = self._kept
            left_ns = -1 if end is None else max(0, round((end - time.monotonic()) * 1e9))
            try:
                ready = kept.wait(left_ns, bool(self._tasks))
            except InvalidHandle:
                # A callback destroyed something since; without it then.
                self._forget()
                return
            if self._is_shutdown:
                self._forget()
                raise ShutdownException
            if not self._context.ok():
                self._forget()
                raise ExternalShutdownException
            if kept.woken and not kept.still_is(self):
                self._forget()
        for kind, entity, node in ready:
            if not entity.callback_group.can_execute(entity):
                continue
            with suppress(InvalidHandle):
                # One that was cancelled by a callback before it is not ready any more.
                if kind == 'timer' and not entity.handle.is_timer_ready():
                    continue
                yield entity, node, self._take[kind]

    def _make_handler(self, entity: Any, node: Any, take_from_wait_list: Callable) -> Task:
        if not LISTED:
            return super()._make_handler(entity, node, take_from_wait_list)
        entity._executor_event = True
        task = Task(_handle, (entity, take_from_wait_list, self), executor=self)
        with self._tasks_lock:
            self._tasks.append((task, entity, node))
        return task


async def _handle(entity: Any, take: Callable, executor: KeepingExecutor) -> None:
    """Take the work of an entity and do it; nobody else has to be woken for it."""
    group = entity.callback_group
    if executor._is_shutdown or not group.beginning_execution(entity):
        entity._executor_event = False
        return
    with executor._work_tracker:
        call = take(entity)
        entity._executor_event = False
        try:
            if call is not None:
                await call()
        finally:
            group.ending_execution(entity)


class _Kept:
    """A wait set and what is put into it again and again; handles are held until `close`."""

    def __init__(self, executor: KeepingExecutor) -> None:
        self._members = _members(executor)
        self._entities: dict[str, dict[int, tuple[Any, Any]]] = {kind: {} for kind in KINDS}
        self._waitables: list[tuple[Any, Any]] = []
        self._guard, self._interrupt = executor._guard, executor._sigint_gc
        self._stack = ExitStack()
        self.woken = False
        hold = self._stack.enter_context
        for node, kind, entity in self._members:
            with suppress(InvalidHandle):
                if kind == 'waitable':
                    hold(entity)
                    self._waitables.append((entity, node))
                else:
                    hold(entity.handle)
                    self._entities[kind][entity.handle.pointer] = (entity, node)
        for guard in (self._guard, self._interrupt):
            hold(guard.handle)
        hold(executor._context.handle)
        size = dict.fromkeys(
            ('subscriptions', 'guard_conditions', 'timers', 'clients', 'services', 'events'), 0)
        for kind, entities in self._entities.items():
            size[f'{kind}s'] = len(entities)
        size['guard_conditions'] = 2
        for waitable, _ in self._waitables:
            count = waitable.get_num_entities()
            for name in size:
                size[name] += getattr(count, f'num_{name}')
        self._wait_set = rclpy_implementation.WaitSet(*size.values(), executor._context.handle)
        self._add = {kind: getattr(self._wait_set, f'add_{kind}') for kind in KINDS}

    def close(self) -> None:
        """Let go of everything."""
        self._stack.close()

    def still_is(self, executor: KeepingExecutor) -> bool:
        """Whether the nodes have what they had when this was gathered."""
        return self._members == _members(executor)

    def wait(self, timeout_ns: int, some_busy: bool) -> list[tuple[str, Any, Any]]:
        """Wait, for ever if negative; what is ready: kind, entity and node."""
        wait_set = self._wait_set
        wait_set.clear_entities()
        for kind, entities in self._entities.items():
            add = self._add[kind]
            for entity, _ in entities.values():
                if self._may_run(entity, some_busy):
                    add(entity.handle)
        waitables = [(waitable, node) for waitable, node in self._waitables
                     if self._may_run(waitable, some_busy)]
        for waitable, _ in waitables:
            waitable.add_to_wait_set(wait_set)
        for guard in (self._guard, self._interrupt):
            wait_set.add_guard_condition(guard.handle)
        wait_set.wait(timeout_ns)
        self.woken = self._guard.handle.pointer in wait_set.get_ready_entities('guard_condition')
        ready = [('waitable', waitable, node) for waitable, node in waitables
                 if waitable.is_ready(wait_set)]
        for kind, entities in self._entities.items():
            if entities:
                # Actions put services and streams of their own beside these.
                ready += [(kind, *entities[pointer])
                          for pointer in wait_set.get_ready_entities(kind) if pointer in entities]
        return ready


    @staticmethod
    def _may_run(entity: Any, some_busy: bool) -> bool:
        group = entity.callback_group
        if not some_busy and type(group) in USUAL_GROUPS:
            return True
        return not entity._executor_event and group.can_execute(entity)


def _members(executor: KeepingExecutor) -> list[tuple[Any, str, Any]]:
    """Everything that the nodes wait for: node, kind and entity."""
    return [(node, kind, entity) for node in executor.get_nodes()
            for kind, entities in (
                ('waitable', node.waitables), ('timer', node.timers),
                ('subscription', node.subscriptions), ('client', node.clients),
                ('service', node.services))
            for entity in entities]
