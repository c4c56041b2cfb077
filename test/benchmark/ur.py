"""A UR5e by RTDE under the whole launch, as `make bench NAME=ur`.

`robot.launch.py hardware:=ur` drives the simulated controller, a process of its own, over real
sockets; this process streams a figure-eight of tip poses at 50 Hz. The loop counts its missed
ticks. The tracking error is that of the measured tip from the path at the time of the measurement.
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from rclpy.qos import qos_profile_sensor_data
from rich.console import Console
from rich.progress import Progress

from vla_core.node import go_before_others

PEERS = Path(__file__).parents[2] / 'src' / 'vla_hardware' / 'test' / 'peers'
sys.path.insert(0, str(PEERS))
from ur_controller.session import ControllerSession  # noqa: E402

STREAM_HZ = 50.0
READY_S = 90.0
LAP_S = 4.2
SIZE_M = np.array([0.0, 0.10, 0.05])
SETTLE_S = 3.0


def course(centre: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Places [n, 3] on the figure-eight; it grows from its centre in the first two seconds."""
    phase = 2.0 * np.pi * seconds / LAP_S
    shape = np.stack([0.0 * phase, np.sin(phase), np.sin(2.0 * phase)], axis=-1)
    ramp = np.clip(seconds / 2.0, 0.0, 1.0)
    return centre + SIZE_M * shape * (ramp**2 * (3.0 - 2.0 * ramp))[..., None]


class Person:
    """Streams targets and watches."""

    def __init__(self) -> None:
        self.node = rclpy.create_node('ur_benchmark')
        self.pose: PoseStamped | None = None
        self.places: list[tuple[float, float, float, float]] = []
        self.loop: dict[str, float] = {}
        self._target = self.node.create_publisher(PoseStamped, 'target_pose', 1)
        self.node.create_subscription(
            PoseStamped, 'current_pose', self._on_pose, qos_profile_sensor_data)
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)

    def _on_pose(self, pose: PoseStamped) -> None:
        self.pose = pose
        place, stamp = pose.pose.position, pose.header.stamp
        self.places.append((stamp.sec + 1e-9 * stamp.nanosec, place.x, place.y, place.z))

    def _on_diagnostics(self, array: DiagnosticArray) -> None:
        for status in array.status:
            if status.name.endswith('control loop'):
                figures = {'at_s': time.monotonic()}
                for item in status.values:
                    try:
                        figures[item.key] = float(item.value)
                    except ValueError:
                        continue
                self.loop = figures

    def wait(self, condition, what: str, launch: subprocess.Popen) -> None:
        end = time.monotonic() + READY_S
        while not condition():
            if launch.poll() is not None or time.monotonic() > end:
                sys.exit(f'the robot did not come up: no {what}')
            rclpy.spin_once(self.node, timeout_sec=0.1)

    def stream(self, seconds: float) -> float:
        """Send the course for `seconds`; returns the root mean square of the error in mm."""
        here = self.pose.pose.position
        centre = np.array([here.x, here.y, here.z])
        target = PoseStamped()
        target.header.frame_id = self.pose.header.frame_id
        target.pose.orientation = self.pose.pose.orientation
        self.places = []
        begun, ros_begun = time.monotonic(), self.node.get_clock().now().nanoseconds * 1e-9
        with Progress(console=Console(file=sys.stderr)) as progress:
            task = progress.add_task('streaming targets', total=seconds)
            for index in range(round(STREAM_HZ * seconds)):
                due = begun + index / STREAM_HZ
                while (left := due - time.monotonic()) > 0.0:
                    rclpy.spin_once(self.node, timeout_sec=left)
                now = self.node.get_clock().now()
                elapsed = now.nanoseconds * 1e-9 - ros_begun
                position = target.pose.position
                position.x, position.y, position.z = course(centre, np.array(elapsed)).tolist()
                target.header.stamp = now.to_msg()
                self._target.publish(target)
                progress.update(task, completed=index / STREAM_HZ)
        measured = np.array(self.places)
        since = measured[:, 0] - ros_begun
        steady = (since > SETTLE_S) & (since < seconds)
        error = measured[steady, 1:] - course(centre, since[steady])
        return float(1e3 * np.sqrt(np.mean(np.sum(error**2, axis=1))))


def measure(seconds: float) -> dict:
    """Launch the robot against a controller, stream, and return the metrics."""
    with ControllerSession() as controller:
        options = f'{{ip: {controller.address}, activate_gripper: true}}'
        launch = subprocess.Popen(
            ['ros2', 'launch', 'vla_bringup', 'robot.launch.py', 'robot:=ur', 'hardware:=ur',
             f'hardware_options:={options}', 'cameras:=none'],
            stdout=sys.stderr, start_new_session=True)
        try:
            rclpy.init()
            go_before_others()  # as a computer of its own would
            person = Person()
            person.wait(lambda: person.pose and person.loop, 'pose of the arm', launch)
            before = person.loop
            rms = person.stream(seconds)
            after = person.loop
            state = controller.state()
            person.node.destroy_node()
            rclpy.try_shutdown()
        finally:
            os.killpg(launch.pid, signal.SIGINT)
            launch.wait(15)
    ticks = after['ticks'] - before['ticks']
    return {
        'name': 'ur',
        'duration_s': seconds,
        'rate_hz': round(ticks / (after['at_s'] - before['at_s']), 1),
        'missed_ratio': round((after['missed'] - before['missed']) / ticks, 6),
        'tracking_rms_mm': round(rms, 3),
        'late_p99_ms': after['late_p99_ms'],
        'longest_gap_ms': after['longest_gap_ms'],
        'states_lost': after['states_lost'] - before['states_lost'],
        'largest_reference_acceleration_rad_s2': round(state['largest_qdd'], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seconds', type=float, default=60.0, help='s of stream')
    arguments = parser.parse_args()
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randrange(1, 100)))
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    print(json.dumps(measure(arguments.seconds)))


if __name__ == '__main__':
    main()
