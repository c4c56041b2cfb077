"""
Measure the delays of cameras, state and actuation, by moving the arm in view of the cameras.

    ros2 run vla_inference calibrate_delays --robot franka --contract mini_franka --out delays.yaml

The tip goes to and fro by --amplitude along --axis of the arm's base for --seconds, through the
Cartesian controller. Keep everything else in view still. With --by-hand a person moves a joint, and
actuation is not measured. The file is the parameter `delays` of the inference node.
"""
import argparse
import sys
import time
from pathlib import Path

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.utilities import remove_ros_args
from sensor_msgs.msg import Image, JointState

from vla_core.conversion import image_from_message, reorder, time_from_message
from vla_core.image_processing import ImageProcessing, process_image
from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile
from vla_core.validation import ConfigurationError
from vla_inference.delay_calibration import CalibrationError, DelayMeasurement, stroke

__all__ = ['main']

STREAM_HZ = 50.0
READY_S = 10.0
EASE_S = 1.0


class _Calibration(Node):
    """Streams the motion and listens."""

    def __init__(self, profile: RobotProfile, cameras: list[str], axis: int) -> None:
        super().__init__('calibrate_delays')
        self.measurement = DelayMeasurement()
        self.pose: PoseStamped | None = None
        self._axis = axis
        self._joints = profile.joints
        self._target = self.create_publisher(PoseStamped, 'target_pose', 1)
        self.create_subscription(PoseStamped, 'current_pose', self._take_pose, 20)
        self.create_subscription(JointState, 'joint_states', self._take_joints, 20)
        for topic in cameras:
            self.create_subscription(
                Image, topic, lambda message, topic=topic: self._take_picture(topic, message),
                qos_profile_sensor_data)

    def command(self, start: PoseStamped, offset: float) -> None:
        """Send the tip to ``offset`` m from where it started, along the axis."""
        target = PoseStamped()
        target.header.frame_id = start.header.frame_id
        stamp = self.get_clock().now()
        target.header.stamp = stamp.to_msg()
        target.pose.orientation = start.pose.orientation
        place = np.array(_position(start))
        place[self._axis] += offset
        target.pose.position.x, target.pose.position.y, target.pose.position.z = place.tolist()
        self._target.publish(target)
        self.measurement.add_command(stamp.nanoseconds, offset)

    def _take_pose(self, message: PoseStamped) -> None:
        self.pose = message
        stamp_ns = self._receive('current_pose', message)
        self.measurement.add_place(stamp_ns, _position(message)[self._axis])

    def _take_joints(self, message: JointState) -> None:
        stamp_ns = self._receive('joint_states', message)
        self.measurement.add_joints(stamp_ns, reorder(message.name, message.position, self._joints))

    def _take_picture(self, topic: str, message: Image) -> None:
        stamp_ns = self._receive(topic, message)
        small = ImageProcessing(width=160, height=120, fit='stretch')
        self.measurement.add_picture(topic, stamp_ns, process_image(
            image_from_message(message), message.encoding, small))

    def _receive(self, topic: str, message: object) -> int:
        stamp_ns = time_from_message(message.header.stamp)
        self.measurement.add_receipt(topic, stamp_ns, self.get_clock().now().nanoseconds)
        return stamp_ns


def main(arguments: list[str] | None = None) -> int:
    """Entry point; a mistake is one line on stderr and status 1."""
    options = _parser().parse_args(
        remove_ros_args(sys.argv)[1:] if arguments is None else arguments)
    rclpy.init(args=sys.argv)
    try:
        return _calibrate(options)
    except ConfigurationError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('stopped; nothing was written', file=sys.stderr)
        return 130
    finally:
        rclpy.try_shutdown()


def _calibrate(options: argparse.Namespace) -> int:
    profile = RobotProfile.load(options.robot)
    cameras = options.cameras or [
        image.topic for image in PolicyContract.load(options.contract).images]
    node = _Calibration(profile, cameras, 'xyz'.index(options.axis))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        _move(node, executor, options)
        delays = node.measurement.result(profile.name, cameras, options.longest)
    finally:
        executor.shutdown()
        node.destroy_node()
    delays.save(options.out)
    for topic, seconds in delays.cameras.items():
        print(f'{topic}: {1e3 * seconds:.1f} ms, correlation {delays.correlations[topic]:.2f}')
    if not options.by_hand:
        print(f'actuation: {1e3 * delays.actuation:.1f} ms, correlation '
              f'{delays.correlations["actuation"]:.2f}')
    for topic, seconds in delays.transport.items():
        print(f'{topic}: received {1e3 * seconds:.1f} ms after its stamp')
    print(f'written: {options.out}')
    return 0


def _move(
    node: _Calibration, executor: SingleThreadedExecutor, options: argparse.Namespace,
) -> None:
    ready = time.monotonic() + READY_S
    while node.pose is None:
        executor.spin_once(timeout_sec=0.1)
        if time.monotonic() > ready:
            raise CalibrationError(
                f'no current_pose within {READY_S:g} s: is the robot running, and in this '
                'namespace and ROS_DOMAIN_ID?')
    start, begun = node.pose, time.monotonic()
    print('move a joint in view of the cameras, with starts and stops' if options.by_hand else
          f'moving the tip by {options.amplitude:g} m for {options.seconds:g} s', file=sys.stderr)
    due = begun
    while (elapsed := time.monotonic() - begun) < options.seconds + 2 * EASE_S:
        if not options.by_hand:
            moving = EASE_S <= elapsed < EASE_S + options.seconds
            node.command(start, options.amplitude * stroke(elapsed - EASE_S) if moving else 0.0)
        due += 1.0 / STREAM_HZ
        while (left := due - time.monotonic()) > 0:
            executor.spin_once(timeout_sec=left)


def _position(pose: PoseStamped) -> tuple[float, float, float]:
    place = pose.pose.position
    return place.x, place.y, place.z


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='calibrate_delays', description=__doc__.strip().splitlines()[0])
    parser.add_argument('--robot', required=True, help='robot profile, by name or path')
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument('--contract', help='contract whose cameras are measured')
    which.add_argument('--cameras', nargs='+', help='image topics')
    parser.add_argument('--out', type=Path, required=True, help='file to write')
    parser.add_argument('--seconds', type=float, default=20.0)
    parser.add_argument('--amplitude', type=float, default=0.06, help='m')
    parser.add_argument('--axis', choices=('x', 'y', 'z'), default='y', help='of the base')
    parser.add_argument('--by-hand', action='store_true', help='a person moves a joint')
    parser.add_argument('--longest', type=float, default=0.5, help='longest delay looked for, s')
    return parser


if __name__ == '__main__':
    sys.exit(main())
