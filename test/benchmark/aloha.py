"""ALOHA over its real protocol under the whole launch, as `make bench NAME=aloha`.

`robot.launch.py robot:=aloha hardware:=aloha` runs against simulated Dynamixel buses in a process
of their own. This process moves both followers by streams of joints at 50 Hz while a hand leads
both leaders, and some answers of every bus are corrupted or lost on the way.
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import qos_profile_sensor_data
from rich.console import Console
from rich.progress import Progress
from sensor_msgs.msg import JointState

from vla_core.node import go_before_others
from vla_core.profile import RobotProfile

sys.path.insert(0, str(Path(__file__).parents[2] / 'src' / 'vla_hardware' / 'test' / 'peers'))

from dynamixel_bus import DynamixelBuses

STREAM_HZ = 50.0
READY_S = 90.0
CORRUPT, LOST = 0.002, 0.001  # shares of the answers
SWAY = np.array([0.35, 0.12, 0.15, 0.3, 0.3, 0.5])  # rad
SWAY_PERIOD_S = 5.0


class Operator:
    """Streams the followers' joints and remembers where all arms were."""

    def __init__(self, profile: RobotProfile) -> None:
        self.node = rclpy.create_node('aloha_benchmark')
        self.profile = profile
        self.figures: dict[str, float] = {}
        self.fault = ''
        self.place: dict[str, float] = {}
        self.records: list[tuple[float, dict[str, float]]] = []
        self._targets = {
            arm.name: self.node.create_publisher(JointState, f'{arm.name}/target_joint', 1)
            for arm in profile.arms}
        self.node.create_subscription(
            JointState, 'joint_states', self._on_joints, qos_profile_sensor_data)
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)

    def _on_joints(self, message: JointState) -> None:
        self.place = dict(zip(message.name, message.position))
        stamp = message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec
        self.records.append((stamp, self.place))

    def _on_diagnostics(self, array: DiagnosticArray) -> None:
        for status in array.status:
            if status.name.endswith('control loop'):
                self.figures = {'at_s': time.monotonic()} | {
                    item.key: float(item.value) for item in status.values
                    if _is_number(item.value)}
            elif status.name.endswith('safety') and status.level >= b'\x02':
                self.fault = status.message

    def now(self) -> float:
        """ROS time in s."""
        return 1e-9 * self.node.get_clock().now().nanoseconds

    def wait(self, condition, what: str, launch: subprocess.Popen) -> None:
        end = time.monotonic() + READY_S
        while not condition():
            if launch.poll() is not None or time.monotonic() > end:
                sys.exit(f'the robot did not come up: no {what}')
            rclpy.spin_once(self.node, timeout_sec=0.1)

    def rest(self, seconds: float, launch: subprocess.Popen) -> None:
        """Only listen."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end, 'rest', launch)

    def sway(self, start: np.ndarray, elapsed: float, seconds: float) -> np.ndarray:
        """Where a follower shall be: it swings in and, at the end, out."""
        swell = min(1.0, elapsed / 2.0, max(0.0, seconds - elapsed) / 2.0)
        return start + swell * SWAY * np.sin(2.0 * np.pi * elapsed / SWAY_PERIOD_S)

    def stream(self, seconds: float) -> tuple[float, dict[str, np.ndarray]]:
        """Move both followers; returns when it began (ROS time, s) and from where."""
        starts = {arm.name: np.array([self.place[joint] for joint in arm.joints])
                  for arm in self.profile.arms}
        self.records.clear()
        first = self.now()
        begun = time.monotonic()
        with Progress(console=Console(file=sys.stderr)) as progress:
            task = progress.add_task('moving both followers', total=seconds)
            for index in range(round(STREAM_HZ * seconds)):
                due = begun + index / STREAM_HZ
                while (left := due - time.monotonic()) > 0.0:
                    rclpy.spin_once(self.node, timeout_sec=left)
                elapsed = self.now() - first
                for arm in self.profile.arms:
                    message = JointState(name=list(arm.joints))
                    message.header.stamp = self.node.get_clock().now().to_msg()
                    message.position = self.sway(starts[arm.name], elapsed, seconds).tolist()
                    self._targets[arm.name].publish(message)
                progress.update(task, completed=index / STREAM_HZ)
        return first, starts

    def tracking(self, first: float, starts: dict[str, np.ndarray], seconds: float) -> tuple:
        """Root mean square and largest error of all followers' joints, rad."""
        errors = []
        for arm in self.profile.arms:
            for stamp, place in self.records:
                if 0.5 < stamp - first < seconds - 0.5:
                    errors.append(self.sway(starts[arm.name], stamp - first, seconds) -
                                  [place[joint] for joint in arm.joints])
        errors = np.abs(errors)
        return float(np.sqrt(np.mean(errors**2))), float(errors.max())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def measure(seconds: float, folder: Path) -> dict:
    """Launch the robot on the simulated buses, move, and return the metrics."""
    profile = RobotProfile.load('aloha')
    arms = [arm.name for arm in (*profile.arms, *profile.leaders)]
    with DynamixelBuses(folder) as buses:
        ports = ', '.join(f'{arm}: {port}' for arm, port in buses.ports(*arms).items())
        launch = subprocess.Popen(
            ['ros2', 'launch', 'vla_bringup', 'robot.launch.py', 'robot:=aloha', 'hardware:=aloha',
             'cameras:=none', f'hardware_options:={{ports: {{{ports}}}}}'],
            stdout=sys.stderr, start_new_session=True)
        try:
            rclpy.init()
            go_before_others()  # as a computer of its own would
            operator = Operator(profile)
            operator.wait(lambda: operator.place and operator.figures, 'state of the arms', launch)
            operator.rest(1.0, launch)
            for arm in arms:
                buses.order('disturb', arm, corrupt=CORRUPT, drop=LOST)
            for leader in profile.leaders:
                home = leader.home + 0.4 * np.array([1.0, 0.2, -0.3, 0.5, 0.4, 0.6])
                buses.order('lead', leader.name, position=home.tolist(), duration=seconds)
            before = operator.figures
            first, starts = operator.stream(seconds)
            operator.rest(1.5, launch)
            after = operator.figures
            rms, largest = operator.tracking(first, starts, seconds)
            led = max(abs(operator.place[joint] - buses.order('state', leader.name)['position'][n])
                      for leader in profile.leaders for n, joint in enumerate(leader.joints))
            fault = operator.fault
            operator.node.destroy_node()
            rclpy.try_shutdown()
        finally:
            if launch.poll() is None:
                os.killpg(launch.pid, signal.SIGINT)
            launch.wait(15)
    elapsed = after['at_s'] - before['at_s']
    return {
        'name': 'aloha',
        'duration_s': seconds,
        'arms': len(arms),
        'loop_hz': round((after['ticks'] - before['ticks']) / elapsed, 1),
        'missed_ratio': round((after['missed'] - before['missed']) / max(
            after['ticks'] - before['ticks'], 1), 4),
        'bus_hz': round(min(after[f'{arm}_samples'] - before[f'{arm}_samples']
                            for arm in arms) / elapsed, 1),
        'bus_cycle_max_ms': round(max(after[f'{arm}_cycle_max_ms'] for arm in arms), 1),
        'bus_errors': int(after['bus_errors'] - before['bus_errors']),
        'bus_errors_recovered': int(
            after['bus_errors_recovered'] - before['bus_errors_recovered']),
        'tracking_rms_mrad': round(1e3 * rms, 1),
        'tracking_max_mrad': round(1e3 * largest, 1),
        'leader_error_mrad': round(1e3 * led, 1),
        'faults': int(bool(fault)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seconds', type=float, default=60.0)
    arguments = parser.parse_args()
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randrange(1, 100)))
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(arguments.seconds, Path(folder))))


if __name__ == '__main__':
    main()
