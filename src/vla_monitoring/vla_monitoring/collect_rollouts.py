"""
Collect rollouts of a policy in lockstep, with its features: what failure detection learns from.

    python -m vla_monitoring.collect_rollouts --policy DIR --suite tabletop --episodes 100 \\
        --axes clutter absent_target --workers 2 --out rollouts/

Goes on where it was broken off; a folder holds the rollouts of one policy under one setting.
"""
import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import yaml

from vla_core.action_chunk import ActionChunk
from vla_core.observation import Observation
from vla_monitoring.detection.rollouts import Rollout, RolloutError, rollout_path
from vla_simulation.episode import Episode, Inference, Policy
from vla_simulation.evaluate import Evaluation, Item
from vla_simulation.observer import Observer
from vla_simulation.policy_loading import load_policy
from vla_simulation.suites.suite import AXES
from vla_simulation.workers import progress_bar, spread
from vla_simulation.world import World

__all__ = ['FeatureTap', 'collect', 'main']

SETTING = 'collection.yaml'


class FeatureTap:
    """A policy that is asked as before, and whose features are kept, chunk by chunk."""

    def __init__(self, policy: Policy, name: str) -> None:
        self._policy, self._name = policy, name
        self.times_s: list[float] = []
        self.embeddings: list[np.ndarray] = []
        self.groundings: list[np.ndarray] = []

    def reset(self, instruction: str) -> None:
        """Begin an episode, with nothing kept."""
        self.times_s, self.embeddings, self.groundings = [], [], []
        self._policy.reset(instruction)

    def infer(
        self, observation: Observation, *, prefix: np.ndarray | None = None, delay: int = 0,
        rng: np.random.Generator | None = None,
    ) -> ActionChunk:
        """The chunk of the policy; RolloutError when it has no embedding."""
        chunk = self._policy.infer(observation, prefix=prefix, delay=delay, rng=rng)
        if 'embedding' not in chunk.features:
            raise RolloutError(f"policy {self._name!r}: its chunks carry no features['embedding'], "
                               'which is what failure detection reads')
        self.times_s.append(observation.stamp_ns / 1e9)
        for kept, name in ((self.embeddings, 'embedding'), (self.groundings, 'grounding')):
            kept.append(np.asarray(chunk.features.get(name, ()), np.float32).ravel())
        return chunk


def collect(
    evaluation: Evaluation, folder: Path, workers: int = 1,
    on_rollout: Callable[[int, int], None] | None = None,
) -> int:
    """
    Run what is not there yet of ``evaluation``; how many were run.

    ``on_rollout(successes, rollouts)`` is called after each. RolloutError when the folder is of
    another policy or setting.
    """
    items = evaluation.items()
    _claim(evaluation, folder)
    left = [item for item in items if not _path(folder, evaluation, item).exists()]
    successes = 0
    for count, (_, success) in enumerate(
            spread(_start, (evaluation, folder), left, workers), start=1):
        successes += success
        if on_rollout is not None:
            on_rollout(successes, count)
    return len(left)


def _path(folder: Path, evaluation: Evaluation, item: Item) -> Path:
    family, seed, axes = item
    ordered = tuple(axis for axis in AXES if axis in axes)
    return rollout_path(folder, evaluation.suite, family, seed, ordered)


def _claim(evaluation: Evaluation, folder: Path) -> None:
    """Note the setting in the folder, or refuse one that was made under another."""
    setting = {'policy': evaluation.policy, 'robot': evaluation.robot,
               **asdict(evaluation.inference)}
    note = folder / SETTING
    if note.exists():
        found = yaml.safe_load(note.read_text())
        for key, value in setting.items():
            if found.get(key) != value:
                raise RolloutError(f'{folder}: holds rollouts with {key} {found.get(key)!r}, not '
                                   f'{value!r}; choose another --out')
        return
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(yaml.safe_dump(setting, sort_keys=False))


def _start(evaluation: Evaluation, folder: Path) -> Callable[[Item], bool]:
    """What one process needs, made once."""
    world = World(evaluation.suite, evaluation.robot or None)
    policy, contract = load_policy(evaluation.policy, world)
    tap = FeatureTap(policy, evaluation.policy)
    episode = Episode(world, Observer(world, contract), tap, evaluation.inference)

    def run(item: Item) -> bool:
        result = episode.run(world.draw(*item))
        Rollout(
            suite=result.suite, family=result.family, seed=result.seed, axes=result.axes,
            instruction=result.instruction, success=result.success, failure=result.failure,
            duration_s=result.task_time_s, times_s=np.array(tap.times_s),
            embeddings=np.stack(tap.embeddings), groundings=np.stack(tap.groundings)).save(folder)
        return result.success
    return run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 2 for anything a person got wrong."""
    options = _parser().parse_args(arguments)
    evaluation = Evaluation(
        policy=options.policy, suite=options.suite, robot=options.robot,
        families=tuple(options.family), episodes=options.episodes, seed=options.seed,
        axes=((), *(tuple(word.split('+')) for word in options.axes)),
        inference=Inference(strategy=options.strategy, delay_s=options.delay_ms / 1000,
                            replan_steps=options.replan_steps))
    try:
        with progress_bar() as bar:
            task = bar.add_task('rollouts', total=len(evaluation.items()), note='')
            for item in evaluation.items():
                bar.advance(task, _path(options.out, evaluation, item).exists())
            collect(evaluation, options.out, options.workers, lambda good, count: bar.update(
                task, advance=1, note=f'{good}/{count} succeeded'))
    except (ValueError, RuntimeError) as error:
        print(f'collect_rollouts: {error}', file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m vla_monitoring.collect_rollouts', description=__doc__.splitlines()[1])
    parser.add_argument('--policy', required=True, help='as for vla_simulation.evaluate')
    parser.add_argument('--out', type=Path, required=True, help='folder of the rollouts')
    parser.add_argument('--suite', default='tabletop')
    parser.add_argument('--robot', default='', help="robot profile (default: the suite's first)")
    parser.add_argument('--family', nargs='+', default=[], help='tasks (default: all)')
    parser.add_argument('--axes', nargs='+', default=[], help='beside the plain scenes: '
                        f'{", ".join(AXES)}; a+b together')
    parser.add_argument('--episodes', type=int, default=50, help='seeds of each task and axis')
    parser.add_argument('--seed', type=int, default=100_000, help='the first seed')
    parser.add_argument('--strategy', default=Inference.strategy,
                        help='of vla_execution (default: that of robot.launch.py)')
    parser.add_argument('--delay-ms', type=float, default=0.0, help='simulated inference delay')
    parser.add_argument('--replan-steps', type=int, default=0,
                        help="actions between two observations at least (default: the contract's)")
    parser.add_argument('--workers', type=int, default=1)
    return parser


if __name__ == '__main__':
    sys.exit(main())
