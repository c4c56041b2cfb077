"""What the inference node says about itself: `policy_status` and `/diagnostics`."""
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from vla_inference.assembly import StreamReport
from vla_inference.policy_link import LinkState
from vla_inference.policy_session import PolicySession
from vla_interfaces.msg import PolicyStatus

__all__ = ['Reporter']

STATUS_S = 0.1
STATUS_EVERY = 5
DIAGNOSE_EVERY = 10
WAITING_S = 2.0  # between two lines that say what is waited for
HICCUP_TICKS = 4  # a shorter wait is in the status, but makes no line

_LINK_STATES = {
    LinkState.LOADING: PolicyStatus.LOADING, LinkState.READY: PolicyStatus.READY,
    LinkState.LOST: PolicyStatus.FAILED, LinkState.REFUSED: PolicyStatus.FAILED,
    LinkState.CLOSED: PolicyStatus.UNLOADED}


class Reporter:
    """Says how the session does: twice a second, at once when its state changes."""

    def __init__(self, node: Node, session: Callable[[], PolicySession | None]) -> None:
        self._node = node
        self._session = session
        self._status = node.create_publisher(PolicyStatus, 'policy_status', 10)
        self._diagnostics = node.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self._shown: tuple[int, str] = (-1, '')
        self._ticks = self._waiting = 0
        node.create_timer(STATUS_S, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _tick(self) -> None:
        self._ticks += 1
        message = self._message()
        shown = (message.state, '; '.join(message.stale_streams) + message.message.split(' in ')[0])
        self._waiting = self._waiting + 1 if message.state == PolicyStatus.WAITING else 0
        if self._waiting == HICCUP_TICKS or (shown[0] != self._shown[0] and not self._waiting):
            self._log(message)
        if shown != self._shown or self._ticks % STATUS_EVERY == 0:
            self._shown = shown
            self._status.publish(message)
        if self._ticks % DIAGNOSE_EVERY == 0:
            self._publish_diagnostics(message)

    def _message(self) -> PolicyStatus:
        message = PolicyStatus()
        message.header.stamp = self._node.get_clock().now().to_msg()
        session = self._session()
        if session is None:
            message.message = 'no policy is loaded'
            return message
        running = session.inference.running
        problems = session.problems
        message.state = _LINK_STATES[session.link.state]
        message.message = session.link.message
        if session.link.state is LinkState.READY and running:
            trouble = session.trouble
            message.state = PolicyStatus.WAITING if problems else PolicyStatus.RUNNING
            if session.unusable_in_a_row:
                message.state = PolicyStatus.FAILED
            message.message = trouble
        message.policy = session.link.source
        message.instruction = session.instruction if running else ''
        latency = session.inference.latency
        message.latency_p50_ms = 1e3 * latency.quantile_s(0.5)
        message.latency_p99_ms = 1e3 * latency.quantile_s(0.99)
        message.rate_hz = latency.rate_hz()
        message.observation_age = session.chunk_age_s
        message.stale_streams = [problem.topic for problem in problems]
        return message

    def _log(self, message: PolicyStatus) -> None:
        logger = self._node.get_logger()
        if message.state == PolicyStatus.FAILED:
            logger.error(message.message)
        elif message.state == PolicyStatus.WAITING:
            logger.warning(f'inference waits: {message.message}', throttle_duration_sec=WAITING_S)
        elif message.state == PolicyStatus.READY:
            logger.info(f'policy {message.policy} is ready')

    def _publish_diagnostics(self, status: PolicyStatus) -> None:
        array = DiagnosticArray()
        array.header.stamp = status.header.stamp
        array.status.append(self._policy_diagnostic(status))
        session = self._session()
        if session is not None:
            now_ns = self._node.get_clock().now().nanoseconds
            array.status += [self._stream_diagnostic(report)
                             for report in session.assembly.reports(now_ns)]
        self._diagnostics.publish(array)

    def _policy_diagnostic(self, status: PolicyStatus) -> DiagnosticStatus:
        level = {PolicyStatus.FAILED: DiagnosticStatus.ERROR,
                 PolicyStatus.WAITING: DiagnosticStatus.WARN}.get(
                     status.state, DiagnosticStatus.OK)
        values: dict[str, Any] = {
            'policy': status.policy, 'latency_p50_ms': f'{status.latency_p50_ms:.2f}',
            'latency_p99_ms': f'{status.latency_p99_ms:.2f}', 'rate_hz': f'{status.rate_hz:.2f}'}
        session = self._session()
        if session is not None:
            values |= {
                'chunks': session.chunks, 'answers_refused': session.refused,
                'answers_dropped': session.inference.dropped,
                'observations_replaced': session.inference.replaced,
                'restarts': session.link.restarts, 'server_pid': session.link.server_pid,
                'camera_to_request_ms': f'{session.requested_ms:.2f}',
                'stack_overhead_ms': f'{session.overhead_ms:.2f}'}
        return self._diagnostic('policy', level, status.message or 'works', values)

    def _stream_diagnostic(self, report: StreamReport) -> DiagnosticStatus:
        return self._diagnostic(
            f'stream {report.topic}',
            DiagnosticStatus.WARN if report.problem else DiagnosticStatus.OK,
            report.problem or 'fresh',
            {'received': report.received, 'refused': report.refused,
             'age_s': 'never' if report.age_s is None else f'{report.age_s:.3f}'})

    def _diagnostic(
        self, name: str, level: bytes, text: str, values: dict[str, Any],
    ) -> DiagnosticStatus:
        return DiagnosticStatus(
            name=f'{self._node.get_fully_qualified_name()}: {name}', level=level, message=text,
            hardware_id=self._node.get_namespace(),
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()])
