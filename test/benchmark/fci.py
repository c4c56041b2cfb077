"""A Franka that follows a 50 Hz stream under the whole launch, as `make bench NAME=fci`.

`robot.launch.py` runs with the `franka` plug-in against a simulated control box that enforces
communication and motion limits. A figure-eight is streamed 50 times a second: as chunks of the
contract's actions through the execution node where the launch has one (`--through chunks`), else as
targets. `dt_p99_ms` is the time between two states of the robot, as the loop sees it.
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
from geometry_msgs.msg import PoseStamped
from rich.console import Console
from rich.progress import Progress
from std_srvs.srv import Trigger

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / 'tools'), str(ROOT / 'test' / 'peers'), str(Path(__file__).parent)]

from franka import STARVED_S, FrankaPeer  # noqa: E402
from loop import STREAM_HZ, Person  # noqa: E402

from vla_core.action_chunk import ActionChunk  # noqa: E402
from vla_core.conversion import chunk_to_message, time_from_message  # noqa: E402
from vla_core.node import go_before_others  # noqa: E402
from vla_core.policy_contract import PolicyContract  # noqa: E402
from vla_core.profile import RobotProfile  # noqa: E402
from vla_core.rotation import matrix_to_rotation_6d, quaternion_to_matrix  # noqa: E402
from vla_interfaces.msg import ActionChunk as ActionChunkMessage  # noqa: E402

PERIOD_S, WIDTH_M, HEIGHT_M, RAMP_S = 4.2, 0.10, 0.05, 2.0  # of the figure eight
HORIZON = 16


class Client(Person):
    """Streams the figure and remembers where the tip was."""

    def __init__(self, profile: RobotProfile) -> None:
        super().__init__(profile)
        self._chunks = self.node.create_publisher(ActionChunkMessage, 'action_chunk', 1)
        self._begun = self._sequence = 0
        self._centre = np.zeros(3)
        self._orientation = np.array([0.0, 0.0, 0.0, 1.0])
        self.errors: list[float] = []
        self.quality: list[float] = []

    def _on_pose(self, pose: PoseStamped) -> None:
        super()._on_pose(pose)
        if self._begun:
            elapsed = (time_from_message(pose.header.stamp) - self._begun) * 1e-9
            if elapsed > RAMP_S:
                place = pose.pose.position
                self.errors.append(float(np.linalg.norm(
                    self._place(elapsed) - (place.x, place.y, place.z))))

    def _on_diagnostics(self, array) -> None:
        super()._on_diagnostics(array)
        if self._begun and 'control_command_success_rate' in self.loop:
            self.quality.append(self.loop['control_command_success_rate'])

    def _place(self, elapsed: float) -> np.ndarray:
        """Where the figure is after `elapsed` s, m in the base frame."""
        ramp = np.clip(elapsed / RAMP_S, 0.0, 1.0)**2 * (3.0 - 2.0 * np.clip(
            elapsed / RAMP_S, 0.0, 1.0))
        phase = 2.0 * np.pi * elapsed / PERIOD_S
        return self._centre + ramp * np.array(
            [0.0, WIDTH_M * np.sin(phase), HEIGHT_M * np.sin(2.0 * phase)])

    def has_execution(self) -> bool:
        """Whether the launch runs an execution node."""
        return any(name == 'execution' for name in self.node.get_node_names())

    def follow(self, seconds: float, contract: PolicyContract | None) -> None:
        """Stream for `seconds`: chunks of the contract's actions, or targets without one."""
        pose = self.pose.pose
        self._centre[:] = pose.position.x, pose.position.y, pose.position.z
        self._orientation[:] = (
            pose.orientation.x, pose.orientation.y, pose.orientation.z, pose.orientation.w)
        begun = time.monotonic()
        self._begun = self.node.get_clock().now().nanoseconds
        with Progress(console=Console(file=sys.stderr)) as progress:
            task = progress.add_task('streaming', total=seconds)
            for index in range(round(STREAM_HZ * seconds)):
                due = begun + index / STREAM_HZ
                while (left := due - time.monotonic()) > 0.0:
                    rclpy.spin_once(self.node, timeout_sec=left)
                if contract is None:
                    self._send_target()
                else:
                    self._send_chunk(contract)
                progress.update(task, completed=index / STREAM_HZ)

    def _send_target(self) -> None:
        now = self.node.get_clock().now()
        target = PoseStamped()
        target.header.frame_id = self.pose.header.frame_id
        target.header.stamp = now.to_msg()
        target.pose.orientation = self.pose.pose.orientation
        place = target.pose.position
        place.x, place.y, place.z = self._place((now.nanoseconds - self._begun) * 1e-9).tolist()
        qx, qy, qz, qw = self._orientation.tolist()
        turn = target.pose.orientation
        turn.x, turn.y, turn.z, turn.w = qx, qy, qz, qw
        self._target.publish(target)

    def _send_chunk(self, contract: PolicyContract) -> None:
        now = self.node.get_clock().now().nanoseconds
        times = np.arange(1, HORIZON + 1) / contract.rate_hz
        turn = matrix_to_rotation_6d(quaternion_to_matrix(self._orientation))
        rows = [np.concatenate((self._place((now - self._begun) * 1e-9 + t), turn, [1.0]))
                for t in times]
        self._sequence += 1
        chunk = ActionChunk(
            stamp_ns=now, space=contract.action.space, times_s=times, data=np.array(rows),
            frame_id=self.pose.header.frame_id, sequence=self._sequence, policy='figure',
            instruction='draw an eight', inference_start_ns=now, inference_end_ns=now)
        self._chunks.publish(chunk_to_message(chunk, ActionChunkMessage()))

    def start_execution(self, launch: subprocess.Popen) -> None:
        """Let the execution node begin at rest where the robot is."""
        client = self.node.create_client(Trigger, 'execution/start')
        self.wait(client.service_is_ready, 'execution', launch)
        future = client.call_async(Trigger.Request())
        self.wait(future.done, 'answer of execution/start', launch)
        if not future.result().success:
            sys.exit(f'execution does not start: {future.result().message}')


def measure(seconds: float, through: str, arguments: list[str], folder: Path) -> dict:
    """Launch the robot, stream, and return the metrics."""
    with FrankaPeer(folder) as robot:
        launch = subprocess.Popen(
            ['ros2', 'launch', 'vla_bringup', 'robot.launch.py', 'robot:=franka',
             'hardware:=real', f'robot_ip:={robot.host}', *arguments],
            stdout=sys.stderr, start_new_session=True)
        try:
            rclpy.init()
            go_before_others()  # as a computer of its own would
            client = Client(RobotProfile.load('franka'))
            client.wait(lambda: client.pose and client.loop, 'pose of the arm', launch)
            client.switch_on(launch)
            if through == 'auto':
                through = 'chunks' if client.has_execution() else 'targets'
            contract = None
            if through == 'chunks':
                contract = PolicyContract.load('mini_franka')
                client.start_execution(launch)
            before = client.loop
            robot.ask('state')
            client.follow(seconds, contract)
            after = client.loop
            gap = robot.ask('state')['worst_gap_s']
            client.node.destroy_node()
            rclpy.try_shutdown()
        finally:
            os.killpg(launch.pid, signal.SIGINT)
            launch.wait(20)
    cycles = after['cycles'] - before['cycles']
    if gap > STARVED_S:
        print(f'the simulated robot itself paused for {gap * 1e3:.0f} ms: it was starved of '
              'processor time', file=sys.stderr)
    return {
        'name': 'fci',
        'duration_s': seconds,
        'through': through,
        'success_rate': round(float(np.mean(client.quality)), 4),
        'success_rate_min': round(float(np.min(client.quality)), 4),
        'aborts': round(after['aborts']),
        'rate_hz': round(cycles / (after['at_s'] - before['at_s']), 1),
        'lost_ratio': round((after['lost_cycles'] - before['lost_cycles']) / max(cycles, 1), 6),
        'dt_p99_ms': round(1.0 + after['late_p99_ms'], 3),
        'work_p99_us': after['work_p99_us'],
        'tracking_rms_mm': round(1e3 * float(np.sqrt(np.mean(np.square(client.errors)))), 2),
        'robot_worst_pause_ms': round(gap * 1e3, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seconds', type=float, default=120.0)
    parser.add_argument('--through', choices=['auto', 'targets', 'chunks'], default='auto')
    parser.add_argument('arguments', nargs='*', help='arguments of the launch file, such as a:=b')
    arguments = parser.parse_args()
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randrange(1, 100)))
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(
            arguments.seconds, arguments.through, arguments.arguments, Path(folder))))


if __name__ == '__main__':
    main()
