"""
Do the cameras give what a policy contract, or a camera set, expects? One line a finding.

    ros2 run vla_cameras check_streams --contract mini_franka
    ros2 run vla_cameras check_streams --cameras lab --robot franka \\
        --ros-args -r front/image_raw:=/camera/color/image_raw

For cameras with a ROS driver of their own, which are used by remapping. Status 1 on an error.
"""
import argparse
import sys

import cv2
import numpy as np
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image

from vla_cameras import contract_check
from vla_cameras.calibration.board import CalibrationError
from vla_cameras.commands.command import run, say
from vla_cameras.commands.live import Live
from vla_cameras.configuration import load_cameras
from vla_cameras.contract_check import Expected, StreamSeen
from vla_core.conversion import time_from_message
from vla_core.policy_contract import PolicyContract

TYPES = {contract_check.IMAGE: Image, contract_check.COMPRESSED: CompressedImage}


def main() -> int:
    """Entry point."""
    return run(command)


def command(arguments: list[str]) -> int:
    """Watch and judge; status 1 on an error."""
    options = _parser().parse_args(arguments)
    if bool(options.contract) == bool(options.cameras):
        raise CalibrationError('give --contract or --cameras')
    if options.contract:
        expected = contract_check.expected_of_contract(PolicyContract.load(options.contract))
    else:
        expected = contract_check.expected_of_cameras(
            load_cameras(options.cameras, options.robot))
    if not expected:
        raise CalibrationError('there is no camera to check')
    with Live('check_streams') as live:
        seen = [watch(live, entry) for entry in expected]
        say(f'watching {len(seen)} topics for {options.seconds:g} s')
        live.spin(1.0)
        for stream in seen:  # what came while they met says nothing about rates
            stream.stamps_ns.clear()
            stream.arrivals_ns.clear()
        live.spin(options.seconds)
        for entry, stream in zip(expected, seen):
            stream.seconds = options.seconds
            name = live.node.resolve_topic_name(entry.topic)
            stream.types = tuple(sorted({
                publisher.topic_type
                for publisher in live.node.get_publishers_info_by_topic(name)}))
    findings = [finding for entry, stream in zip(expected, seen)
                for finding in contract_check.judge(entry, stream)]
    for finding in findings:
        print(finding)
    return int(contract_check.failed(findings))


def watch(live: Live, expected: Expected) -> StreamSeen:
    """Subscribe to a topic and note what comes."""
    seen = StreamSeen()

    def take(message: Image | CompressedImage) -> None:
        seen.arrivals_ns.append(live.node.get_clock().now().nanoseconds)
        seen.stamps_ns.append(time_from_message(message.header.stamp))
        seen.frames.add(message.header.frame_id)
        if isinstance(message, Image):
            seen.sizes.add((message.width, message.height))
            seen.encodings.add(message.encoding)
        else:
            seen.sizes.add(_size_of(message))
            seen.encodings.add(message.format)

    live.node.create_subscription(
        TYPES[expected.type], expected.topic, take, qos_profile_sensor_data)
    return seen


def _size_of(message: CompressedImage) -> tuple[int, int]:
    image = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_GRAYSCALE)
    return (0, 0) if image is None else (image.shape[1], image.shape[0])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='check_streams', description=__doc__.strip().splitlines()[0])
    parser.add_argument('--contract', default='', help='policy contract, by name or file')
    parser.add_argument('--cameras', default='', metavar='SET', help='camera set, instead')
    parser.add_argument('--robot', default='', help='robot profile of the camera set')
    parser.add_argument('--seconds', type=float, default=5.0)
    return parser


if __name__ == '__main__':
    sys.exit(main())
