"""
How fast the simulation is and how well its experts do: ``make bench NAME=simulation``.

The success of the experts is measured over ``--episodes`` seeds a task; 500 for the record.
"""
import argparse
import json
import os
import sys
import time

import numpy as np

from vla_simulation.episode import Episode, EpisodeResult, Inference
from vla_simulation.evaluate import Evaluation, evaluate
from vla_simulation.expert_policy import ExpertPolicy
from vla_simulation.observer import Observer
from vla_simulation.rendering import Renderer
from vla_simulation.statistics import wilson_interval
from vla_simulation.workers import progress_bar
from vla_simulation.world import World

PICTURES = 200
FASTEST_OF = 3


def physics_realtime_factor(world: World) -> float:
    """
    Simulated seconds a second of one core: the physics alone of an expert's cluttered episode.

    The commands of the episode are kept and played again without what made them.
    """
    contract = world.suite.contract(world.profile)
    commands: list[np.ndarray] = []
    step = world.step

    def remember(steps: int = 1) -> None:
        commands.append(world.data.ctrl.copy())
        step(steps)

    world.step = remember
    episode = Episode(world, Observer(world, contract, images=False),
                      ExpertPolicy(world, contract))
    scene = world.draw('place_in', 0, ('clutter',))
    episode.run(scene)
    del world.step
    factors = []
    for _ in range(FASTEST_OF):
        world.reset(scene)
        begin = time.process_time()
        for command in commands:
            world.data.ctrl[:] = command
            world.step()
        factors.append(world.data.time / (time.process_time() - begin))
    return max(factors)


def render_ms(world: World, size: int) -> float:
    """Median time of a picture of ``size`` × ``size`` pixels from the first camera."""
    world.reset('pick', 0, ('clutter',))
    image = np.empty((size, size, 3), np.uint8)
    times = []
    with Renderer(world.model, size, size) as renderer:
        for _ in range(PICTURES):
            begin = time.perf_counter()
            renderer.rgb(world.data, world.profile.cameras[0].name, image)
            times.append(time.perf_counter() - begin)
    return 1000 * float(np.median(times[PICTURES // 10:]))


def expert_results(suite: str, episodes: int, workers: int) -> list[EpisodeResult]:
    """Episodes of every task of a suite by its experts."""
    evaluation = Evaluation('expert', suite, episodes=episodes, inference=Inference(
        strategy='replace', replan_steps=1))
    with progress_bar() as bar:
        task = bar.add_task(f'experts, {suite}', total=len(evaluation.items()), note='')
        return evaluate(evaluation, workers, lambda _: bar.update(task, advance=1))


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--episodes', type=int, default=5, help='seeds of each task')
    parser.add_argument('--workers', type=int, default=1)
    options = parser.parse_args()
    print('physics and pictures …', file=sys.stderr)
    world = World('tabletop')
    figures: dict[str, object] = {
        'name': 'simulation', 'cores': os.cpu_count(), 'episodes_per_task': options.episodes,
        'physics_realtime_factor': round(physics_realtime_factor(world), 2),
        'render_224_ms': round(render_ms(world, 224), 2)}
    begin, count = time.perf_counter(), 0
    for suite in ('tabletop', 'bimanual'):
        results = expert_results(suite, options.episodes, options.workers)
        count += len(results)
        for family in dict.fromkeys(result.family for result in results):
            good = [result.success for result in results if result.family == family]
            figures[f'expert_success_{family}'] = round(sum(good) / len(good), 4)
            figures[f'expert_success_low_{family}'] = round(
                wilson_interval(sum(good), len(good))[0], 4)
    figures['episodes_per_minute'] = round(60 * count / (time.perf_counter() - begin), 1)
    print(json.dumps(figures))


if __name__ == '__main__':
    main()
