"""Many scenes of a suite in a picture: ``python -m vla_simulation.contact_sheet SUITE FILE``."""
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import mujoco
import numpy as np

from vla_simulation.rendering import Renderer
from vla_simulation.suites.suite import AXES
from vla_simulation.world import World

__all__ = ['contact_sheet', 'free_camera', 'main', 'titled']

CELL_WIDTH, CELL_HEIGHT, BAND = 256, 192, 22
OVERSAMPLING = 2


def contact_sheet(world: World, columns: int = 6) -> np.ndarray:
    """BGR image of the scenes of some seeds: a row a family, and the axes as a camera sees them."""
    height, width = CELL_HEIGHT * OVERSAMPLING, CELL_WIDTH * OVERSAMPLING
    own = world.suite.jittered_camera
    with Renderer(world.model, height, width) as renderer:
        def cell(family: str, seed: int, axes: tuple[str, ...], title: str) -> np.ndarray:
            scene = world.reset(family, seed, axes)
            image = renderer.rgb(world.data, own if axes else free_camera(world.suite.view))
            small = cv2.resize(image, (CELL_WIDTH, CELL_HEIGHT), interpolation=cv2.INTER_AREA)
            return titled(cv2.cvtColor(small, cv2.COLOR_RGB2BGR), title or scene.instruction)

        rows = [[cell(family, seed, (), '') for seed in range(columns)]
                for family in world.suite.families]
        first = next(iter(world.suite.families))
        axes = list(AXES)
        for begin in range(0, len(axes), columns):
            row = [cell(first, 1, (axis,), f'axis: {axis.replace("_", " ")}')
                   for axis in axes[begin:begin + columns]]
            rows.append(row + [np.full_like(row[0], 255)] * (columns - len(row)))
    return np.vstack([np.hstack(row) for row in rows])


def free_camera(view: tuple) -> mujoco.MjvCamera:
    """The camera of a suite's ``view``: what it looks at, distance, azimuth, elevation."""
    camera = mujoco.MjvCamera()
    camera.lookat[:], camera.distance, camera.azimuth, camera.elevation = view
    return camera


def titled(image: np.ndarray, title: str) -> np.ndarray:
    """The image with a band of text below and a white edge."""
    band = np.full((BAND, image.shape[1], 3), 255, np.uint8)
    words = title
    while cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 0.36, 1)[0][0] > image.shape[1] - 8:
        words = words[:-2].rstrip('… ') + '…'
    cv2.putText(band, words.replace('…', '...'), (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.36,
                (40, 40, 40), 1, cv2.LINE_AA)
    return cv2.copyMakeBorder(np.vstack([image, band]), 2, 0, 2, 2, cv2.BORDER_CONSTANT,
                              value=(255, 255, 255))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a contact sheet."""
    parser = argparse.ArgumentParser(prog='python -m vla_simulation.contact_sheet',
                                     description='Write a picture of many scenes of a suite.')
    parser.add_argument('suite')
    parser.add_argument('file', type=Path)
    parser.add_argument('--robot', default='')
    parser.add_argument('--columns', type=int, default=6)
    options = parser.parse_args(arguments)
    try:
        sheet = contact_sheet(World(options.suite, options.robot or None), options.columns)
    except (ValueError, RuntimeError) as error:
        print(f'contact_sheet: {error}', file=sys.stderr)
        return 2
    options.file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(options.file), sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return 0


if __name__ == '__main__':
    sys.exit(main())
