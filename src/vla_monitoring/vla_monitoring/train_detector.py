"""
Train failure detectors on collected rollouts, and test them on tasks held out of the training.

    python -m vla_monitoring.train_detector rollouts/ --out detectors/ --error-rate 0.1

Each task is held out once to tell the figures; the detectors that are written have learnt from all
of them. The last line of stdout is the figures, as one JSON object.
"""
import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from vla_core.validation import ConfigurationError
from vla_monitoring.collect_rollouts import SETTING
from vla_monitoring.detection.conformal import CalibrationError, fit_band
from vla_monitoring.detection.detector import Card, Detector, Feature, Purpose
from vla_monitoring.detection.figures import detection_figures, failure_figures
from vla_monitoring.detection.rollouts import Rollout, load_rollouts
from vla_monitoring.detection.scorers import Novelty, Scorer
from vla_monitoring.detection.training import Examples, train_scorer

__all__ = ['Study', 'main']

ABSTAIN_STEPS = 3  # the scene is looked at when the task begins


@dataclass(frozen=True)
class Study:
    """
    All that is asked of a set of rollouts.

    ``scorer`` is accumulated_mlp or lstm. Of each task's rollouts those of every fourth seed are
    kept from training: they choose when it ends, and their successes, with half of those of a task
    that is held out, calibrate the band.
    """

    rollouts: Sequence[Rollout]
    policy: str
    scorer: str = 'accumulated_mlp'
    error_rate: float = 0.1
    seed: int = 0

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, sorted."""
        return tuple(sorted({rollout.family for rollout in self.rollouts}))

    def run(self) -> tuple[dict[Purpose, Detector], dict[str, float]]:
        """Detectors that learnt from every task, and the means of the figures of those held out."""
        folds = [self._fold(task) for task in self.tasks] if len(self.tasks) > 1 else []
        figures = {name: round(float(np.nanmean([fold[name] for fold in folds])), 4)
                   for name in (folds[0] if folds else ())
                   if not all(np.isnan(fold[name]) for fold in folds)}
        return {purpose: self._detector(purpose, None, figures)
                for purpose in self._purposes()}, figures

    def _purposes(self) -> tuple[Purpose, ...]:
        absent = any(rollout.absent for rollout in self.rollouts)
        return (*(('failure', 'absent_target') if absent else ('failure',)), 'out_of_distribution')

    def _fold(self, task: str) -> dict[str, float]:
        """Figures on ``task`` of detectors that never saw how it ends."""
        tested = [r for r in self.rollouts if r.family == task and not self._calibrates(r, task)]
        present = [r for r in tested if not r.absent]
        absent = [r for r in tested if r.absent]
        figures = {}
        for purpose in self._purposes():
            detector = self._detector(purpose, task, {})
            if purpose == 'failure':
                figures.update(failure_figures(detector, present))
            elif purpose == 'absent_target':
                figures.update(detection_figures(detector, present, absent, 'absent_target'))
            else:
                figures.update(detection_figures(
                    detector, [r for r in present if r.success],
                    [r for r in present if not r.success], 'novelty'))
        return figures

    def _detector(self, purpose: Purpose, held_out: str | None, figures: dict) -> Detector:
        seen = [r for r in self.rollouts if r.family != held_out]
        if purpose != 'absent_target':
            seen = [r for r in seen if not r.absent]
        training = [r for r in seen if not self._reserved(r)]
        validation = [r for r in seen if self._reserved(r)]
        steps = ABSTAIN_STEPS if purpose == 'absent_target' else 0
        reads = self._reads(purpose)
        scorer = self._scorer(purpose, training, validation, reads, steps)
        calm = [r for r in self.rollouts if self._calibrates(r, held_out)]
        try:
            band = fit_band([scorer.scores(r.features(reads)[:steps or None]) for r in calm],
                            self.error_rate, np.random.default_rng(self.seed))
        except CalibrationError as error:
            raise ConfigurationError(f'{purpose}: {error}; collect more episodes') from error
        return Detector(Card(
            purpose=purpose, scorer=scorer.kind, policy=self.policy, reads=reads,
            dimension=scorer.dimension, period_s=self._period(), steps=steps,
            error_rate=self.error_rate, factor=band.factor,
            trained_on=tuple(sorted({r.family for r in training})),
            calibrated_on=tuple(sorted({r.family for r in calm})),
            held_out=(held_out,) if held_out else self.tasks if figures else (),
            rollouts=len(self.rollouts), figures=figures, sha256=''), scorer, band)

    def _scorer(
        self, purpose: Purpose, training: list[Rollout], validation: list[Rollout],
        reads: tuple[Feature, ...], steps: int,
    ) -> Scorer:
        if purpose == 'out_of_distribution':
            good = [r.features(reads) for r in training if r.success]
            if not good:
                raise ConfigurationError('out_of_distribution: no rollout succeeded')
            return Novelty.fit(np.concatenate(good))

        def examples(rollouts: list[Rollout]) -> Examples:
            noticed = [r.absent if purpose == 'absent_target' else not r.success for r in rollouts]
            return Examples(
                [r.features(reads)[:steps or None] for r in rollouts], np.array(noticed))
        try:
            return train_scorer(
                self.scorer, examples(training), examples(validation), self.seed)[0]
        except ValueError as error:
            raise ConfigurationError(f'{purpose}: {error}') from error

    def _reads(self, purpose: Purpose) -> tuple[Feature, ...]:
        """
        What a detector is shown.

        Whether something named is there stands in the grounding, alike in every task; beside the
        embedding it is lost to tasks that were held out. Failures lie in the embedding.
        """
        grounded = purpose == 'absent_target' and self.rollouts[0].groundings.shape[1] > 0
        return ('grounding',) if grounded else ('embedding',)

    def _reserved(self, rollout: Rollout) -> bool:
        return rollout.seed % 4 == 0

    def _calibrates(self, rollout: Rollout, held_out: str | None) -> bool:
        """Whether the band is made of it: a success that nothing was trained or is tested on."""
        if not rollout.success or rollout.absent:
            return False
        return rollout.seed % 2 == 0 if rollout.family == held_out else self._reserved(rollout)

    def _period(self) -> float:
        gaps = np.concatenate([np.diff(r.times_s) for r in self.rollouts])
        return float(np.median(gaps)) if len(gaps) else 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 2 for anything a person got wrong."""
    parser = argparse.ArgumentParser(
        prog='python -m vla_monitoring.train_detector', description=__doc__.splitlines()[1])
    parser.add_argument('rollouts', type=Path, help='folder of vla_monitoring.collect_rollouts')
    parser.add_argument('--out', type=Path, required=True, help='folder of the detectors')
    parser.add_argument('--scorer', default='accumulated_mlp', choices=['accumulated_mlp', 'lstm'])
    parser.add_argument('--error-rate', type=float, default=0.1, help='of false alarms')
    parser.add_argument('--seed', type=int, default=0)
    options = parser.parse_args(arguments)
    try:
        rollouts = load_rollouts(options.rollouts)
        setting = yaml.safe_load((options.rollouts / SETTING).read_text())
        study = Study(rollouts, setting['policy'], options.scorer, options.error_rate, options.seed)
        detectors, figures = study.run()
    except (ConfigurationError, OSError) as error:
        print(f'train_detector: {error}', file=sys.stderr)
        return 2
    for detector in detectors.values():
        detector.save(options.out)
    print(json.dumps({'name': 'train_detector', 'rollouts': len(rollouts),
                      'tasks': list(study.tasks), 'error_rate': options.error_rate, **figures}))
    return 0


if __name__ == '__main__':
    sys.exit(main())
