"""`python -m vla_datasets.benchmark`: how fast two 224 x 224 cameras are written and read.

Prints progress to stderr and one JSON object as the last line of stdout.
"""
from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .editing import merge
from .reader import DatasetReader
from .video import VideoSettings
from .writer import DatasetWriter

SIDE = 224
CAMERAS = ('observation.images.front', 'observation.images.wrist')


def _features() -> dict[str, dict]:
    camera = {'dtype': 'video', 'shape': (SIDE, SIDE, 3), 'names': ['height', 'width', 'channels']}
    vector = {'dtype': 'float32', 'shape': (8,), 'names': None}
    return {'observation.state': vector, 'action': vector, **dict.fromkeys(CAMERAS, camera)}


def tabletop(step: int) -> np.ndarray:
    """A moving scene of shaded, slightly noisy surfaces, uint8 [224, 224, 3]."""
    noise = np.random.default_rng(step).integers(0, 6, (SIDE, SIDE, 3), dtype=np.uint8)
    y, x = np.mgrid[:SIDE, :SIDE]
    image = np.stack([60 + x // 4, 80 + y // 4, 100 + (x + y) // 8], axis=-1).astype(np.uint8)
    for block, colour in enumerate(((200, 40, 40), (40, 180, 60), (50, 60, 210))):
        left = (step * (block + 1) + 60 * block) % (SIDE - 40)
        image[60 + 30 * block:90 + 30 * block, left:left + 40] = colour
    return image + noise


def _write(root: Path, episodes: int, length: int, codec: str, images: list[np.ndarray]) -> float:
    start = time.perf_counter()
    with DatasetWriter.create(
        root, fps=30, features=_features(), video=VideoSettings(codec=codec),
    ) as writer:
        for episode in range(episodes):
            for step in range(length):
                vector = np.full(8, step / length, dtype=np.float32)
                frame = {'observation.state': vector, 'action': vector}
                for shift, camera in enumerate(CAMERAS):
                    frame[camera] = images[(step + 7 * shift) % len(images)]
                writer.add_frame(frame, task='move the red block')
            writer.save_episode()
            print(f'{root.name}: episode {episode + 1} of {episodes}', file=sys.stderr)
    return time.perf_counter() - start


def _rate(count: int, action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return count / (time.perf_counter() - start)


def run(episodes: int, length: int, codec: str) -> dict[str, float | str]:
    """Measure; a frame is two images, state and action."""
    images = [tabletop(step) for step in range(64)]
    frames = episodes * length
    with tempfile.TemporaryDirectory() as folder:
        parts = [Path(folder) / name for name in ('first', 'second')]
        seconds = sum(_write(part, episodes, length, codec, images) for part in parts)
        merged = Path(folder) / 'merged'
        merge_rate = _rate(2 * frames, lambda: merge(parts, merged))
        size = sum(path.stat().st_size for path in merged.rglob('*') if path.is_file())
        reader = DatasetReader(merged, cache_mb=0)
        count = min(300, len(reader))
        order = np.random.default_rng(0).permutation(len(reader))[:count]
        print('reading', file=sys.stderr)
        sequential = _rate(count, lambda: [reader[index] for index in range(count)])
        random = _rate(count, lambda: [reader[int(index)] for index in order])
        windows = _rate(len(reader), lambda: reader.window(
            'action', np.arange(len(reader)), np.arange(16)))
        reader.close()
        return {
            'name': 'datasets', 'codec': codec,
            'written_frames_hz': round(2 * frames / seconds, 1),
            'merged_frames_hz': round(merge_rate, 1),
            'read_in_order_frames_hz': round(sequential, 1),
            'read_at_random_frames_hz': round(random, 1),
            'action_windows_hz': round(windows, 1),
            'frame_kb': round(size / 1024 / (2 * frames), 2),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--episodes', type=int, default=4)
    parser.add_argument('--length', type=int, default=150, help='frames an episode')
    parser.add_argument('--codec', choices=['h264', 'av1'], default='h264')
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.episodes, arguments.length, arguments.codec)))


if __name__ == '__main__':
    main()
