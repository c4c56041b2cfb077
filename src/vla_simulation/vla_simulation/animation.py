"""
A policy at work, task after task: ``python -m vla_simulation.animation --policy … FILE.webp``.

Of each task the first scene is shown that the policy does; how many it does not is for
`vla_simulation.evaluate` to say.
"""
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from vla_simulation import suites
from vla_simulation.contact_sheet import free_camera, titled
from vla_simulation.episode import Episode, Inference
from vla_simulation.observer import Observer
from vla_simulation.policy_loading import load_policy
from vla_simulation.rendering import Renderer
from vla_simulation.scene import SceneError
from vla_simulation.workers import progress_bar
from vla_simulation.world import World

__all__ = ['animation', 'main']

WIDTH, HEIGHT = 320, 240
OVERSAMPLING = 2
#: Scenes of a task that are tried, and how long the last picture of one is looked at.
TRIES, PAUSE_S = 10, 0.8
SUFFIXES = ('.webp', '.gif')


class _Camera:
    """Takes a picture a step of the policy, under the words of the instruction."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._renderer = Renderer(world.model, HEIGHT * OVERSAMPLING, WIDTH * OVERSAMPLING)
        self._view = free_camera(world.suite.view)
        self.pictures: list[np.ndarray] = []

    def take(self, *_: object) -> None:
        image = self._renderer.rgb(self._world.data, self._view)
        small = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        self.pictures.append(titled(
            cv2.cvtColor(small, cv2.COLOR_RGB2BGR), f'"{self._world.scene.instruction}"'))

    def close(self) -> None:
        self._renderer.close()


def animation(
    policy: str, suite: str, families: Sequence[str], seed: int, strategy: str,
) -> tuple[list[np.ndarray], float]:
    """Pictures (BGR) of one success a family and their rate, 1/s; a task not done is left out."""
    world = World(suite)
    actor, contract = load_policy(policy, world)
    observer, camera = Observer(world, contract), _Camera(world)
    episode = Episode(world, observer, actor, Inference(strategy=strategy),
                      on_step=camera.take, settle_s=0.5)
    pause = round(PAUSE_S * contract.rate_hz)
    shown: list[np.ndarray] = []
    try:
        with progress_bar() as bar:
            for family in families or world.suite.families:
                task = bar.add_task(family, total=TRIES, note='')
                for number in range(seed, seed + TRIES):
                    camera.pictures = []
                    success = episode.run(world.draw(family, number)).success
                    bar.update(task, advance=1, note='done' if success else 'not done')
                    if success:
                        shown += camera.pictures + [camera.pictures[-1]] * pause
                        break
    finally:
        camera.close()
        observer.close()
    return shown, contract.rate_hz


def write(pictures: Sequence[np.ndarray], rate_hz: float, path: Path, quality: int) -> None:
    """Write an animation that repeats for ever; SceneError where that cannot be."""
    if path.suffix not in SUFFIXES:
        raise SceneError(f'{path}: an animation is a {" or a ".join(SUFFIXES)} file')
    if not pictures:
        raise SceneError('the policy did none of the tasks: there is nothing to show')
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = cv2.Animation()
    shown.frames = list(pictures)
    shown.durations = np.full(len(pictures), round(1000 / rate_hz))
    if not cv2.imwriteanimation(str(path), shown, [cv2.IMWRITE_WEBP_QUALITY, quality]):
        raise SceneError(f'{path}: OpenCV cannot write it')


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 2 for anything a person got wrong."""
    parser = argparse.ArgumentParser(
        prog='python -m vla_simulation.animation', description=__doc__.splitlines()[1])
    parser.add_argument('file', type=Path, help=' or '.join(f'*{suffix}' for suffix in SUFFIXES))
    parser.add_argument('--policy', default='expert')
    parser.add_argument('--suite', default='tabletop')
    parser.add_argument('--family', nargs='+', default=[], help='tasks (default: all)')
    parser.add_argument('--seed', type=int, default=0, help='the first scene that is tried')
    parser.add_argument('--strategy', default=Inference.strategy, help='of vla_execution')
    parser.add_argument('--quality', type=int, default=60, help='of WebP, 1 to 100')
    options = parser.parse_args(arguments)
    try:
        for family in options.family:
            suites.load(options.suite).family(family)
        pictures, rate_hz = animation(
            options.policy, options.suite, options.family, options.seed, options.strategy)
        write(pictures, rate_hz, options.file, options.quality)
    except (ValueError, RuntimeError) as error:
        print(f'animation: {error}', file=sys.stderr)
        return 2
    print(f'{options.file}: {len(pictures) / rate_hz:.0f} s')
    return 0


if __name__ == '__main__':
    sys.exit(main())
