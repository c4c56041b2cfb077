"""The node that a verb looks at the graph with."""
from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

from .api.participants import participants_known, participants_on_this_host
from .errors import CommandError
from .parser import CommandParser, non_negative_float

HIDDEN_PREFIX = '_ros2cli_'
UNKNOWN_NODE = '_NODE_NAME_UNKNOWN_'
LONGEST_DISCOVERY_S = 3.5  # participants announce themselves every 3 s by default
QUIET_S = 0.3
POLL_S = 0.02


def add_arguments(parser: CommandParser) -> None:
    """Add what every verb takes that looks at the graph."""
    parser.add_argument(
        '--spin-time', type=non_negative_float, metavar='SECONDS',
        help='discover for this long (default: until the graph has been quiet for '
             f'{QUIET_S} s and everybody on this host is known, at most {LONGEST_DISCOVERY_S} s)')
    parser.add_argument(
        '-s', '--use-sim-time', action='store_true', help='take the time from /clock')
    parser.add_argument(
        '--no-daemon', action='store_true', help='as always: this ros2 has no daemon')


class DirectNode:
    """
    A hidden node of this process, as a context manager.

    `discover` waits until the graph is known; `wait_for` and `spin_until` wait for a condition.
    Attributes that are not here are those of the rclpy node.
    """

    def __init__(self, args: argparse.Namespace, *, node_name: str | None = None) -> None:
        self._spin_time: float | None = getattr(args, 'spin_time', None)
        self._use_sim_time: bool = getattr(args, 'use_sim_time', False)
        self._name = node_name or f'{HIDDEN_PREFIX}{os.getpid()}'

    def __enter__(self) -> DirectNode:
        # Without rclpy's handlers Ctrl-C leaves the context up, so that a verb can tidy up over it.
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        self.node = rclpy.create_node(
            self._name, start_parameter_services=False, use_global_arguments=False,
            parameter_overrides=[
                Parameter('use_sim_time', value=self._use_sim_time),
                Parameter('start_type_description_service', value=False),
            ])
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        return self

    def __exit__(self, *failure: object) -> None:
        self._executor.shutdown(timeout_sec=0)
        self.node.destroy_node()
        rclpy.try_shutdown()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__['node'], name)

    def discover(self) -> DirectNode:
        """Wait until everybody on this host is known and the graph has been quiet for a while."""
        start = quiet_since = time.monotonic()
        longest = LONGEST_DISCOVERY_S if self._spin_time is None else self._spin_time
        before = None
        while time.monotonic() - start < longest:
            graph, complete = self._snapshot()
            if graph != before or not complete:
                before, quiet_since = graph, time.monotonic()
            elif self._spin_time is None and time.monotonic() - quiet_since >= QUIET_S:
                break
            time.sleep(POLL_S)
        return self

    def wait_for(self, condition: Callable[[], Any], timeout_s: float | None = None) -> Any:
        """Poll a condition on the graph; return its first true value, or the last false one."""
        if timeout_s is None:
            timeout_s = LONGEST_DISCOVERY_S if self._spin_time is None else self._spin_time
        deadline = time.monotonic() + timeout_s
        while not (value := condition()) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return value

    def spin_once(self, timeout_s: float) -> None:
        """Run what becomes ready within the time."""
        self._executor.spin_once(timeout_sec=timeout_s)

    def spin_until(
        self, condition: Callable[[], Any], timeout_s: float | None = None,
    ) -> bool:
        """Run callbacks until a condition holds; tell whether it came to hold in time."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not condition():
            left = 0.1 if deadline is None else min(0.1, deadline - time.monotonic())
            if left <= 0:
                return False
            self.spin_once(left)
        return True

    def spin_until_done(self, future: Any, what: str, timeout_s: float | None) -> Any:
        """Return the result of a future, or end the command naming what did not answer."""
        if not self.spin_until(future.done, timeout_s):
            raise CommandError(f'No answer from {what} within {timeout_s:g} s')
        if future.exception() is not None:
            raise CommandError(f'{what} failed: {future.exception()}')
        return future.result()

    def _snapshot(self) -> tuple[object, bool]:
        topics = self.node.get_topic_names_and_types()
        endpoints = [
            endpoint for name, _ in topics for endpoint in (
                *self.node.get_publishers_info_by_topic(name),
                *self.node.get_subscriptions_info_by_topic(name))]
        graph = (
            sorted(self.node.get_node_names_and_namespaces()), topics, len(endpoints),
            self.node.get_service_names_and_types())
        known = participants_known(endpoint.endpoint_gid for endpoint in endpoints)
        complete = known >= participants_on_this_host(self.node.context.get_domain_id())
        return graph, complete and all(
            endpoint.node_name != UNKNOWN_NODE for endpoint in endpoints)
