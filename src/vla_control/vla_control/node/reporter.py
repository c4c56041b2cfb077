"""The thread that publishes: what is due, when it is due, from the newest state of the loop."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from builtin_interfaces.msg import Time
from rclpy.exceptions import InvalidHandle
from rclpy.node import Node

from vla_control.loop import LoopState
from vla_control.node.broadcasting import Pace
from vla_control.node.loop_link import LoopLink
from vla_control.node.messages import time_message

__all__ = ['Report', 'Reporter']

IDLE = 0.05  # s


class Report(Protocol):
    """Something that publishes the state."""

    def publish(self, state: LoopState, stamp: Time) -> None:
        """Publish the state of the moment `stamp`."""


class Reporter:
    """Publishes in a thread of its own, so that the executor keeps its time for what comes in."""

    def __init__(self, node: Node, link: LoopLink) -> None:
        self._node = node
        self._link = link
        self._reports: dict[str, tuple[Pace, Report]] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name='reporter', daemon=True)
        self._thread.start()

    def add(self, name: str, rate: float, report: Report) -> None:
        """Publish a report at a rate in Hz."""
        with self._lock:
            self._reports = {**self._reports, name: (Pace(rate), report)}

    def pace(self, name: str, rate: float) -> None:
        """Change the rate of a report."""
        self.add(name, rate, self._reports[name][1])

    def remove(self, name: str) -> None:
        """Publish it no more."""
        with self._lock:
            self._reports = {key: value for key, value in self._reports.items() if key != name}

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        wait = IDLE
        while not self._ended.wait(wait):
            now = time.monotonic()
            due = [(pace, report) for pace, report in self._reports.values() if pace.due(now)]
            state = self._link.state() if due else None
            if state is not None:
                stamp = self._stamp(state)
                try:
                    for _, report in due:
                        report.publish(state, stamp)
                except InvalidHandle:  # destroyed between being due and being published
                    pass
            upcoming = [pace.next for pace, _ in self._reports.values()]
            wait = max(min(upcoming, default=now + IDLE) - time.monotonic(), 0.0005)
            wait = min(wait, IDLE)

    def _stamp(self, state: LoopState) -> Time:
        """When the state was measured, in ROS time."""
        return time_message(self._link.ros_at(state, self._node.get_clock().now().nanoseconds))
