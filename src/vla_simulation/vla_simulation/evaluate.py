"""
Evaluate a policy in lockstep: ``python -m vla_simulation.evaluate --policy … --suite …``.

The result depends only on the arguments, not on the computer's speed or the number of workers.
"""
import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from vla_core.validation import near_matches
from vla_datasets.video import VideoEncoder, VideoSettings
from vla_simulation import suites
from vla_simulation.episode import Episode, EpisodeResult, Inference
from vla_simulation.observer import Observer
from vla_simulation.policy_loading import load_policy
from vla_simulation.rendering import Renderer
from vla_simulation.scene import Scene, SceneError
from vla_simulation.statistics import summarise
from vla_simulation.suites.suite import AXES
from vla_simulation.workers import progress_bar, spread
from vla_simulation.world import World

__all__ = ['Evaluation', 'evaluate', 'main']

#: (family, seed, axes) of an episode.
Item = tuple[str, int, tuple[str, ...]]


@dataclass(frozen=True)
class Evaluation:
    """What is evaluated; ``axes`` are sets of axes, each run apart, () the plain scenes."""

    policy: str
    suite: str = 'tabletop'
    robot: str = ''
    families: tuple[str, ...] = ()
    axes: tuple[tuple[str, ...], ...] = ((),)
    episodes: int = 10
    seed: int = 0
    inference: Inference = field(default_factory=Inference)

    def items(self) -> list[Item]:
        """Every episode: ``episodes`` seeds of each family under each set of axes."""
        suite = suites.load(self.suite)
        if self.episodes < 1:
            raise SceneError(f'episodes: must be at least 1 (got {self.episodes})')
        for axis in sorted({axis for axes in self.axes for axis in axes}):
            if axis not in AXES:
                raise SceneError(f'no axis {axis!r}; {near_matches(axis, AXES)}')
        families = self.families or tuple(suite.families)
        for family in families:
            suite.family(family)
        return [(family, seed, axes) for axes in self.axes for family in families
                for seed in range(self.seed, self.seed + self.episodes)]


def evaluate(
    evaluation: Evaluation, workers: int = 1,
    on_result: Callable[[EpisodeResult], None] | None = None,
) -> list[EpisodeResult]:
    """Run all episodes; the results are in the order of `Evaluation.items`."""
    items = evaluation.items()
    results: dict[Item, EpisodeResult] = {}
    for item, result in spread(_start, (evaluation,), items, workers):
        results[item] = result
        if on_result is not None:
            on_result(result)
    return [results[item] for item in items]


def _start(evaluation: Evaluation) -> Callable[[Item], EpisodeResult]:
    """What one process needs, made once."""
    world = World(evaluation.suite, evaluation.robot or None)
    policy, contract = load_policy(evaluation.policy, world)
    observer = Observer(world, contract, images=evaluation.policy not in ('expert', 'hold'))
    episode = Episode(world, observer, policy, evaluation.inference)
    return lambda item: episode.run(world.draw(*item))


def film(evaluation: Evaluation, path: Path, scene: Scene | None = None) -> EpisodeResult:
    """Run the first episode, or ``scene``, and write what its first camera sees as a video."""
    world = World(evaluation.suite, evaluation.robot or None)
    policy, contract = load_policy(evaluation.policy, world)
    observer = Observer(world, contract, images=evaluation.policy not in ('expert', 'hold'))
    camera = world.profile.cameras[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    renderer = Renderer(world.model, camera.height, camera.width)
    encoder = VideoEncoder(path, fps=round(contract.rate_hz), height=camera.height,
                           width=camera.width, settings=VideoSettings())
    episode = Episode(
        world, observer, policy, evaluation.inference, settle_s=0.5,
        on_step=lambda *_: encoder.add(renderer.rgb(world.data, camera.name)))
    try:
        return episode.run(scene or world.draw(*evaluation.items()[0]))
    finally:
        encoder.close()
        renderer.close()
        observer.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 2 for anything a person got wrong."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except (ValueError, RuntimeError) as error:
        print(f'evaluate: {error}', file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    evaluation = Evaluation(
        policy=options.policy, suite=options.suite, robot=options.robot,
        families=tuple(options.family), axes=_axes(options.axes), episodes=options.episodes,
        seed=options.seed, inference=Inference(
            strategy=options.strategy, delay_s=options.delay_ms / 1000,
            jitter_s=options.jitter_ms / 1000, replan_steps=options.replan_steps))
    if options.scene:
        world = World(evaluation.suite, evaluation.robot or None)
        policy, contract = load_policy(evaluation.policy, world)
        results = [Episode(world, Observer(world, contract), policy,
                           evaluation.inference).run(Scene.load(options.scene))]
    else:
        with progress_bar() as bar:
            task = bar.add_task(options.policy, total=len(evaluation.items()), note='')
            good: list[bool] = []

            def note(result: EpisodeResult) -> None:
                good.append(result.success)
                bar.update(task, advance=1, note=f'{sum(good)}/{len(good)} done')

            results = evaluate(evaluation, options.workers, note)
    summary = {
        'name': 'evaluate', 'policy': options.policy, 'suite': options.suite,
        'robot': evaluation.robot or suites.load(options.suite).profiles[0],
        'strategy': options.strategy, 'delay_ms': options.delay_ms,
        'jitter_ms': options.jitter_ms, 'seed': options.seed, **summarise(results)}
    if options.video:
        film(evaluation, options.video, Scene.load(options.scene) if options.scene else None)
    if options.json:
        if options.details:
            summary['results'] = [result.to_dict() for result in results]
        print(json.dumps(summary))
    else:
        Console().print(_table(summary))
    return 0


def _axes(words: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Sets of axes: plain scenes first, then each word, its axes joined by +."""
    words = [*AXES] if list(words) == ['all'] else list(words)
    return ((), *(tuple(word.split('+')) for word in words if word != 'none'))


def _table(summary: dict[str, Any]) -> Table:
    table = Table('axis', 'task', 'n', 'success', '95 %', 'progress', 'wrong')
    for axis, row in summary['axes'].items():
        for family, figures in [*row['families'].items(), ('all', row)]:
            table.add_row(
                axis, family, str(figures['episodes']), f'{figures["success"]:.3f}',
                f'{figures["success_low"]:.2f}–{figures["success_high"]:.2f}',
                f'{figures["progress"]:.3f}', f'{figures["wrong_object_ratio"]:.3f}')
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m vla_simulation.evaluate', description=__doc__.splitlines()[1])
    parser.add_argument('--policy', required=True,
                        help='expert, hold, module:attribute, a registered name or a folder')
    parser.add_argument('--suite', default='tabletop')
    parser.add_argument('--robot', default='', help="robot profile (default: the suite's first)")
    parser.add_argument('--family', nargs='+', default=[], help='tasks (default: all)')
    parser.add_argument('--axes', nargs='+', default=[],
                        help=f'beside the plain scenes: all, or {", ".join(AXES)}; a+b together')
    parser.add_argument('--episodes', type=int, default=10, help='seeds of each task and axis')
    parser.add_argument('--seed', type=int, default=0, help='the first seed')
    parser.add_argument('--scene', type=Path, help='a scene file instead of seeds')
    parser.add_argument('--strategy', default=Inference.strategy,
                        help='of vla_execution (default: that of robot.launch.py)')
    parser.add_argument('--delay-ms', type=float, default=0.0, help='simulated inference delay')
    parser.add_argument('--jitter-ms', type=float, default=0.0, help='and up to this much more')
    parser.add_argument('--replan-steps', type=int, default=0,
                        help="actions between two observations at least (default: the contract's)")
    parser.add_argument('--workers', type=int, default=1)
    parser.add_argument('--video', type=Path, help='write the first episode as MP4')
    parser.add_argument('--json', action='store_true', help='last line of stdout: one object')
    parser.add_argument('--details', action='store_true', help='every episode in the JSON')
    return parser


if __name__ == '__main__':
    sys.exit(main())
