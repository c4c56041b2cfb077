"""
Do pictures arrive, how late, and are their stamps true? As `make bench NAME=cameras`.

Three virtual 640×480 cameras at 30 Hz draw the time of each capture into the picture. The camera
node reads them through its V4L2 source, two with driver stamps, one by arrival less its delay, and
this process receives what the node publishes, while the robot's launch file runs where it is
installed. Then boards rendered with known truth are calibrated.
"""
import argparse
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import rclpy
import yaml
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import qos_profile_sensor_data
from rich.console import Console
from rich.progress import Progress
from sensor_msgs.msg import Image

from vla_cameras.benchmark.bar_code import read_time
from vla_cameras.benchmark.rendered_board import board_views, looking_at, render_board
from vla_cameras.benchmark.virtual_camera import run_device
from vla_cameras.calibration import hand_eye, intrinsics
from vla_cameras.calibration.board import Board
from vla_cameras.calibration.pose import from_vector, inverse, to_vector
from vla_cameras.camera_info import Intrinsics
from vla_core import share
from vla_core.conversion import image_from_message, time_from_message

WIDTH, HEIGHT, RATE_HZ = 640, 480, 30.0
# What a USB camera shows at 640×480: half an exposure and a transfer, and their scatter.
DELAY_S, JITTER_S = 0.012, 0.0004
CAMERAS = {'front': True, 'side': True, 'wrist': False}  # which are stamped by their driver


class Sink:
    """Receives every camera and compares stamp and arrival with the time in the picture."""

    def __init__(self, namespace: str) -> None:
        self.node = rclpy.create_node('sink', namespace=namespace)
        self.seen: dict[str, list[tuple[int, int, int]]] = {name: [] for name in CAMERAS}
        self.unreadable = 0
        for name in CAMERAS:
            self.node.create_subscription(
                Image, f'{name}/image_raw',
                lambda message, name=name: self._take(name, message), qos_profile_sensor_data)

    def _take(self, name: str, message: Image) -> None:
        now_ns = time.time_ns()
        truth_ns = read_time(image_from_message(message))
        if truth_ns is None:
            self.unreadable += 1
        else:
            self.seen[name].append((truth_ns, time_from_message(message.header.stamp), now_ns))


@contextlib.contextmanager
def devices(folder: Path) -> Iterator[dict]:
    """Run the virtual cameras; yields the shared lists of capture times."""
    context = multiprocessing.get_context('spawn')
    with context.Manager() as manager:
        stop = context.Event()
        captured = {name: manager.list() for name in CAMERAS}
        processes = [
            context.Process(target=run_device, args=(
                str(folder / name), WIDTH, HEIGHT, RATE_HZ, stamped, DELAY_S, JITTER_S, stop,
                captured[name]))
            for name, stamped in CAMERAS.items()]
        for process in processes:
            process.start()
        try:
            yield captured
        finally:
            stop.set()
            for process in processes:
                process.join(5)
                process.kill()


def write_camera_set(folder: Path) -> Path:
    """The camera set of the virtual cameras, with the delay of the one that has no stamps."""
    cameras = {name: {
        'source': {'kind': 'vla_cameras.benchmark.virtual_camera:VirtualV4l2',
                   'device': str(folder / name), 'pixel_format': 'YUYV'},
        'frame': f'{name}_optical', 'width': WIDTH, 'height': HEIGHT, 'rate_hz': RATE_HZ,
    } for name in CAMERAS}
    path = folder / 'virtual.yaml'
    path.write_text(yaml.safe_dump({'cameras': cameras}))
    delays = {name: {'delay': {
        'delay_s': DELAY_S + JITTER_S, 'basis': 'arrival', 'correlation': 1.0, 'images': 1,
        'date': '2026-01-01'}} for name, stamped in CAMERAS.items() if not stamped}
    path.with_name('virtual.calibration.yaml').write_text(yaml.safe_dump({'cameras': delays}))
    return path


@contextlib.contextmanager
def running(command: list[str], quiet: bool) -> Iterator[psutil.Process]:
    """A process and all that it starts, ended by SIGINT, and by force if that does not help."""
    process = subprocess.Popen(
        command, start_new_session=True, stdin=subprocess.DEVNULL, stdout=sys.stderr,
        stderr=subprocess.DEVNULL if quiet else None)
    try:
        yield psutil.Process(process.pid)
    finally:
        for end in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, end)
            try:
                process.wait(10)
                break
            except subprocess.TimeoutExpired:
                continue


def robot_launch(stack: contextlib.ExitStack) -> psutil.Process | None:
    """Start the robot's launch file, without cameras of its own, where it is installed."""
    ros2 = shutil.which('ros2')
    if ros2 is None or share.find('vla_bringup', 'launch', 'robot.launch.py') is None:
        return None
    command = [ros2, 'launch', 'vla_bringup', 'robot.launch.py']
    shown = subprocess.run([*command, '--show-args'], capture_output=True, text=True, check=False)
    if "'cameras'" in shown.stdout:
        command.append('cameras:=none')
    process = stack.enter_context(running(command, quiet=True))
    time.sleep(8.0)
    return process


def runs(process: psutil.Process | None) -> bool:
    """Whether a process is there and has not ended."""
    return (process is not None and process.is_running()
            and process.status() != psutil.STATUS_ZOMBIE)


def cpu_seconds(process: psutil.Process) -> float:
    """CPU time of a process, all its threads."""
    times = process.cpu_times()
    return times.user + times.system


def measure(seconds: float, folder: Path, beside: bool) -> dict:
    """Run everything for ``seconds`` and return the metrics."""
    namespace = '/benchmark'
    with contextlib.ExitStack() as stack:
        captured = stack.enter_context(devices(folder))
        robot = robot_launch(stack) if beside else None
        camera_set = write_camera_set(folder)
        while not all((folder / name).exists() for name in CAMERAS):
            time.sleep(0.1)
        node = stack.enter_context(running([
            sys.executable, '-m', 'vla_cameras.node', '--ros-args', '-r', f'__ns:={namespace}',
            '-p', f'camera_set:={camera_set}'], quiet=False))
        rclpy.init()
        sink = Sink(namespace)
        executor = SingleThreadedExecutor()
        executor.add_node(sink.node)
        deadline = time.monotonic() + 30
        while not all(len(seen) > RATE_HZ for seen in sink.seen.values()):
            executor.spin_once(timeout_sec=0.1)
            if time.monotonic() > deadline:
                raise SystemExit('error: no pictures within 30 s')
        begin_ns, cpu = time.time_ns(), cpu_seconds(node)
        with Progress(console=Console(file=sys.stderr)) as progress:
            task = progress.add_task('pictures received', total=int(3 * seconds * RATE_HZ))
            while (now_ns := time.time_ns()) < begin_ns + seconds * 1e9:
                executor.spin_once(timeout_sec=0.1)
                progress.update(task, completed=sum(
                    len(seen) for seen in sink.seen.values()) - 3 * RATE_HZ)
        end_ns, cpu = now_ns, cpu_seconds(node) - cpu
        load = 'robot.launch.py' if runs(robot) else 'nothing'
        settle = time.monotonic() + 1.0
        while time.monotonic() < settle:
            executor.spin_once(timeout_sec=0.1)
        taken = {name: [at for at in times if begin_ns <= at < end_ns]
                 for name, times in captured.items()}
        sink.node.destroy_node()
        rclpy.try_shutdown()
    return {**_metrics(sink, taken, begin_ns, end_ns),
            'cpu_percent': round(100 * cpu * 1e9 / (end_ns - begin_ns), 1), 'beside': load}


def _metrics(sink: Sink, taken: dict, begin_ns: int, end_ns: int) -> dict:
    seen = {name: np.array([entry for entry in entries if begin_ns <= entry[0] < end_ns])
            for name, entries in sink.seen.items()}
    errors = {name: np.abs(entries[:, 1] - entries[:, 0]) / 1e6 for name, entries in seen.items()}
    latency = np.concatenate([entries[:, 2] - entries[:, 0] for entries in seen.values()]) / 1e6
    every = np.concatenate(list(errors.values()))
    driver = np.concatenate([errors[name] for name, stamped in CAMERAS.items() if stamped])
    arrival = np.concatenate([errors[name] for name, stamped in CAMERAS.items() if not stamped])
    return {
        'name': 'cameras', 'duration_s': round((end_ns - begin_ns) / 1e9, 1),
        'delivered_ratio': round(
            sum(len({entry[0] for entry in seen[name]}) for name in CAMERAS)
            / sum(len(times) for times in taken.values()), 4),
        'unreadable': sink.unreadable,
        'latency_p50_ms': round(float(np.percentile(latency, 50)), 2),
        'latency_p99_ms': round(float(np.percentile(latency, 99)), 2),
        'stamp_error_p95_ms': round(float(np.percentile(every, 95)), 3),
        'stamp_error_driver_p95_ms': round(float(np.percentile(driver, 95)), 3),
        'stamp_error_arrival_p95_ms': round(float(np.percentile(arrival, 95)), 3),
    }


def calibrate_rendered_boards() -> dict:
    """Errors of intrinsics and mounts from pictures of a board whose truth is known."""
    generator = np.random.default_rng(0)
    board = Board()
    truth = Intrinsics(width=WIDTH, height=HEIGHT, fx=612.3, fy=610.9, cx=325.1, cy=236.4,
                       distortion=(0.08, -0.17, 0.0007, -0.0005, 0.03))
    poses = board_views(board, 15, generator)
    seen = [board.find(render_board(board, truth, pose, generator)) for pose in poses]
    fitted = intrinsics.calibrate(seen, (WIDTH, HEIGHT))
    camera = looking_at(np.array([0.05, 0.0, 0.06]), np.array([0.05, 0.02, 0.3]), 0.4)
    stands = from_vector(np.array([0.1, 0.05, 0.3, 0.45, -0.1, 0.02]))
    hands = [stands @ inverse(pose) @ inverse(camera) @ from_vector(np.concatenate([
        generator.normal(0, np.radians(0.01), 3), generator.normal(0, 1e-4, 3)]))
        for pose in poses]
    mounted = hand_eye.calibrate(hands, seen, fitted.intrinsics, 'in_hand')
    apart = to_vector(inverse(camera) @ mounted.camera)
    return {
        'calibration_reprojection_px': round(fitted.rms_px, 3),
        'calibration_focal_error_px': round(abs(fitted.intrinsics.fx - truth.fx), 2),
        'hand_eye_error_mm': round(1000 * float(np.linalg.norm(apart[3:])), 3),
        'hand_eye_error_deg': round(float(np.degrees(np.linalg.norm(apart[:3]))), 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument('--seconds', type=float, default=60.0)
    parser.add_argument('--alone', action='store_true', help='do not start the robot beside it')
    arguments = parser.parse_args()
    profile = share.find('vla_bringup', 'config/dds', 'fastdds.xml')
    os.environ.setdefault('FASTRTPS_DEFAULT_PROFILES_FILE', str(profile))
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.randrange(1, 100)))
    with tempfile.TemporaryDirectory() as folder:
        metrics = measure(arguments.seconds, Path(folder), not arguments.alone)
    print(json.dumps({**metrics, **calibrate_rendered_boards()}))


if __name__ == '__main__':
    main()
