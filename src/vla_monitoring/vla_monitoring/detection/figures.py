"""How well a detector does: area under the curve, false alarms, how much time an alarm leaves."""
from collections.abc import Sequence

import numpy as np

from vla_monitoring.detection.detector import Detector
from vla_monitoring.detection.rollouts import Rollout

__all__ = ['auroc', 'detection_figures', 'failure_figures']


def auroc(negative: Sequence[float], positive: Sequence[float]) -> float:
    """Probability that a positive has the higher score, ties counted half; NaN without either."""
    if not len(negative) or not len(positive):
        return float('nan')
    negative, positive = np.asarray(negative), np.asarray(positive)
    above = (positive[:, None] > negative[None]).mean()
    equal = (positive[:, None] == negative[None]).mean()
    return float(above + 0.5 * equal)


def failure_figures(detector: Detector, rollouts: Sequence[Rollout]) -> dict[str, float]:
    """
    Of a failure detector on rollouts of known outcome.

    A failing rollout runs to its time limit and a success ends early, so that its length alone
    would tell them apart: every rollout is scored on the steps in which half of the successes
    were still running. An alarm leaves ``lead_time_s`` from its chunk to the end of the rollout.
    """
    successes = [r for r in rollouts if r.success]
    failures = [r for r in rollouts if not r.success]
    horizon = int(np.median([len(r.times_s) for r in successes])) if successes else 1
    peaks = {id(r): float(detector.excesses(r)[:horizon].max()) for r in rollouts}
    alarms = {id(r): _first_alarm(detector, r) for r in rollouts}
    leads = [r.duration_s - r.times_s[alarms[id(r)]] for r in failures
             if alarms[id(r)] is not None]
    return {
        'failure_auroc': auroc([peaks[id(r)] for r in successes], [peaks[id(r)] for r in failures]),
        'detected_ratio': len(leads) / len(failures) if failures else float('nan'),
        'lead_time_s': float(np.median(leads)) if leads else 0.0,
        'false_alarm_ratio': _alarm_ratio(alarms, successes),
    }


def detection_figures(
    detector: Detector, negative: Sequence[Rollout], positive: Sequence[Rollout], name: str,
) -> dict[str, float]:
    """``<name>_detection``, ``_false_alarm_ratio`` and ``_auroc`` of any other detector."""
    rollouts = [*negative, *positive]
    alarms = {id(r): _first_alarm(detector, r) for r in rollouts}
    peaks = {id(r): float(detector.excesses(r).max()) for r in rollouts}
    return {
        f'{name}_detection': _alarm_ratio(alarms, positive),
        f'{name}_false_alarm_ratio': _alarm_ratio(alarms, negative),
        f'{name}_auroc': auroc([peaks[id(r)] for r in negative], [peaks[id(r)] for r in positive]),
    }


def _alarm_ratio(alarms: dict[int, int | None], rollouts: Sequence[Rollout]) -> float:
    if not rollouts:
        return float('nan')
    return sum(alarms[id(r)] is not None for r in rollouts) / len(rollouts)


def _first_alarm(detector: Detector, rollout: Rollout) -> int | None:
    above = detector.excesses(rollout) > detector.band.factor
    return int(np.argmax(above)) if above.any() else None
