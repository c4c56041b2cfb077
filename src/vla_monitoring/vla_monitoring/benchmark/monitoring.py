"""
Stop latency, cost and failure detection, as `make bench NAME=monitoring ARGS="--policy DIR"`.

- `stop_latency_…_ms`: from a stop request to the tick of the control loop whose commanded velocity
  goes to zero, in the whole launch of a simulated robot that moves; `operator_…` through the
  supervisor, the others straight to the controller.
- `monitoring_cpu_percent`: supervisor, markers, web view and recorder of the run, of one core.
- `failure_auroc`, `lead_time_s`, `false_alarm_ratio`, `absent_target_detection`: of detectors on
  the tasks that were held out of their training, from rollouts of the policy; resumable.

Without --policy it refuses; `--only stop` measures the rest.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from rich.console import Console
from std_msgs.msg import String
from std_srvs.srv import Trigger

from vla_control.loop import LoopClient
from vla_core.profile import RobotProfile
from vla_core.shared_memory import block_name

READY_S, RELEASE_S = 90.0, 20.0
OURS = ('supervisor', 'visualisation', 'web_view', 'run_recorder')
console = Console(stderr=True)


class Operator:
    """Moves the robot, stops it, and looks into the loop's own memory when it stops."""

    def __init__(self, robot: str) -> None:
        rclpy.init()
        self.node = rclpy.create_node('monitoring_benchmark')
        self.pose: PoseStamped | None = None
        self._target = self.node.create_publisher(PoseStamped, 'target_pose', 1)
        self._tell = self.node.create_publisher(String, 'operator_stop', 10)
        self._stop = self.node.create_client(Trigger, 'stop')
        self._release = self.node.create_client(Trigger, 'supervisor/release')
        self.node.create_subscription(
            PoseStamped, 'current_pose', self._on_pose, qos_profile_sensor_data)
        executor = SingleThreadedExecutor()
        executor.add_node(self.node)
        threading.Thread(target=executor.spin, daemon=True).start()
        self._robot = robot
        self._loop: LoopClient | None = None
        self._moving = threading.Event()
        threading.Thread(target=self._stream, daemon=True).start()

    def _on_pose(self, pose: PoseStamped) -> None:
        self.pose = pose

    def wait(self, condition, what: str, launch: subprocess.Popen) -> None:
        """Wait until ``condition()``; end when the launch does."""
        end = time.monotonic() + READY_S
        while not condition():
            if launch.poll() is not None or time.monotonic() > end:
                sys.exit(f'the robot did not come up: no {what}')
            time.sleep(0.05)

    def come_up(self, launch: subprocess.Popen) -> None:
        """Wait for the robot and its supervisor, and attach to the loop."""
        self.wait(lambda: self.pose, 'pose of the arm', launch)
        self.wait(self._release.service_is_ready, 'supervisor', launch)
        self.wait(self._stop.service_is_ready, 'controller', launch)
        self._loop = LoopClient.attach(
            block_name('control', '', RobotProfile.load(self._robot).name), self._robot)
        self._let_go()

    def _let_go(self) -> None:
        """Release until the robot is free."""
        end = time.monotonic() + RELEASE_S
        while self._loop.read_state().stopped:
            self._release.call_async(Trigger.Request())
            if time.monotonic() > end:
                sys.exit(f'the stop could not be released within {RELEASE_S:g} s')
            time.sleep(0.5)

    def _stream(self) -> None:
        """To and fro by 4 cm each way, once in 2 s, around where the tip was."""
        centre = None
        while True:
            if not self._moving.wait(0.02):
                centre = None
                continue
            if centre is None:
                centre, begun = self.pose.pose.position.y, time.monotonic()
                target = PoseStamped(header=self.pose.header, pose=self.pose.pose)
            phase = np.pi * (time.monotonic() - begun)
            target.header.stamp = self.node.get_clock().now().to_msg()
            target.pose.position.y = centre + 0.04 * float(np.sin(phase))
            self._target.publish(target)
            time.sleep(0.02)

    def stop_once(self, through_supervisor: bool) -> float:
        """ms from the request to the first tick that brakes, of a robot that moves."""
        self._moving.set()
        time.sleep(0.7)
        if self._loop.read_state().stopped:
            sys.exit('the robot stopped of itself: there is nothing to measure')
        begun = time.monotonic_ns()
        if through_supervisor:
            self._tell.publish(String(data='the benchmark'))
        else:
            self._stop.call_async(Trigger.Request())
        while not (state := self._loop.read_state()).stopped:
            if time.monotonic_ns() - begun > 2e9:
                sys.exit('the stop had no effect within 2 s')
            time.sleep(0.0002)
        latency = (state.stamp_ns - begun) / 1e6
        self._moving.clear()
        time.sleep(0.3)
        self._let_go()
        return latency


def measure_stop(stops: int, robot: str, web_port: int) -> dict:
    """Launch the robot with its monitoring, stop it ``stops`` times each way."""
    environment = {**os.environ, 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
    commands = [
        ['ros2', 'launch', 'vla_bringup', 'control.launch.py', f'robot:={robot}'],
        ['ros2', 'launch', 'vla_bringup', 'description.launch.py', f'robot:={robot}'],
        ['ros2', 'launch', 'vla_bringup', 'monitoring.launch.py', f'robot:={robot}',
         'cameras:=none', f'web_port:={web_port}', 'runs:=/tmp/vla_benchmark_runs']]
    launches = [subprocess.Popen(command, stdout=sys.stderr, env=environment,
                                 start_new_session=True) for command in commands]
    try:
        operator = Operator(robot)
        operator.come_up(launches[0])
        time.sleep(3.0)
        before, began = _cpu_seconds(launches[2].pid), time.monotonic()
        time.sleep(10.0)
        cpu = 100 * (_cpu_seconds(launches[2].pid) - before) / (time.monotonic() - began)
        direct, through = [], []
        for index in range(stops):
            direct.append(operator.stop_once(through_supervisor=False))
            through.append(operator.stop_once(through_supervisor=True))
            console.print(f'stop {index + 1} of {stops}: {direct[-1]:.1f} ms, through the '
                          f'supervisor {through[-1]:.1f} ms')
    finally:
        for launch in launches:
            if launch.poll() is None:
                os.killpg(launch.pid, signal.SIGINT)
        for launch in launches:
            try:
                launch.wait(15.0)
            except subprocess.TimeoutExpired:
                os.killpg(launch.pid, signal.SIGKILL)
    return {
        'stops': stops,
        'stop_latency_p50_ms': round(float(np.median(direct)), 2),
        'stop_latency_p99_ms': round(float(np.quantile(direct, 0.99)), 2),
        'operator_stop_latency_p50_ms': round(float(np.median(through)), 2),
        'operator_stop_latency_p99_ms': round(float(np.quantile(through, 0.99)), 2),
        'monitoring_cpu_percent': round(cpu, 1)}


def _cpu_seconds(launch: int) -> float:
    total = 0.0
    for process in psutil.Process(launch).children(recursive=True):
        try:
            if any(name in ' '.join(process.cmdline()) for name in OURS):
                times = process.cpu_times()
                total += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return total


def measure_detection(options: argparse.Namespace) -> dict:
    """Collect what is missing of the rollouts, hold out each task once, and give the figures."""
    from vla_monitoring.collect_rollouts import main as collect
    from vla_monitoring.detection.rollouts import load_rollouts
    from vla_monitoring.train_detector import Study
    status = collect([
        '--policy', options.policy, '--suite', options.suite, '--out', str(options.rollouts),
        '--episodes', str(options.episodes), '--axes', 'absent_target', 'clutter',
        'unseen_combination', 'camera_shift', 'background', '--workers', str(options.workers)])
    if status:
        sys.exit(status)
    rollouts = load_rollouts(options.rollouts)
    detectors, figures = Study(
        rollouts, options.policy, options.scorer, options.error_rate).run()
    if options.detectors:
        for detector in detectors.values():
            detector.save(options.detectors)
    present = [rollout for rollout in rollouts if not rollout.absent]
    return {'rollouts': len(rollouts), 'error_rate': options.error_rate,
            'success': round(sum(r.success for r in present) / len(present), 4), **figures}


def main() -> int:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--policy', default='', help='folder of the policy')
    parser.add_argument('--only', choices=['stop', 'detection'], help='a part of it')
    parser.add_argument('--robot', default='franka')
    parser.add_argument('--stops', type=int, default=50, help='each way')
    parser.add_argument('--web-port', type=int, default=8090)
    parser.add_argument('--suite', default='tabletop')
    parser.add_argument('--episodes', type=int, default=60, help='seeds of each task and axis')
    parser.add_argument('--rollouts', type=Path, default=Path('build/monitoring_rollouts'))
    parser.add_argument('--detectors', type=Path, help='folder to keep the detectors in')
    parser.add_argument('--scorer', default='accumulated_mlp', choices=['accumulated_mlp', 'lstm'])
    parser.add_argument('--error-rate', type=float, default=0.1)
    parser.add_argument('--workers', type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if options.only != 'stop' and not options.policy:
        print('monitoring: failure detection is measured on rollouts of a policy: give '
              '--policy DIR, or --only stop', file=sys.stderr)
        return 2
    figures: dict = {'name': 'monitoring'}
    if options.only != 'detection':
        figures |= measure_stop(options.stops, options.robot, options.web_port)
    if options.only != 'stop':
        figures |= measure_detection(options)
    print(json.dumps(figures))
    return 0


if __name__ == '__main__':
    sys.exit(main())
