"""Statistics of features: exact, and mergeable from those of the parts.

Means and deviations of parts merge exactly by the parallel algorithm of Chan, Golub and LeVeque
(Algorithms for computing the sample variance, 1983). Quantiles of a whole come from its values, or
from the sum of the histograms of its parts; where only the parts' quantiles are at hand, their
mean weighted by count stands in, which is LeRobot's rule. Deviations are those of the population.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import DatasetError

QUANTILES = {'q01': 0.01, 'q10': 0.10, 'q50': 0.50, 'q90': 0.90, 'q99': 0.99}
KEYS = ('min', 'max', 'mean', 'std', 'count', *QUANTILES)
LEVELS = 256

Statistics = dict[str, np.ndarray]
"""Statistics of one feature: the keys of KEYS; `count` has shape (1,), the others the feature's
shape, and (3, 1, 1) in units of full scale for images."""


def summarize(values: np.ndarray) -> Statistics:
    """Exact statistics of values [n, *shape] over the first axis; n is at least 1."""
    if len(values) == 0:
        raise DatasetError('statistics of nothing: there are no values')
    if values.ndim == 1:
        values = values[:, None]
    exact = values.astype(np.float64)
    quantiles = np.quantile(exact, list(QUANTILES.values()), axis=0)
    return {
        'min': exact.min(axis=0), 'max': exact.max(axis=0),
        'mean': exact.mean(axis=0), 'std': exact.std(axis=0),
        'count': np.array([len(values)]),
        **dict(zip(QUANTILES, quantiles)),
    }


def merge(parts: Sequence[Mapping[str, np.ndarray]]) -> Statistics:
    """Statistics of a whole from those of its parts.

    Everything but the quantiles is exact; a quantile of the whole is approximated by the mean of
    the parts' quantiles weighted by count, and is left out where a part lacks it.
    """
    if not parts:
        raise DatasetError('statistics of nothing: there are no parts')
    stacked = {
        key: np.stack([np.asarray(part[key], dtype=np.float64) for part in parts])
        for key in KEYS if all(key in part for part in parts)
    }
    count = stacked['count'].reshape(len(parts), *([1] * (stacked['mean'].ndim - 1)))
    weight = count / count.sum()
    mean = (stacked['mean'] * weight).sum(axis=0)
    variance = ((stacked['std'] ** 2 + (stacked['mean'] - mean) ** 2) * weight).sum(axis=0)
    quantiles = {key: (stacked[key] * weight).sum(axis=0) for key in QUANTILES if key in stacked}
    return {
        'min': stacked['min'].min(axis=0), 'max': stacked['max'].max(axis=0),
        'mean': mean, 'std': np.sqrt(variance),
        'count': stacked['count'].sum(axis=0).astype(np.int64),
        **quantiles,
    }


@dataclass
class ImageHistogram:
    """Counts of pixel levels, [3, 256], of a sample of images; sums of histograms are exact."""

    counts: np.ndarray
    images: int

    @classmethod
    def empty(cls) -> ImageHistogram:
        return cls(np.zeros((3, LEVELS), dtype=np.int64), 0)

    def add(self, image: np.ndarray) -> None:
        """Count an image uint8 [height, width, 3]."""
        for channel, counts in enumerate(self.counts):
            counts += np.bincount(image[..., channel].ravel(), minlength=LEVELS)
        self.images += 1

    def merge(self, other: ImageHistogram) -> ImageHistogram:
        """The histogram of both samples."""
        return ImageHistogram(self.counts + other.counts, self.images + other.images)

    def statistics(self) -> Statistics:
        """Statistics a channel, shape (3, 1, 1), in units of full scale [0, 1]."""
        if not self.images:
            raise DatasetError('statistics of nothing: there are no images')
        levels = np.arange(LEVELS) / (LEVELS - 1)
        share = self.counts / self.counts.sum(axis=1, keepdims=True)
        mean = share @ levels
        deviation = np.sqrt((share * (levels - mean[:, None]) ** 2).sum(axis=1))
        below = np.cumsum(self.counts, axis=1)
        columns = {
            'min': levels[(self.counts > 0).argmax(axis=1)],
            'max': levels[LEVELS - 1 - (self.counts[:, ::-1] > 0).argmax(axis=1)],
            'mean': mean, 'std': deviation,
        }
        for key, quantile in QUANTILES.items():
            columns[key] = levels[(below >= quantile * below[:, -1:]).argmax(axis=1)]
        shaped = {key: value.reshape(3, 1, 1) for key, value in columns.items()}
        return shaped | {'count': np.array([self.images])}


class ImageSample:
    """An even sample of the images of an episode whose length is not known yet.

    Keeps every k-th image, thinned to `side` pixels or fewer along the shorter edge; when more than
    `limit` are kept, every second one is dropped and k doubles.
    """

    def __init__(self, limit: int = 100, side: int = 64) -> None:
        self._limit = limit
        self._side = side
        self._stride = 1
        self._seen = 0
        self._kept: list[np.ndarray] = []

    def add(self, image: np.ndarray) -> None:
        """See one image, uint8 [height, width, 3]."""
        if self._seen % self._stride == 0:
            step = max(1, -(-min(image.shape[:2]) // self._side))
            self._kept.append(image[::step, ::step].copy())
        self._seen += 1
        if len(self._kept) > self._limit:
            self._kept = self._kept[::2]
            self._stride *= 2

    def histogram(self) -> ImageHistogram:
        """Counts of the kept pixels."""
        result = ImageHistogram.empty()
        for image in self._kept:
            result.add(image)
        return result


def to_lists(statistics: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, Any]:
    """Statistics by feature as `stats.json` holds them."""
    return {
        name: {key: np.asarray(value).tolist() for key, value in feature.items()}
        for name, feature in statistics.items()
    }


def from_lists(content: Mapping[str, Mapping[str, Any]]) -> dict[str, Statistics]:
    """Statistics by feature from what `stats.json` holds."""
    return {
        name: {
            key: np.asarray(value, dtype=np.int64 if key == 'count' else np.float64)
            for key, value in feature.items()
        }
        for name, feature in content.items()
    }
