"""The control loop at full rate under the whole launch, as `make bench NAME=loop`.

`robot.launch.py` runs with manager and cameras; this process streams a figure-eight of targets at
50 Hz and receives every camera. The loop itself counts how late its ticks begin; the figures are
those of the time of the stream.
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import rclpy
from controller_manager_msgs.srv import SwitchController
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from rclpy.qos import qos_profile_sensor_data
from rich.console import Console
from rich.progress import Progress
from sensor_msgs.msg import Image

from vla_core.profile import RobotProfile

STREAM_HZ = 50.0
READY_S = 90.0
CONTROLLER = 'cartesian_impedance_controller'


class Person:
    """What a person's client does: waits, switches, streams, watches."""

    def __init__(self, profile: RobotProfile) -> None:
        self.node = rclpy.create_node('loop_benchmark')
        self.pose: PoseStamped | None = None
        self.loop: dict[str, float] = {}
        self.images = 0
        self._target = self.node.create_publisher(PoseStamped, 'target_pose', 1)
        self.node.create_subscription(
            PoseStamped, 'current_pose', self._on_pose, qos_profile_sensor_data)
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        for camera in profile.cameras:
            self.node.create_subscription(
                Image, f'{camera.name}/image_raw', self._on_image, qos_profile_sensor_data)

    def _on_pose(self, pose: PoseStamped) -> None:
        self.pose = pose

    def _on_image(self, image: Image) -> None:
        self.images += 1

    def _on_diagnostics(self, array: DiagnosticArray) -> None:
        for status in array.status:
            if status.name.endswith('control loop'):
                self.loop = {'at_s': time.monotonic()} | {
                    item.key: float(item.value) for item in status.values
                    if _is_number(item.value)}

    def wait(self, condition, what: str, launch: subprocess.Popen) -> None:
        end = time.monotonic() + READY_S
        while not condition():
            if launch.poll() is not None or time.monotonic() > end:
                sys.exit(f'the robot did not come up: no {what}')
            rclpy.spin_once(self.node, timeout_sec=0.1)

    def switch_on(self, launch: subprocess.Popen) -> None:
        """Activate the Cartesian controller in place of those that move the same arm."""
        client = self.node.create_client(SwitchController, 'controller_manager/switch_controller')
        self.wait(client.service_is_ready, 'controller manager', launch)
        future = client.call_async(SwitchController.Request(
            activate_controllers=[CONTROLLER], strictness=SwitchController.Request.BEST_EFFORT,
            deactivate_controllers=['joint_impedance_controller', 'joint_trajectory_controller']))
        self.wait(future.done, 'answer to the switch', launch)
        if not future.result().ok:
            sys.exit(f'{CONTROLLER} was not activated: {future.result().message}')

    def stream(self, seconds: float) -> None:
        """Send a figure-eight around the present pose for `seconds`."""
        centre = self.pose.pose.position
        target = PoseStamped()
        target.header.frame_id = self.pose.header.frame_id
        target.pose.orientation = self.pose.pose.orientation
        begun = time.monotonic()
        with Progress(console=Console(file=sys.stderr)) as progress:
            task = progress.add_task('streaming targets', total=seconds)
            for index in range(round(STREAM_HZ * seconds)):
                due = begun + index / STREAM_HZ
                while (left := due - time.monotonic()) > 0.0:
                    rclpy.spin_once(self.node, timeout_sec=left)
                phase = 2.0 * np.pi * index / STREAM_HZ / 4.2
                ramp = min(1.0, index / STREAM_HZ / 2.0)
                target.header.stamp = self.node.get_clock().now().to_msg()
                target.pose.position.x = centre.x
                target.pose.position.y = centre.y + ramp * 0.10 * np.sin(phase)
                target.pose.position.z = centre.z + ramp * 0.05 * np.sin(2.0 * phase)
                self._target.publish(target)
                progress.update(task, completed=index / STREAM_HZ)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def measure(seconds: float, robot: str) -> dict:
    """Launch the robot, stream, and return the metrics."""
    profile = RobotProfile.load(robot)
    launch = subprocess.Popen(
        ['ros2', 'launch', 'vla_bringup', 'robot.launch.py', f'robot:={robot}',
         'policy:=none'],
        stdout=sys.stderr, start_new_session=True)
    try:
        rclpy.init()
        person = Person(profile)
        person.wait(lambda: person.pose and person.loop, 'pose of the arm', launch)
        person.switch_on(launch)
        person.images, before = 0, person.loop
        person.stream(seconds)
        images, after = person.images, person.loop
        person.node.destroy_node()
        rclpy.try_shutdown()
    finally:
        os.killpg(launch.pid, signal.SIGINT)
        launch.wait(10)
    ticks = after['ticks'] - before['ticks']
    return {
        'name': 'loop',
        'duration_s': seconds,
        'rate_hz': round(ticks / (after['at_s'] - before['at_s']), 1),
        'late_p50_ms': after['late_p50_ms'],
        'late_p99_ms': after['late_p99_ms'],
        'late_max_ms': after['late_max_ms'],
        'missed_ratio': round((after['missed'] - before['missed']) / ticks, 6),
        'images_hz': round(images / seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seconds', type=float, default=60.0, help='the full proof: 300')
    parser.add_argument('--robot', default='franka')
    arguments = parser.parse_args()
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randrange(1, 100)))
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    print(json.dumps(measure(arguments.seconds, arguments.robot)))


if __name__ == '__main__':
    main()
