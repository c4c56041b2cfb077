"""
How strategies stand delay and loss: ``make bench NAME=seams``.

Every strategy under every injected delay, and under 20 % loss, in lockstep over the same seeds of
the tabletop pick; beside ours the naive client, which hands on the newest chunk's set-points as
they are.

For ``rtc_trained`` a flow head takes the prefix as it was trained to, else by guidance
(``flow.guidance``). Every reference at 100 Hz is differentiated and held against the limits of the
profile. A result is written down as it comes, so an interrupted run goes on where it stopped.
"""
import argparse
import importlib
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from vla_core.rotation import (
    quaternion_inverse,
    quaternion_multiply,
    quaternion_to_rotation_vector,
)
from vla_execution.benchmark.execution_tick import measure
from vla_execution.layout import Layout
from vla_simulation.episode import Episode, Inference
from vla_simulation.observer import Observer
from vla_simulation.policy_loading import BUILT_IN, load_policy
from vla_simulation.workers import progress_bar, spread
from vla_simulation.world import World

__all__ = ['Seams', 'main']

STRATEGIES = ('rtc', 'rtc_trained', 'blend', 'temporal_ensemble', 'future_state', 'replace',
              'open_loop', 'naive')
DELAYS_MS = (0, 50, 100, 200, 400, 800)
LOSS, LOSS_DELAY_MS = 0.2, 100
TICK_S = 0.01

#: Strategy, delay in ms, loss and seed of an episode.
Item = tuple[str, int, float, int]


@dataclass(frozen=True)
class Seams:
    """What is run: ``policy`` a folder, a shipped policy or expert; the first ``seeds`` seeds."""

    policy: str
    seeds: int
    strategies: tuple[str, ...]
    delays_ms: tuple[int, ...]
    family: str = 'pick'
    replan_steps: int = 0

    def cells(self) -> list[tuple[str, int, float]]:
        """Strategy, delay in ms and loss of every cell."""
        return [(strategy, delay, loss) for strategy in self.strategies
                for delay, loss in [*((delay, 0.0) for delay in self.delays_ms),
                                    (LOSS_DELAY_MS, LOSS)]]

    def items(self) -> list[Item]:
        """Every episode, seed by seed, so that a part of a run is a smaller run."""
        return [(*cell, seed) for seed in range(self.seeds) for cell in self.cells()]


def smoothness(layout: Layout, rows: np.ndarray) -> dict[str, float]:
    """Jumps of velocity in a tick (m/s or rad/s) and ratios to the limits of rows [n, D]."""
    knots = layout.split(rows)
    moves = np.diff(knots.linear, axis=0)
    if layout.turned:
        moves = np.concatenate([moves, quaternion_to_rotation_vector(quaternion_multiply(
            knots.turns[1:], quaternion_inverse(knots.turns[:-1])))], axis=1)
    velocity = moves / TICK_S
    jumps = np.linalg.norm(np.diff(velocity, axis=0), axis=-1)
    jerks = np.linalg.norm(np.diff(velocity, n=2, axis=0), axis=-1) / TICK_S ** 2
    return {'max_velocity_jump': float(jumps[:, :layout.linears].max()),
            'max_acceleration_ratio': float((jumps / TICK_S / layout.acceleration).max()),
            'max_jerk_ratio': float((jerks / layout.jerk).max())}


def start(seams: Seams) -> Callable[[Item], dict[str, Any]]:
    """What one process needs, made once."""
    world = World('tabletop', 'franka')
    policy, contract = load_policy(_place(seams.policy), world)
    observer = Observer(world, contract, images=seams.policy not in BUILT_IN)
    layout = Layout(contract.action.space, world.profile)
    trained = policy.with_guidance('trained') if hasattr(policy, 'with_guidance') else policy
    episodes: dict[tuple[str, int, float], Episode] = {}

    def run(item: Item) -> dict[str, Any]:
        strategy, delay, loss, seed = item
        if item[:3] not in episodes:
            naive = strategy == 'naive'
            episodes[item[:3]] = Episode(
                world, observer, trained if strategy == 'rtc_trained' else policy, Inference(
                    strategy='replace' if naive else strategy, delay_s=delay / 1000, loss=loss,
                    law='stepped' if naive else 'jerk_limited', replan_steps=seams.replan_steps))
        episode, rows = episodes[item[:3]], []
        episode.on_tick = rows.append
        result = episode.run(world.draw(seams.family, seed))
        report = episode.executor.report(0)
        return {'success': result.success, 'task_time_s': result.task_time_s,
                'chunks': result.chunks, 'starvation_ratio': report.starvation_ratio,
                'chunks_refused': report.chunks_refused, **smoothness(layout, np.array(rows))}
    return run


def _place(policy: str) -> str:
    """The folder of a policy that is shipped; others as they are."""
    if policy in BUILT_IN or Path(policy).is_dir() or ':' in policy:
        return policy
    return str(importlib.import_module('vla_policies.registry').shipped(policy))


def summarise(seams: Seams, results: dict[Item, dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a cell: means of success, starvation and time, the worst of what is limited."""
    rows = []
    for cell in seams.cells():
        runs = [result for item, result in results.items() if item[:3] == cell]
        if not runs:
            continue
        done = [run['task_time_s'] for run in runs if run['success']]
        rows.append({
            'strategy': cell[0], 'delay_ms': cell[1], 'loss': cell[2], 'episodes': len(runs),
            'success': round(float(np.mean([run['success'] for run in runs])), 4),
            **{name: round(max(run[name] for run in runs), 4) for name in (
                'max_velocity_jump', 'max_acceleration_ratio', 'max_jerk_ratio')},
            'starvation_ratio': round(float(np.mean(
                [run['starvation_ratio'] for run in runs])), 4),
            'task_time_s': round(float(np.mean(done)), 3) if done else None})
    return rows


def _drops(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Points of success that each strategy loses at a delay, against itself without one."""
    found = {(row['strategy'], row['delay_ms']): row['success'] for row in rows
             if not row['loss']}
    return {f'{strategy}_{delay}ms_points_lost': round(
        100 * (found[strategy, 0] - success), 1)
        for (strategy, delay), success in found.items()
        if delay in (200, 400) and (strategy, 0) in found}


def _table(rows: Iterable[dict[str, Any]]) -> Table:
    table = Table('strategy', 'delay ms', 'loss', 'success', 'Δv m/s', 'acc', 'jerk', 'starved',
                  'time s')
    for row in rows:
        time = row['task_time_s']
        table.add_row(
            row['strategy'], str(row['delay_ms']), f'{row["loss"]:g}', f'{row["success"]:.2f}',
            f'{row["max_velocity_jump"]:.3f}', f'{row["max_acceleration_ratio"]:.2f}',
            f'{row["max_jerk_ratio"]:.2f}', f'{row["starvation_ratio"]:.3f}',
            '–' if time is None else f'{time:.2f}')
    return table


def _read(path: Path, header: dict[str, Any]) -> dict[Item, dict[str, Any]]:
    """Results of an earlier run of the same; the file begins anew when it was of another."""
    if path.exists():
        first, *lines = path.read_text(encoding='utf-8').splitlines() or ['{}']
        if json.loads(first) == header:
            whole = [line for line in lines if line.endswith('}')]
            return {tuple(entry.pop('item')): entry for entry in map(json.loads, whole)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(header) + '\n', encoding='utf-8')
    return {}


def main(arguments: list[str] | None = None) -> int:
    """Run what is missing and print the table; the last line of stdout is JSON."""
    parser = argparse.ArgumentParser(prog='seams', description=__doc__.splitlines()[1])
    parser.add_argument('--policy', default='mini_franka',
                        help='expert, a folder, or the name of a policy that is shipped')
    parser.add_argument('--seeds', type=int, default=100, help='episodes in a cell')
    parser.add_argument('--strategies', nargs='+', default=STRATEGIES, choices=STRATEGIES)
    parser.add_argument('--delays-ms', nargs='+', type=int, default=DELAYS_MS)
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--results', type=Path, default=Path('build/benchmark/seams.jsonl'),
                        help='where every episode is written down, to go on from')
    options = parser.parse_args(arguments)
    seams = Seams(options.policy, options.seeds, tuple(options.strategies),
                  tuple(options.delays_ms))
    known = _read(options.results, {
        'policy': options.policy, 'family': seams.family, 'replan_steps': seams.replan_steps})
    wanted = seams.items()
    results = {item: known[item] for item in wanted if item in known}
    missing = [item for item in wanted if item not in results]
    with progress_bar() as bar, options.results.open('a', encoding='utf-8') as file:
        task = bar.add_task('seams', total=len(wanted), completed=len(results), note='')
        for item, result in spread(start, (seams,), missing, options.workers):
            results[item] = result
            file.write(json.dumps({'item': item, **result}) + '\n')
            file.flush()
            bar.update(task, advance=1, note=f'{item[0]} {item[1]} ms')
    rows = summarise(seams, results)
    Console(stderr=True).print(_table(rows))
    ours = [row for row in rows if row['strategy'] != 'naive']
    print(json.dumps({
        'name': 'seams', 'policy': options.policy, 'seeds': seams.seeds, **measure(),
        'worst_acceleration_ratio': max((row['max_acceleration_ratio'] for row in ours),
                                        default=0.0),
        'worst_jerk_ratio': max((row['max_jerk_ratio'] for row in ours), default=0.0),
        **_drops(rows), 'cells': rows}))
    return 0


if __name__ == '__main__':
    # By its name, so that worker processes can import what they run.
    sys.exit(importlib.import_module('vla_simulation.benchmark.seams').main())
