"""The node's link to the loop: there while the hardware is up, gone after the loop died.

A loop that died is not started again by itself: the arm is held by its own controller or its
brakes, and a person looks first.
"""

from __future__ import annotations

import time

from vla_control.loop import LoopClient, LoopConfiguration, LoopDied, LoopError, LoopState
from vla_control.node.heartbeat import Heartbeat
from vla_control.safety.targets import TargetRefused
from vla_core.profile import RobotProfile

__all__ = ['LoopLink']


class LoopLink:
    """Holds the client, or says why there is none.

    `simulated_time` tells that ROS time is the simulated robot's own, not the wall's.
    """

    def __init__(self, configuration: LoopConfiguration, simulated_time: bool = False) -> None:
        self._configuration = configuration
        self._factor = configuration.real_time_factor
        self._simulated_time = simulated_time
        self._period_ns = round(1e9 / RobotProfile.load(configuration.robot).rate_hz)
        self._client: LoopClient | None = None
        self._heartbeat: Heartbeat | None = None
        self.reason = 'the hardware is not configured'

    def start(self) -> None:
        """Start a loop process, after ending one that still runs here; LoopError says why not."""
        if self.up:
            return
        self.close()
        self._end_left_over()
        try:
            self._client = LoopClient.start(self._configuration)
        except LoopError as error:
            self.reason = str(error)
            raise
        self._heartbeat = Heartbeat(self._client.beat)

    def _end_left_over(self) -> None:
        try:
            left = LoopClient.attach(self._configuration.name, self._configuration.robot)
        except LoopError:
            return
        left.end()

    def close(self) -> None:
        """End the loop."""
        client, self._client = self._client, None
        heartbeat, self._heartbeat = self._heartbeat, None
        self.reason = 'the hardware is not configured'
        if heartbeat is not None:
            heartbeat.close()
        if client is not None:
            client.close()

    @property
    def up(self) -> bool:
        """Whether the loop ticks."""
        return self.client_or_none() is not None

    def client_or_none(self) -> LoopClient | None:
        """The client while the loop ticks."""
        client = self._client
        if client is None:
            return None
        try:
            client.check()
        except LoopDied as error:
            self.reason = str(error)
            return None
        return client

    def sign(self) -> None:
        """Say that the node comes round to its work; the loop is told while it does."""
        heartbeat = self._heartbeat
        if heartbeat is not None:
            heartbeat.sign()

    @property
    def died(self) -> bool:
        """Whether a loop was started and ticks no more."""
        return self._client is not None and not self.up

    @property
    def client(self) -> LoopClient:
        """The client; LoopDied when there is none. Asking for it is a sign of life."""
        client = self.client_or_none()
        if client is None:
            raise LoopDied(self.reason)
        self.sign()
        return client

    def state(self) -> LoopState | None:
        """The newest state, or None."""
        client = self.client_or_none()
        try:
            return None if client is None else client.read_state()
        except LoopDied as error:
            self.reason = str(error)
            return None

    def write_target(self, arm: str, kind: str, values: list[float], stamp_ns: int) -> None:
        """Give a target; TargetRefused also when there is no loop."""
        client = self.client_or_none()
        if client is None:
            raise TargetRefused('hardware', self.reason)
        client.write_target(arm, kind, values, stamp_ns)

    # ---- clocks

    @staticmethod
    def steady_ns() -> int:
        """The clock that stamps states and targets."""
        return time.monotonic_ns()

    def steady_at(self, stamp_ns: int, now_ns: int) -> int:
        """The steady clock at a moment of ROS time, where it is `now_ns` now."""
        ahead = stamp_ns - now_ns
        return self.steady_ns() + (round(ahead / self._factor) if self._simulated_time else ahead)

    def robot_seconds(self, steady_ns: int) -> float:
        """The robot's time, in which its trajectories run."""
        return steady_ns * self._factor * 1e-9

    def ros_at(self, state: LoopState, now_ns: int) -> int:
        """ROS time in ns at which a state was measured, where it is `now_ns` now."""
        if self._simulated_time:
            return state.ticks * self._period_ns
        return now_ns + state.stamp_ns - self.steady_ns()
