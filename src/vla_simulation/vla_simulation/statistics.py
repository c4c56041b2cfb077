"""How often something succeeded, with what certainty, told apart by family and axis."""
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vla_simulation.episode import EpisodeResult

__all__ = ['summarise', 'wilson_interval']

Z_95 = 1.959963984540054


def wilson_interval(successes: int, count: int, z: float = Z_95) -> tuple[float, float]:
    """Interval of a share (Wilson, "Probable inference", 1927); (0, 1) of none."""
    if count == 0:
        return 0.0, 1.0
    share = successes / count
    middle = share + z * z / (2 * count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    low, high = (middle - half) / scale, (middle + half) / scale
    return max(0.0, float(low)), min(1.0, float(high))


def summarise(results: Sequence[EpisodeResult]) -> dict[str, Any]:
    """
    Success with interval, progress, wrong objects and time; overall, by family and by axis.

    The axis ``none`` is the scenes as they are trained on; overall and families count only those
    where there are any.
    """
    axes = sorted({_axis(result) for result in results}, key=lambda axis: (axis != 'none', axis))
    plain = [result for result in results if _axis(result) == axes[0]] if axes else []
    return {
        **_figures(plain),
        'families': _by(plain, lambda result: result.family),
        'axes': {axis: {**_figures([r for r in results if _axis(r) == axis]),
                        'families': _by([r for r in results if _axis(r) == axis],
                                        lambda result: result.family)}
                 for axis in axes}}


def _axis(result: EpisodeResult) -> str:
    return '+'.join(result.axes) or 'none'


def _by(results: Sequence[EpisodeResult], key: Callable[[EpisodeResult], str]) -> dict[str, Any]:
    return {name: _figures([result for result in results if key(result) == name])
            for name in dict.fromkeys(map(key, results))}


def _figures(results: Sequence[EpisodeResult]) -> dict[str, Any]:
    count, successes = len(results), sum(result.success for result in results)
    low, high = wilson_interval(successes, count)
    done = [result.task_time_s for result in results if result.success]
    return {
        'episodes': count,
        'success': round(successes / count, 4) if count else None,
        'success_low': round(low, 4), 'success_high': round(high, 4),
        'progress': round(float(np.mean([r.progress for r in results])), 4) if count else None,
        'wrong_object_ratio': round(sum(r.wrong_object for r in results) / count, 4)
        if count else None,
        'task_time_s': round(float(np.mean(done)), 3) if done else None}
