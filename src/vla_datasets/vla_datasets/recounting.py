"""Compute the statistics of a data set anew from what is stored, images included."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from . import metadata as meta, statistics
from .packing import quantiles_of_numbers
from .reader import DatasetReader
from .statistics import ImageHistogram, Statistics
from .storage import write_json

Progress = Callable[[int, int], None]


def recount(
    root: Path | str, *, images: int = 1000, write: bool = False, progress: Progress | None = None,
) -> dict[str, Statistics]:
    """Statistics by feature: of all numbers, and of `images` frames spread evenly a camera.

    With `write` they replace `meta/stats.json`.
    """
    reader = DatasetReader(root, cache_mb=0)
    found = quantiles_of_numbers(reader.metadata) if len(reader) else {}
    visual = [name for name, feature in reader.features.items() if feature.is_visual]
    frames = np.unique(np.linspace(0, len(reader) - 1, min(images, len(reader))).astype(int))
    for camera, name in enumerate(visual if len(reader) else []):
        histogram = ImageHistogram.empty()
        for done, frame in enumerate(frames):
            histogram.add(reader.images(name, [frame])[0])
            if progress:
                progress(camera * len(frames) + done + 1, len(visual) * len(frames))
        found[name] = histogram.statistics()
    reader.close()
    if write:
        write_json(reader.root / meta.STATS, statistics.to_lists(found))
    return found
