"""Rollouts made up: a policy whose mind tells, and one whose mind tells nothing."""
import numpy as np

from vla_monitoring.detection.rollouts import Rollout

E = 24


def make_rollouts(seeds=120, tells=1.0, tasks=('pick', 'place_in', 'push_to'), seed=0):
    """
    Of each task, every third fails; every second of the seeds again without its target.

    A failing mind drifts along one direction from a third of the rollout on, with ``tells`` as
    much; an absent target shows in another direction from the start.
    """
    random = np.random.default_rng(seed)
    ways = np.linalg.qr(random.normal(size=(E, E)))[0]
    rollouts = []
    for number, task in enumerate(tasks):
        for index in range(seeds):
            for absent in ((False, True) if index % 2 else (False,)):
                fails = not absent and index % 3 == 0
                steps = 30 if fails else int(random.integers(12, 20))
                minds = random.normal(0, 0.5, (steps, E)) + 0.8 * ways[number + 2]
                onset = np.maximum(np.arange(steps) - 4, 0) / 10
                minds += 3 * tells * fails * onset[:, None] * ways[0]
                minds += 3 * tells * absent * ways[1]
                rollouts.append(Rollout(
                    'tabletop', task, index, ('absent_target',) if absent else (), f'do {task}',
                    not fails, 'late' if fails else '', 0.4 * steps, 0.4 * np.arange(steps),
                    minds.astype(np.float32), np.zeros((steps, 0), np.float32)))
    return rollouts
