"""The loop process at full rate, with a 50 Hz stream of targets, a reader, and cameras rendering.

Every camera of the robot renders in a process of its own from the simulation's snapshot, at its
rate, as camera nodes do. With `--no-cameras` they are left out.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time

import mujoco
import numpy as np

from vla_control.loop import LoopClient, LoopConfiguration
from vla_core.profile import RobotProfile
from vla_core.shared_memory import SharedMemoryError
from vla_hardware import ControlMode
from vla_simulation.model import build_model
from vla_simulation.rendering import Renderer, RenderError
from vla_simulation.snapshot import SnapshotReader

__all__ = ['main']


def render(robot: str, camera: str, snapshot: str, frames) -> None:
    """Render one camera until told to end."""
    profile = RobotProfile.load(robot)
    view = profile.camera(camera)
    model = build_model(profile)
    data = mujoco.MjData(model)
    reader = SnapshotReader(snapshot, model)
    try:
        renderer = Renderer(model, view.height, view.width)
    except RenderError as error:
        print(f'camera {camera}: {error}', file=sys.stderr)
        frames.value = -1
        return
    deadline = time.monotonic()
    while True:
        deadline += 1.0 / view.rate_hz
        time.sleep(max(0.0, deadline - time.monotonic()))
        try:
            reader.read(data)
        except SharedMemoryError:
            return
        renderer.rgb(data, camera)
        with frames.get_lock():
            frames.value += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--duration', type=float, default=60.0, help='s (the full proof: 300)')
    parser.add_argument('--robot', default='franka')
    parser.add_argument('--no-cameras', action='store_true')
    arguments = parser.parse_args()
    profile = RobotProfile.load(arguments.robot)
    arm = profile.arms[0]
    name = f'benchmark_{os.getpid()}'
    kind = ('cartesian_impedance' if ControlMode.EFFORT.value in profile.control_modes
            else 'cartesian_admittance')
    configuration = LoopConfiguration(
        name=name, robot=arguments.robot, options={'snapshot': f'{name}_world'},
        controllers={'tip': {'type': kind, 'arm': arm.name}})
    context = multiprocessing.get_context('spawn')
    frames = context.Value('l', 0)
    with LoopClient.start(configuration) as client:
        cameras = [] if arguments.no_cameras else [
            context.Process(target=render, daemon=True,
                            args=(arguments.robot, camera.name, f'{name}_world', frames))
            for camera in profile.cameras]
        for process in cameras:
            process.start()
        try:
            figures = drive(client, arm.name, arguments.duration)
        finally:
            for process in cameras:
                process.terminate()
    figures['frames_hz'] = round(max(frames.value, 0) / arguments.duration, 1)
    print(json.dumps({'name': 'loop', **figures}))


def drive(client: LoopClient, arm: str, duration: float) -> dict[str, float]:
    """Stream a figure-eight at 50 Hz and read states in between."""
    client.switch(['tip'], [])
    pose = client.read_state().arms[arm].pose
    begun = time.monotonic()
    said = 0.0
    for index in range(round(50.0 * duration)):
        now = index / 50.0
        offset = np.array([0.05 * np.sin(1.6 * now), 0.10 * np.sin(0.8 * now), 0.0])
        client.beat()
        client.write_target(arm, 'pose', [*(pose[:3] + offset), *pose[3:]])
        state = client.read_state()
        if state.stopped:
            raise RuntimeError(f'stopped: {state.stop_reason}')
        if now - said >= 10.0:
            said = now
            print(f'{now:.0f} s: late p99 {state.late_us[1]:.0f} µs, missed {state.missed}',
                  file=sys.stderr)
        time.sleep(max(0.0, begun + (index + 1) / 50.0 - time.monotonic()))
    found = client.diagnostics()
    seconds = time.monotonic() - begun
    return {
        'rate_hz': round(client.profile.rate_hz, 1), 'duration_s': round(seconds, 1),
        **{name: round(found[name], 3) for name in (
            'late_p50_ms', 'late_p99_ms', 'late_max_ms', 'work_p50_us', 'work_p99_us')},
        'missed_ratio': round(found['missed_ratio'], 6),
    }


if __name__ == '__main__':
    main()
