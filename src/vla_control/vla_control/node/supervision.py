"""What the manager says about safety: the latched `safety_state`, `/diagnostics` and the log."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

from vla_control.arm_runner import ArmStatus
from vla_control.loop import LoopError, LoopState
from vla_control.node.loop_link import LoopLink
from vla_control.node.target_streams import TargetStreams
from vla_interfaces.msg import SafetyState

__all__ = ['Supervision']

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
LATE_MS = 1.0  # lateness at the 99th percentile that is worth a warning
REFUSED = 'target refused: '


class Supervision:
    """Looks at the loop's newest state; `look` a few times a second, `diagnose` once."""

    def __init__(self, node: Node, link: LoopLink, streams: TargetStreams) -> None:
        self._node = node
        self._link = link
        self._streams = streams
        self._stopped_by = ''
        self._shown: SafetyState | None = None
        self._safety = node.create_publisher(SafetyState, 'safety_state', LATCHED)
        self._diagnostics = node.create_publisher(DiagnosticArray, '/diagnostics', 10)

    def stopped_by(self, name: str) -> None:
        """Note who asked for the stop."""
        self._stopped_by = name

    def look(self) -> None:
        """Log what the loop says, and publish the safety state when it changed."""
        client = self._link.client_or_none()
        for level, text in client.events() if client is not None else ():
            if text.startswith(REFUSED):
                refusal = text.removeprefix(REFUSED)
                code, _, reason = refusal.partition(': ')
                self._streams.note(f'{reason.partition(" target")[0]} target', code, refusal)
            else:
                self._log(level, text)
        message = self._safety_state(self._link.state())
        if self._shown is None or _content(message) != _content(self._shown):
            if _gravity(message) != _gravity(self._shown):
                self._log('warn' if message.level >= SafetyState.HOLDING else 'info',
                          f'safety: {message.message}')
            self._shown = message
            message.header.stamp = self._node.get_clock().now().to_msg()
            self._safety.publish(message)

    def _log(self, level: str, text: str) -> None:
        logger = self._node.get_logger()  # which allows one severity for each line of code
        if level == 'error':
            logger.error(text)
        elif level == 'warn':
            logger.warning(text)
        else:
            logger.info(text)

    def _safety_state(self, state: LoopState | None) -> SafetyState:
        if state is None:
            return SafetyState(level=SafetyState.FAULT, guards=['control_loop'],
                               subjects=['control loop'], message=self._link.reason)
        guards: list[tuple[str, str]] = []
        level, text = SafetyState.NORMAL, 'normal'
        for name, arm in state.arms.items():
            if arm.limited:
                guards.append(('command_limits', name))
                level, text = SafetyState.LIMITING, f'limits hold back the commands of {name}'
        for refusal in self._streams.recent():
            guards.append((refusal.code, refusal.subject))
            level, text = SafetyState.HOLDING, f'{refusal.subject} refused: {refusal.text}'
        for name, arm in state.arms.items():
            if arm.status in (ArmStatus.HOLDING, ArmStatus.STOPPED) and not state.stopped:
                guards.append(('target_staleness', name))
                level = SafetyState.HOLDING
                text = f'{name} holds: no target for too long'
        if state.stopped:
            level, text = SafetyState.STOPPED, f'stopped: {state.stop_reason}'
            guards.append(('stop', state.stop_reason))
        if state.fault:
            level, text = SafetyState.FAULT, state.fault
            guards.append(('hardware', state.fault))
        return SafetyState(
            level=level, guards=[guard for guard, _ in guards],
            subjects=[subject for _, subject in guards],
            stopped_by=(self._stopped_by or 'safety chain') if state.stopped else '',
            message=text)

    def diagnose(self) -> None:
        """Publish the diagnostics."""
        array = DiagnosticArray(status=[self._loop_status(), self._safety_status(),
                                        self._target_status()])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._diagnostics.publish(array)

    def _status(
        self, name: str, level: bytes, message: str, values: Sequence[tuple[str, object]]
    ) -> DiagnosticStatus:
        return DiagnosticStatus(
            name=f'{self._node.get_fully_qualified_name()}: {name}', level=level, message=message,
            hardware_id=self._node.get_namespace(),
            values=[KeyValue(key=key, value=f'{value:.4g}' if isinstance(value, float) else
                             str(value)) for key, value in values])

    def _loop_status(self) -> DiagnosticStatus:
        try:
            figures = self._link.client.diagnostics()
        except LoopError as error:
            return self._status('control loop', DiagnosticStatus.ERROR, str(error), ())
        late = figures['late_p99_ms'] > LATE_MS or figures['missed_ratio'] > 0.001
        return self._status(
            'control loop', DiagnosticStatus.WARN if late else DiagnosticStatus.OK,
            'ticks are late: give it real-time scheduling or a processor' if late else 'on time',
            list(figures.items()))

    def _safety_status(self) -> DiagnosticStatus:
        shown = self._shown
        level = DiagnosticStatus.OK
        if shown.level >= SafetyState.STOPPED:
            level = DiagnosticStatus.ERROR
        elif shown.level == SafetyState.HOLDING:
            level = DiagnosticStatus.WARN
        state = self._link.state()
        ages = [] if state is None else [
            (f'{name}: s since its newest target', arm.target_age)
            for name, arm in state.arms.items() if math.isfinite(arm.target_age)]
        return self._status('safety', level, shown.message,
                            [*zip(shown.guards, shown.subjects), *ages])

    def _target_status(self) -> DiagnosticStatus:
        recent = self._streams.recent(2.0)
        now = time.monotonic()
        return self._status(
            'targets', DiagnosticStatus.WARN if recent else DiagnosticStatus.OK,
            '; '.join(f'{r.subject} refused: {r.text}' for r in recent) or 'none refused',
            [(f'{r.subject} {r.code}', f'{now - r.time:.1f} s ago: {r.text}')
             for r in self._streams.refusals.values()])


def _gravity(message: SafetyState | None) -> int:
    """Its level as far as the log is concerned: that limits hold a command back is everyday."""
    return SafetyState.LIMITING if message is None else max(message.level, SafetyState.LIMITING)


def _content(message: SafetyState) -> tuple:
    return (message.level, list(message.guards), list(message.subjects), message.stopped_by,
            message.message)
