"""
What one tick of the execution costs: ``make bench NAME=execution_tick``.

References at 100 Hz of a Franka's tip pose, with a chunk of 16 steps merged every 0.4 s.
"""
import json
import sys
import time

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace
from vla_core.profile import RobotProfile
from vla_execution.executor import ExecutionSettings, Executor

__all__ = ['main', 'measure']

TICK_NS, PERIOD_S, HORIZON = 10_000_000, 0.1, 16


def measure(ticks: int = 3000, strategy: str = 'rtc') -> dict[str, float]:
    """Median and 99th percentile of a tick and the median of a merge, in µs."""
    profile = RobotProfile.load('franka')
    space = ActionSpace.of_robot(
        profile, 'pose', frame='base', rotation='rotation_6d', gripper='normalised_open')
    executor = Executor(profile, space, ExecutionSettings(strategy=strategy))
    row = np.array([0.45, 0.0, 0.3, 1, 0, 0, 0, -1, 0, 1.0])
    executor.start(0, row)
    spent, merges = [], []
    times = PERIOD_S * np.arange(1, HORIZON + 1)
    for tick in range(ticks):
        now = tick * TICK_NS
        if tick % 40 == 0:
            rows = np.tile(row, (HORIZON, 1))
            rows[:, 1] += 0.1 * np.sin(now * 1e-9 + times)
            begun = time.perf_counter_ns()
            executor.add(ActionChunk(now, space, times, rows, sequence=tick + 1), now)
            merges.append(time.perf_counter_ns() - begun)
        begun = time.perf_counter_ns()
        executor.reference(now)
        spent.append(time.perf_counter_ns() - begun)
    return {'execution_tick_p50_us': round(float(np.percentile(spent, 50)) / 1e3, 1),
            'execution_tick_p99_us': round(float(np.percentile(spent, 99)) / 1e3, 1),
            'execution_merge_p50_us': round(float(np.percentile(merges, 50)) / 1e3, 1)}


def main() -> int:
    """Print the figures as the last line."""
    print(json.dumps({'name': 'execution_tick', **measure()}))
    return 0


if __name__ == '__main__':
    sys.exit(main())
