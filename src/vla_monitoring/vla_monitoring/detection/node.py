"""
The node `failure_detector`: judges what the policy has in mind, chunk by chunk.

It speaks on `policy_alarms`, one status a detector: OK within the band, ERROR outside of it, WARN
where it cannot judge. An alarm stays until the next task or instruction; who acts on it is the
supervisor.
"""
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from vla_core.conversion import ConversionError, features_from_message, time_from_message
from vla_core.node import run_node
from vla_core.parameters import declare, parameter
from vla_core.sampled import Sampled
from vla_core.validation import StrictModel
from vla_interfaces.msg import PolicyFeatures, PolicyStatus
from vla_monitoring.detection.detector import (
    FeatureError,
    Verdict,
    Watch,
    find_detectors,
    load_detectors,
)

__all__ = ['DetectorParameters', 'FailureDetectorNode', 'main']

LOOK_S = 0.05
SILENT_S = 5.0  # of features while the policy runs, after which nothing is judged


class DetectorParameters(StrictModel):
    """What the failure detector is told."""

    detectors: str = parameter(
        read_only=True,
        description='folder of vla_monitoring.train_detector, or a name in config/detectors, for '
                    'the policy that runs')


class FailureDetectorNode(Node):
    """Watches the features of one policy."""

    def __init__(self) -> None:
        super().__init__('failure_detector')
        folder = find_detectors(declare(self, DetectorParameters).detectors)
        self._watches = {purpose: Watch(detector)
                         for purpose, detector in load_detectors(folder).items()}
        self._verdicts: dict[str, Verdict | None] = dict.fromkeys(self._watches)
        self._alarmed: dict[str, Verdict] = {}
        self._blind = ''
        self._heard = time.monotonic()
        self._episode: tuple[str, str] | None = None
        self._running = False
        self._features = Sampled(self, PolicyFeatures, 'policy_features', depth=10)
        self.create_subscription(PolicyStatus, 'policy_status', self._on_status, QoSProfile(
            depth=5, reliability=ReliabilityPolicy.BEST_EFFORT))
        self._alarms = self.create_publisher(DiagnosticArray, 'policy_alarms', 10)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(LOOK_S, self._look, clock=steady)
        self.create_timer(1.0, self._report, clock=steady)

    def _on_status(self, message: PolicyStatus) -> None:
        running = message.state in (PolicyStatus.RUNNING, PolicyStatus.WAITING)
        if running and not self._running:
            self._restart()
        self._running = running

    def _restart(self) -> None:
        for watch in self._watches.values():
            watch.restart()
        self._verdicts = dict.fromkeys(self._watches)
        self._alarmed = {}
        self._heard = time.monotonic()

    def _look(self) -> None:
        for message in self._features.take():
            episode = (message.policy, message.instruction)
            if episode != self._episode:
                self._episode = episode
                self._restart()
            self._judge(message)

    def _judge(self, message: PolicyFeatures) -> None:
        self._heard, self._blind = time.monotonic(), ''
        stamp_ns = time_from_message(message.header.stamp)
        try:
            features = features_from_message(message)
            for purpose, watch in self._watches.items():
                verdict = watch.judge(features, stamp_ns)
                self._verdicts[purpose] = verdict
                if verdict is not None and verdict.alarm and purpose not in self._alarmed:
                    self._alarmed[purpose] = verdict
                    self.get_logger().error(f'{purpose}: {verdict.text}')
                    self._publish()
        except (FeatureError, ConversionError) as error:
            self._blind = str(error)

    def _statuses(self) -> list[DiagnosticStatus]:
        blind = self._blind
        silent = time.monotonic() - self._heard
        if self._running and silent > SILENT_S:
            blind = f'the policy runs, and its features have been silent for {silent:.0f} s'
        return [self._status(purpose, blind) for purpose in self._watches]

    def _status(self, purpose: str, blind: str) -> DiagnosticStatus:
        verdict = self._alarmed.get(purpose) or self._verdicts[purpose]
        status = DiagnosticStatus(name=purpose, hardware_id=self.get_namespace())
        if purpose in self._alarmed:
            status.level, status.message = DiagnosticStatus.ERROR, verdict.text
        elif blind:
            status.level, status.message = DiagnosticStatus.WARN, f'cannot judge: {blind}'
        else:
            status.level = DiagnosticStatus.OK
            status.message = verdict.text if verdict else 'no step yet'
        if verdict is not None:
            status.values = [KeyValue(key=key, value=f'{value:.4g}') for key, value in (
                ('score', verdict.score), ('threshold', verdict.threshold),
                ('step', verdict.step))]
        return status

    def _publish(self) -> None:
        message = DiagnosticArray(status=self._statuses())
        message.header.stamp = self.get_clock().now().to_msg()
        self._alarms.publish(message)

    def _report(self) -> None:
        self._publish()
        message = DiagnosticArray(status=self._statuses())
        message.header.stamp = self.get_clock().now().to_msg()
        for status in message.status:
            status.name = f'{self.get_fully_qualified_name()}: {status.name}'
        self._diagnostics.publish(message)


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run_node(FailureDetectorNode, args)


if __name__ == '__main__':
    raise SystemExit(main())
