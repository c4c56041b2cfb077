"""
A threshold that varies over the course of a rollout, with a chosen rate of false alarms.

Functional conformal prediction, one-sided (Diquigiovanni, Fontana and Vantini, "The importance of
being a band", 2021; used on failure scores by SAFE, 2025, section 4.3). Scores of successful
rollouts are split in two: on the first half a mean m_t and a width h_t are fitted, on the second
half (n curves) the non-conformity of curve j is

    D_j = max_t (s_t^j − m_t) / h_t

and with k the ⌈(n + 1)(1 − α)⌉-th smallest D_j, a new successful rollout stays below m_t + k h_t at
every t with probability at least 1 − α, whatever the scores are.
"""
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ['Band', 'CalibrationError', 'fewest', 'fit_band']

FLOOR = 0.1  # of the widest: a width is nowhere less


class CalibrationError(ValueError):
    """Too few successful rollouts for the error rate asked for."""


@dataclass(frozen=True, eq=False)
class Band:
    """m_t and h_t, [T] each, for steps of one rollout, and k; beyond T the last ones hold."""

    mean: np.ndarray
    width: np.ndarray
    factor: float

    def excess(self, step: int, score: float) -> float:
        """(s − m) / h at a step; an alarm above ``factor``."""
        place = min(step, len(self.mean) - 1)
        return float((score - self.mean[place]) / self.width[place])

    def threshold(self, step: int) -> float:
        """m + k h at a step."""
        place = min(step, len(self.mean) - 1)
        return float(self.mean[place] + self.factor * self.width[place])

    def excesses(self, scores: np.ndarray) -> np.ndarray:
        """(s − m) / h along a rollout [T]."""
        places = np.minimum(np.arange(len(scores)), len(self.mean) - 1)
        return (scores - self.mean[places]) / self.width[places]


def fewest(error_rate: float) -> int:
    """Curves that calibration needs at least for a finite threshold."""
    return int(np.ceil(1.0 / error_rate)) - 1


def fit_band(
    curves: Sequence[np.ndarray], error_rate: float, random: np.random.Generator,
) -> Band:
    """
    The band of ``curves`` of scores, each [T_i], of successful rollouts.

    CalibrationError when they are too few for ``error_rate``.
    """
    if not 0 < error_rate < 1:
        raise CalibrationError(f'error rate: must lie between 0 and 1 (got {error_rate})')
    needed = fewest(error_rate)
    if len(curves) < 2 + needed:
        raise CalibrationError(
            f'{len(curves)} successful rollouts are too few for an error rate of {error_rate:g}: '
            f'{needed + 2} are needed at least')
    order = random.permutation(len(curves))
    # The more of them calibrate, the finer the rate; two at least tell mean and width.
    fitted = max(2, min(len(curves) // 2, len(curves) - needed))
    shape = [curves[index] for index in order[:fitted]]
    mean, width = _mean_and_width(shape)
    band = Band(mean, width, np.inf)
    worst = sorted(float(band.excesses(curves[index]).max()) for index in order[fitted:])
    rank = int(np.ceil((len(worst) + 1) * (1 - error_rate)))
    return Band(mean, width, worst[rank - 1])


def _mean_and_width(curves: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Over the curves that are as long, as far as a fifth of them (and two) are."""
    lengths = sorted(map(len, curves), reverse=True)
    longest = lengths[max(1, len(curves) // 5) - 1] if len(curves) > 2 else lengths[-1]
    padded = np.full((len(curves), longest), np.nan)
    for row, curve in zip(padded, curves):
        row[:min(len(curve), longest)] = curve[:longest]
    mean, width = np.nanmean(padded, axis=0), np.nanstd(padded, axis=0)
    return mean, np.maximum(width, max(FLOOR * float(width.max()), 1e-6))
