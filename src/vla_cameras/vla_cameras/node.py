"""
The node of one or several cameras: a thread for each, its topics, and diagnostics.

All that it does with pictures lies in `capture` and `publisher`; here the parts meet.
"""
import sys

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import TransformStamped
from rclpy.clock import Clock, ClockType
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node

from vla_cameras.capture import CameraCapture, CameraReport
from vla_cameras.configuration import CameraConfig, load_cameras
from vla_cameras.publisher import CameraPublisher
from vla_core.clock import RosClock
from vla_core.node import run_node
from vla_core.parameters import declare, parameter
from vla_core.profile import RobotProfile
from vla_core.shared_memory import block_name
from vla_core.validation import StrictModel

__all__ = ['CameraNode', 'CameraParameters', 'main']


class CameraParameters(StrictModel):
    """What the camera node is told."""

    camera_set: str = parameter(
        'simulated', read_only=True,
        description='Camera set: a name in config/cameras, or the path of a file.')
    robot: str = parameter(
        '', read_only=True,
        description='Robot profile whose cameras these are; empty: the set says all.')
    only: tuple[str, ...] = parameter(
        (), read_only=True, description='Names of the cameras to run; empty: every one.')
    snapshot: str = parameter(
        '', read_only=True,
        description='Shared state that simulated cameras render; empty: that of the robot in '
                    'this namespace.')
    world: str = parameter(
        '', read_only=True,
        description='World of the simulation around the robot: a suite, module:name, or none; '
                    'empty: the suite made for the robot.')
    broadcast_mounts: bool = parameter(
        False, read_only=True,
        description='Send calibrated camera poses to /tf_static: for cameras that the robot '
                    'description does not have.')


class CameraNode(Node):
    """Runs the cameras of a set."""

    def __init__(self) -> None:
        super().__init__('cameras')
        parameters = declare(self, CameraParameters)
        cameras = load_cameras(
            parameters.camera_set, parameters.robot, parameters.only,
            snapshot=parameters.snapshot or self._snapshot_of(parameters.robot),
            world=parameters.world)
        clock = RosClock(self.get_clock())
        self._captures: list[CameraCapture] = []
        for config in cameras:
            self._captures.append(self._capture(config, clock))
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        # Diagnostics go on when simulated time stands still.
        self.create_timer(1.0, self._publish_diagnostics, clock=Clock(
            clock_type=ClockType.STEADY_TIME))
        if parameters.broadcast_mounts:
            self._broadcast_mounts(cameras)
        for capture in self._captures:
            capture.start()
        self.get_logger().info(
            f'cameras: {", ".join(config.name for config in cameras) or "none"}')

    def _snapshot_of(self, robot: str) -> str:
        name = RobotProfile.load(robot).name if robot else ''
        return block_name('world', self.get_namespace(), name)

    def _capture(self, config: CameraConfig, clock: RosClock) -> CameraCapture:
        logger = self.get_logger().get_child(config.name)
        publisher: CameraPublisher | None = None

        def say(level, text):
            # ROS wants every level to have a line of its own.
            if level == 'error':
                logger.error(text)
            elif level == 'warning':
                logger.warning(text)
            else:
                logger.info(text)

        def deliver(frame, stamp_ns):
            try:
                publisher.publish(frame, stamp_ns)
            except rclpy_implementation.RCLError:
                if self.context.ok():  # not when ROS has been told to stop
                    raise

        capture = CameraCapture(config, clock, deliver, say)
        publisher = CameraPublisher(self, config, capture.source.intrinsics)
        capture.source.heard = publisher.heard
        return capture

    def _broadcast_mounts(self, cameras: tuple[CameraConfig, ...]) -> None:
        from tf2_ros import StaticTransformBroadcaster
        self._mounts = StaticTransformBroadcaster(self)
        self._mounts.sendTransform([
            _transform(config) for config in cameras if config.calibration.mount])

    def _publish_diagnostics(self) -> None:
        message = DiagnosticArray()
        message.header.stamp = self.get_clock().now().to_msg()
        message.status = [
            self._status(capture.report(), capture.config) for capture in self._captures]
        self._diagnostics.publish(message)

    def _status(self, report: CameraReport, config: CameraConfig) -> DiagnosticStatus:
        if report.failed:
            level = DiagnosticStatus.ERROR
        elif report.complaints or report.state != 'running':
            level = DiagnosticStatus.WARN
        else:
            level = DiagnosticStatus.OK
        delay = config.calibration.delay
        values = {
            'state': report.state,
            'rate_hz': f'{report.rate_hz:.2f}', 'expected_rate_hz': f'{config.rate_hz:g}',
            'received': report.received, 'dropped': report.dropped,
            **{f'refused_{kind}': count for kind, count in sorted(report.refused.items())},
            'reopened': report.reopened, 'latency_ms': f'{report.latency_ms:.2f}',
            'stamp': report.basis, 'delay_s': delay.delay_s if delay else 'not calibrated',
            'intrinsics': 'calibrated' if config.calibration.intrinsics else 'not calibrated',
            'brightness': f'{report.brightness:.0f}', 'saturated': f'{report.saturated:.3f}'}
        return DiagnosticStatus(
            level=level, name=f'{self.get_fully_qualified_name()}: {report.name}',
            hardware_id=report.place, message='; '.join(report.complaints) or report.state,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()])

    def destroy_node(self) -> None:
        """Let go of the cameras, then of ROS."""
        for capture in self._captures:
            capture.source.stop()
        for capture in self._captures:
            capture.stop()
        super().destroy_node()


def _transform(config: CameraConfig) -> TransformStamped:
    mount = config.calibration.mount
    message = TransformStamped(child_frame_id=config.frame)
    message.header.frame_id = mount.parent_frame
    translation, rotation = message.transform.translation, message.transform.rotation
    translation.x, translation.y, translation.z = map(float, mount.position)
    rotation.x, rotation.y, rotation.z, rotation.w = map(float, mount.quaternion)
    return message


def main() -> int:
    """Entry point of ``ros2 run vla_cameras camera_node``."""
    return run_node(CameraNode)


if __name__ == '__main__':
    sys.exit(main())
