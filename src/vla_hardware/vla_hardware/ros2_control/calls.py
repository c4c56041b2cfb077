"""Calls of services and actions that never wait for ever, for coroutines of one node."""

from __future__ import annotations

from typing import Any

from rclpy.action import ActionClient
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.task import Future

from vla_core.action_client import for_threads

__all__ = ['CallFailed', 'Calls']


class CallFailed(RuntimeError):  # noqa: N818 - it says what happened
    """The other side is not there, is silent, or refused; one line."""


class Calls:
    """Makes clients once and keeps them."""

    def __init__(self, node: Node, timeout: float = 5.0) -> None:
        self.group = ReentrantCallbackGroup()
        self._node = node
        self._timeout = timeout
        self._clients: dict[str, Any] = {}
        self._clock = Clock(clock_type=ClockType.STEADY_TIME)

    async def sleep(self, seconds: float) -> None:
        """Let other callbacks run for a while."""
        future = Future()
        timer = self._node.create_timer(
            seconds, lambda: future.done() or future.set_result(None), clock=self._clock,
            callback_group=self.group)
        await future
        self._node.destroy_timer(timer)

    async def within(self, future: Future, seconds: float, what: str) -> Any:
        """The future's result, or CallFailed when it takes too long."""
        either = Future()

        def done(_: object) -> None:
            if not either.done():
                either.set_result(None)

        timer = self._node.create_timer(
            seconds, lambda: done(None), clock=self._clock, callback_group=self.group)
        future.add_done_callback(done)
        await either
        self._node.destroy_timer(timer)
        if not future.done():
            future.cancel()
            raise CallFailed(f'{what} did not answer within {seconds:g} s')
        return future.result()

    async def _ready(self, is_ready: Any, name: str) -> None:
        for _ in range(round(self._timeout / 0.1)):
            if is_ready():
                return
            await self.sleep(0.1)
        raise CallFailed(f'{name} is not there; start the robot driver, or mend its name')

    async def service(self, service_type: type, name: str, request: Any) -> Any:
        """The answer of a service."""
        if name not in self._clients:
            self._clients[name] = self._node.create_client(
                service_type, name, callback_group=self.group)
        client = self._clients[name]
        await self._ready(client.service_is_ready, f'service {name}')
        return await self.within(client.call_async(request), self._timeout, f'service {name}')

    async def action(self, action_type: type, name: str, goal: Any) -> Any:
        """The result of an action, once it is there."""
        if name not in self._clients:
            self._clients[name] = for_threads(ActionClient(
                self._node, action_type, name, callback_group=self.group))
        client = self._clients[name]
        await self._ready(client.server_is_ready, f'action {name}')
        handle = await self.within(
            client.send_goal_async(goal), self._timeout, f'action {name}')
        if not handle.accepted:
            raise CallFailed(f'action {name} refused the goal')
        return await self.within(
            handle.get_result_async(), 4.0 * self._timeout, f'action {name}')
