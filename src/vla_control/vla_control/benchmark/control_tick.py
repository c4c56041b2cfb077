"""What one tick of each control law costs: targets, reference, law and limits, without hardware.

Each law runs on the arm that it is made for, fed at 50 Hz, on states that move. Growth of memory is
the difference of traced allocations after the first tenth and at the end.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
import tracemalloc

import numpy as np

from vla_control.controllers import CONTROLLERS, Controller
from vla_control.core import ControlCore
from vla_control.laws.joint_trajectory import TrajectoryPoints
from vla_control.loop.configuration import RealTime
from vla_control.loop.scheduling import prepare
from vla_core.profile import RobotProfile
from vla_hardware import create

__all__ = ['TickBench', 'main']

ROBOTS = {'cartesian_admittance': 'ur', 'cartesian_velocity': 'ur', 'joint_velocity': 'ur'}


class TickBench:
    """One law on one robot, without its simulation."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        profile = RobotProfile.load(ROBOTS.get(kind, 'franka'))
        hardware = create('sim', profile)
        self.core = core = ControlCore(
            profile, hardware, {kind: {'type': kind, 'arm': profile.arms[0].name}})
        core.start()
        core.switch([kind], [])
        self.runner = next(iter(core.runners.values()))
        self._home = profile.arms[0].home
        self._state = self.runner.context.state
        self._targets = self._make_targets()
        self._every = round(0.02 / core.dt)
        self._ticks = 0

    def _make_targets(self) -> list[tuple[str, list[float]]]:
        controller = self.runner.controller
        if controller is None:
            return [('gripper', [0.5, 0.0])]
        targets = []
        for kind in controller.inputs:
            if kind == 'pose':
                place, turn = controller.reference_pose()
                targets.append((kind, [*place, *turn]))
            elif kind == 'joint':
                targets.append((kind, self._home.tolist()))
            elif kind in ('joint_velocity', 'joint_effort'):
                targets.append((kind, [0.1] * len(self._home)))
            elif kind == 'twist':
                targets.append((kind, [0.02, 0.01, 0.0, 0.0, 0.0, 0.05]))
        return targets

    def tick(self) -> float:
        """One tick; the seconds it took."""
        core, runner = self.core, self.runner
        now = self._ticks * core.dt
        wave = np.sin(now + np.arange(len(self._home)))
        np.add(self._home, 0.02 * wave, out=self._state.position)
        np.multiply(0.02, wave, out=self._state.velocity)
        core.time = now
        fresh = self._ticks % self._every == 0
        trajectory = self.kind == 'joint_trajectory' and self._ticks % (100 * self._every) == 0
        self._ticks += 1
        begun = time.perf_counter()
        if fresh:
            for kind, values in self._targets:
                runner.take(kind, now, now, values)
        if trajectory:
            self._follow(now)
        runner.tick(now, core.dt, False)
        return time.perf_counter() - begun

    def _follow(self, now: float) -> None:
        times = np.linspace(0.5, 4.0, 8)
        points = np.tile(self._home, (8, 1)) + 0.02 * np.sin(times)[:, None]
        self.runner.controller.follow(TrajectoryPoints(times, points, 0.0 * points), now, now)


def measure(kind: str, ticks: int) -> dict[str, float]:
    """p50 and p99 in µs of a law, and how memory grew in bytes."""
    bench = TickBench(kind)
    for _ in range(min(2000, ticks // 10)):
        bench.tick()
    spent = np.empty(ticks)
    for index in range(ticks):
        spent[index] = bench.tick()
    p50, p99 = 1e6 * np.percentile(spent, (50, 99))
    return {'p50': float(p50), 'p99': float(p99)}


def growth(kind: str, ticks: int) -> int:
    """Bytes of Python memory gained over the last nine tenths of some ticks."""
    bench = TickBench(kind)
    tracemalloc.start()
    for _ in range(ticks // 10):
        bench.tick()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(ticks - ticks // 10):
        bench.tick()
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return after - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--ticks', type=int, default=10_000, help='timed ticks of each law')
    parser.add_argument('--growth-ticks', type=int, default=20_000,
                        help='ticks over which memory is watched, of the Cartesian law')
    arguments = parser.parse_args()
    for refused in prepare(RealTime()):  # as the loop process runs
        print(refused, file=sys.stderr)
    result: dict[str, float | str] = {
        'name': 'control_tick', 'tick_p50_us': 0.0, 'tick_p99_us': 0.0}
    for kind, controller in CONTROLLERS.items():
        if not issubclass(controller, Controller):
            continue
        figures = measure(kind, arguments.ticks)
        print(f'{kind}: p50 {figures["p50"]:.1f} µs, p99 {figures["p99"]:.1f} µs', file=sys.stderr)
        for name, value in figures.items():
            result[f'{kind}_tick_{name}_us'] = round(value, 1)
            result[f'tick_{name}_us'] = max(result[f'tick_{name}_us'], round(value, 1))
    result['growth_ticks'] = arguments.growth_ticks
    result['memory_growth_bytes'] = growth('cartesian_impedance', arguments.growth_ticks)
    print(json.dumps(result))


if __name__ == '__main__':
    main()
