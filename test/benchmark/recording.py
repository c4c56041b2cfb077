"""
What does recording lose, what does it cost, and a kill? As `make bench NAME=recording`.

Three 640×480 cameras at 30 Hz, joint states at 1 kHz and targets at 50 Hz come from processes
of their own. The recorder writes an episode of them; losses are counted in the bag itself, by the
numbers that publishers give their messages. Then a second episode is ended by SIGKILL and mended.
"""
import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import rclpy
from geometry_msgs.msg import PoseStamped
from mcap.reader import make_reader
from rclpy.executors import ExternalShutdownException
from rclpy.qos import QoSProfile
from rich.console import Console
from rich.progress import Progress
from sensor_msgs.msg import Image, JointState

from vla_core import share
from vla_core.profile import RobotProfile
from vla_interfaces.srv import FinishEpisode, StartEpisode
from vla_recording.bag_metadata import read_metadata
from vla_recording.recovery import recover

CAMERAS = ('front', 'wrist', 'side')
WIDTH, HEIGHT = 640, 480
CAMERA_HZ, JOINTS_HZ, TARGETS_HZ = 30.0, 1000.0, 50.0


def publish_cameras() -> None:
    """Pictures with a sensor's noise, until killed."""
    node = rclpy.create_node('cameras')
    publishers = [node.create_publisher(Image, f'{name}/image_raw', 5) for name in CAMERAS]
    generator = np.random.default_rng(0)
    noise = [array('B', generator.integers(0, 255, HEIGHT * WIDTH * 3, np.uint8).tobytes())
             for _ in range(4)]
    messages = [Image(height=HEIGHT, width=WIDTH, encoding='rgb8', step=3 * WIDTH)
                for _ in CAMERAS]
    for count in _ticks(CAMERA_HZ):
        for place, (publisher, message) in enumerate(zip(publishers, messages)):
            message.data = noise[(count + place) % len(noise)]
            message.header.stamp = node.get_clock().now().to_msg()
            publisher.publish(message)


def publish_joints() -> None:
    """Joint states and targets, until killed."""
    node = rclpy.create_node('joints')
    names = [*RobotProfile.load('franka').joints, 'fr3_finger_joint1']
    state = JointState(name=names, position=[0.1] * 8, velocity=[0.2] * 8, effort=[0.3] * 8)
    target = PoseStamped()
    target.header.frame_id = 'base'
    states = node.create_publisher(JointState, 'joint_states', QoSProfile(depth=200))
    targets = node.create_publisher(PoseStamped, 'target_pose', 10)
    every = round(JOINTS_HZ / TARGETS_HZ)
    for count in _ticks(JOINTS_HZ):
        state.header.stamp = node.get_clock().now().to_msg()
        states.publish(state)
        if count % every == 0:
            target.header.stamp = state.header.stamp
            targets.publish(target)


def _ticks(rate_hz: float) -> Iterator[int]:
    """Count at a rate; a tick that came too late is made up for, so that none is left out."""
    begin, count = time.monotonic(), 0
    while True:
        time.sleep(max(0.0, begin + count / rate_hz - time.monotonic()))
        yield count
        count += 1


@contextlib.contextmanager
def running(*words: str) -> Iterator[psutil.Process]:
    """A Python process, ended by SIGINT, and by force if that does not help."""
    process = subprocess.Popen([sys.executable, *words], stdout=sys.stderr)
    try:
        yield psutil.Process(process.pid)
    finally:
        for end in (signal.SIGINT, signal.SIGKILL):
            process.send_signal(end)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
                break


class Client:
    """Asks the recorder."""

    def __init__(self) -> None:
        self.node = rclpy.create_node('recording_benchmark')

    def call(self, kind, name: str, request, timeout_s: float = 60.0):
        """The response of a service; ends the benchmark when there is none or it says no."""
        client = self.node.create_client(kind, name)
        if not client.wait_for_service(timeout_s):
            raise SystemExit(f'error: no service {name}')
        future = client.call_async(request)
        rclpy.spin_until_future_complete(self.node, future, timeout_sec=timeout_s)
        if not future.done() or not future.result().success:
            raise SystemExit(f'error: {name}: {future.result() and future.result().message}')
        return future.result()


def recorder(folder: Path, *parameters: str) -> tuple[str, ...]:
    """The words that start the recorder."""
    return ('-m', 'vla_recording.recorder', '--ros-args', '-p', f'folder:={folder}',
            '-p', 'topics:=[side/image_raw]', *parameters)


def start(client: Client) -> Path:
    """Begin an episode once everything is published."""
    deadline = time.monotonic() + 30
    wanted = {f'/{name}/image_raw' for name in CAMERAS} | {'/joint_states', '/target_pose'}
    while not all(client.node.count_subscribers(topic) for topic in wanted):
        time.sleep(0.2)
        if time.monotonic() > deadline:
            raise SystemExit('error: the recorder does not subscribe')
    time.sleep(1.0)
    return Path(client.call(StartEpisode, 'start_episode', StartEpisode.Request(
        instruction='benchmark')).path)


def missing_in(bag: Path) -> tuple[int, dict[str, int]]:
    """Messages whose numbers are missing, and how many there are of each topic."""
    numbers: dict[str, list[int]] = {}
    for path in sorted(bag.glob('*.mcap')):
        with path.open('rb') as stream:
            for _, channel, message in make_reader(stream).iter_messages():
                numbers.setdefault(channel.topic, []).append(message.sequence)
    missing = 0
    for topic, found in numbers.items():
        if topic.endswith(('image_raw', 'joint_states', 'target_pose')):
            missing += max(found) - min(found) + 1 - len(set(found))
    return missing, {topic: len(found) for topic, found in numbers.items()}


def measure(seconds: float, folder: Path, compression: str) -> dict:
    """Record for ``seconds``, then be killed while recording."""
    client = Client()
    with running(__file__, '--publish', 'cameras'), running(__file__, '--publish', 'joints'):
        with running(*recorder(folder, '-p', f'compression:={compression}')) as process:
            bag = start(client)
            cpu = sum(process.cpu_times()[:2])
            begin = time.monotonic()
            with Progress(console=Console(file=sys.stderr)) as progress:
                task = progress.add_task('recording', total=seconds)
                while (passed := time.monotonic() - begin) < seconds:
                    progress.update(task, completed=passed)
                    time.sleep(0.2)
            cpu = (sum(process.cpu_times()[:2]) - cpu) / (time.monotonic() - begin)
            memory = process.memory_info().rss
            finished = client.call(FinishEpisode, 'finish_episode', FinishEpisode.Request(
                outcome=FinishEpisode.Request.SUCCEEDED))
        size = sum(path.stat().st_size for path in bag.glob('*.mcap'))
        missing, counts = missing_in(bag)
        declared = int((read_metadata(bag)['custom_data'] or {}).get('lost_messages', 0))
        shutil.rmtree(bag)
        killed = kill(client, folder)
    client.node.destroy_node()
    return {
        'name': 'recording', 'duration_s': round(finished.duration, 1),
        'messages': finished.messages, 'lost_messages': max(missing, declared),
        'joint_states_hz': round(counts.get('/joint_states', 0) / finished.duration, 1),
        'images_hz': round(sum(counts.get(f'/{name}/image_raw', 0) for name in CAMERAS)
                           / finished.duration, 1),
        'cpu_percent': round(100 * cpu, 1), 'memory_mb': round(memory / 1e6),
        'mb_per_minute': round(size / 1e6 / finished.duration * 60), 'compression': compression,
        **killed}


def kill(client: Client, folder: Path) -> dict:
    """An episode that is ended by SIGKILL after some seconds, and mended."""
    with running(*recorder(folder)) as process:
        bag = start(client)
        time.sleep(5.0)
        process.kill()
        end_ns = time.time_ns()
        process.wait(10)
    begin = time.monotonic()
    result = recover(bag)
    took_s = time.monotonic() - begin
    last_ns = 0
    for path in bag.glob('*.mcap'):
        with path.open('rb') as stream:
            last_ns = max(last_ns, make_reader(stream).get_summary().statistics.message_end_time)
    return {'recovered_after_kill_s': round((end_ns - last_ns) / 1e9, 3),
            'recovered_messages': result.messages, 'recovery_took_s': round(took_s, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--seconds', type=float, default=60.0)
    parser.add_argument('--compression', choices=['none', 'zstd'], default='none')
    parser.add_argument('--folder', type=Path, help='where to record (default: a temporary one)')
    parser.add_argument('--publish', choices=['cameras', 'joints'], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.publish:
        rclpy.init()
        with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
            (publish_cameras if options.publish == 'cameras' else publish_joints)()
        return
    profile = share.find('vla_bringup', 'config/dds', 'fastdds.xml')
    os.environ.setdefault('FASTRTPS_DEFAULT_PROFILES_FILE', str(profile))
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randrange(1, 100)))
    rclpy.init()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        metrics = measure(options.seconds, Path(folder), options.compression)
    rclpy.try_shutdown()
    print(json.dumps(metrics))


if __name__ == '__main__':
    main()
