"""Detection: promised rates hold, what can be told is told, what cannot is not."""
import json
from dataclasses import replace

import numpy as np
import pytest
import yaml
from synthetic_rollouts import E, make_rollouts

from vla_core.validation import ConfigurationError
from vla_monitoring.collect_rollouts import SETTING
from vla_monitoring.detection.conformal import CalibrationError, fewest, fit_band
from vla_monitoring.detection.detector import (
    Detector,
    DetectorError,
    FeatureError,
    Watch,
    find_detectors,
    load_detectors,
)
from vla_monitoring.detection.figures import auroc
from vla_monitoring.detection.rollouts import Rollout, RolloutError, load_rollouts
from vla_monitoring.detection.scorers import AccumulatedMlp, Lstm, Novelty
from vla_monitoring.train_detector import Study, main


@pytest.fixture(scope='module')
def study():
    study = Study(make_rollouts(seeds=96), 'made_up')
    return study, *study.run()


def curves(random, count, steps=(8, 30)):
    """Random walks of different lengths with heavy tails: nothing a Gaussian would fit."""
    return [np.cumsum(random.standard_t(2, random.integers(*steps))) for _ in range(count)]


@pytest.mark.parametrize('rate', [0.05, 0.1, 0.3])
def test_false_alarms_stay_below_the_chosen_rate_whatever_the_scores(rate):
    random = np.random.default_rng(1)
    alarms = []
    for _ in range(60):
        band = fit_band(curves(random, 80), rate, random)
        alarms += [np.any(band.excesses(curve) > band.factor) for curve in curves(random, 50)]
    assert np.mean(alarms) <= rate + 0.01
    assert np.mean(alarms) >= rate - 0.05, 'it is no use if it never alarms'


def test_too_few_successes_are_refused_with_the_number_that_is_needed():
    with pytest.raises(CalibrationError, match='21 are needed'):
        fit_band(curves(np.random.default_rng(0), 20), 0.05, np.random.default_rng(0))
    assert fewest(0.1) == 9


def test_failures_are_seen_on_tasks_that_were_held_out(study):
    _, _, figures = study
    assert figures['failure_auroc'] > 0.9
    assert figures['detected_ratio'] > 0.85
    assert figures['false_alarm_ratio'] <= 0.1 + 0.05
    assert 2.0 < figures['lead_time_s'] < 12.0


def test_an_absent_target_is_noticed_in_its_first_steps(study):
    _, detectors, figures = study
    assert detectors['absent_target'].card.steps == 3
    assert figures['absent_target_detection'] > 0.85
    assert figures['absent_target_false_alarm_ratio'] < 0.2


def test_a_mind_that_tells_nothing_is_not_read():
    _, figures = Study(
        make_rollouts(seeds=60, tells=0.0, tasks=('pick', 'stack')), 'made_up').run()
    assert figures['failure_auroc'] < 0.65


def test_the_length_of_a_rollout_alone_tells_nothing():
    """Failures run to the time limit: a score that counts steps would look like a detector."""
    counting = AccumulatedMlp({
        'mean': np.zeros(E), 'scale': np.ones(E), 'hidden_weight': np.zeros((1, E)),
        'hidden_bias': np.zeros(1), 'weight': np.zeros(1), 'bias': np.zeros(())})
    study = Study(make_rollouts(seeds=60), 'made_up')
    detector = study._detector('out_of_distribution', None, {})
    from vla_monitoring.detection.figures import failure_figures
    counted = Detector(detector.card, counting, detector.band)
    assert failure_figures(counted, study.rollouts)['failure_auroc'] < 0.7


def test_detectors_survive_the_disk(study, tmp_path):
    _, detectors, _ = study
    for detector in detectors.values():
        detector.save(tmp_path)
    loaded = load_detectors(tmp_path)
    assert set(loaded) == {'failure', 'absent_target', 'out_of_distribution'}
    rollout = make_rollouts(seeds=4, seed=5)[0]
    for purpose, detector in detectors.items():
        assert np.allclose(detector.excesses(rollout),
                           loaded[purpose].excesses(rollout), atol=1e-5)
    (tmp_path / 'failure' / 'arrays.npz').write_bytes(b'something else')
    with pytest.raises(DetectorError, match='is not the file'):
        load_detectors(tmp_path)


def test_shipped_detectors_read_the_shipped_policy():
    found = load_detectors(find_detectors('tabletop'))
    assert set(found) == {'failure', 'absent_target', 'out_of_distribution'}
    assert found['absent_target'].card.reads == ('grounding',)
    with pytest.raises(DetectorError, match=r'no detectors .tabeltop.'):
        find_detectors('tabeltop')


def test_a_watch_says_online_what_was_said_of_the_whole(study):
    _, detectors, _ = study
    rollout = next(r for r in make_rollouts(seeds=4, seed=5) if not r.success)
    detector = detectors['failure']
    watch = Watch(detector)
    stamps = (1e9 * rollout.times_s).astype(int)
    verdicts = [watch.judge({'embedding': e}, s) for e, s in zip(rollout.embeddings, stamps)]
    above = detector.excesses(rollout) > detector.band.factor
    assert [verdict.alarm for verdict in verdicts] == above.tolist()
    assert verdicts[-1].alarm and 'going to fail' in verdicts[-1].text
    watch.restart()
    assert not watch.judge({'embedding': rollout.embeddings[0]}, 0).alarm


def test_faster_chunks_do_not_age_a_rollout(study):
    """Scores add up over steps: a robot that asks twice as often must not fail twice as early."""
    _, detectors, _ = study
    rollout = next(r for r in make_rollouts(seeds=4, seed=5) if r.success)
    slow, fast = Watch(detectors['failure']), Watch(detectors['failure'])
    for embedding, time_s in zip(rollout.embeddings, rollout.times_s):
        verdict = slow.judge({'embedding': embedding}, int(1e9 * time_s))
        quick = fast.judge({'embedding': embedding}, int(1e9 * time_s))
        for more in (0.1, 0.2):
            quick = fast.judge({'embedding': embedding}, int(1e9 * (time_s + more)))
        assert (quick.step, quick.score) == (verdict.step, verdict.score)


@pytest.mark.parametrize(('embedding', 'text'), [
    (np.zeros(E + 1), 'of 25 numbers'), (np.full(E, np.nan), 'not finite'),
    (np.zeros((2, E)), 'of 48 numbers')])
def test_features_that_nobody_can_judge_are_refused(study, embedding, text):
    _, detectors, _ = study
    watch = Watch(detectors['failure'])
    with pytest.raises(FeatureError, match=text):
        watch.judge({'embedding': embedding}, 0)
    with pytest.raises(FeatureError, match='gives no embedding'):
        watch.judge({'grounding': embedding}, 0)


def test_whether_something_is_there_is_read_from_the_grounding_alone():
    """The embedding tells it in a way of its own in each task, the grounding alike in all."""
    random = np.random.default_rng(1)
    rollouts = [replace(rollout, groundings=(
        random.normal(0, 0.5, (len(rollout.times_s), 3)) + [2.0 * rollout.absent, 0, 0]
    ).astype(np.float32)) for rollout in make_rollouts(seeds=60, tells=0.0)]
    detectors, figures = Study(rollouts, 'made_up').run()
    assert detectors['absent_target'].card.reads == ('grounding',)
    assert detectors['failure'].card.reads == ('embedding',)
    assert figures['absent_target_detection'] > 0.85


def test_scorers_are_torchs():
    import torch

    from vla_monitoring.detection.training import Examples, train_scorer
    random = np.random.default_rng(0)
    examples = Examples([random.normal(size=(6, 5)).astype(np.float32) for _ in range(8)],
                        np.arange(8) % 2 == 0)
    scorer, _ = train_scorer('lstm', examples, examples)
    assert isinstance(scorer, Lstm)
    lstm = torch.nn.LSTM(5, 48, batch_first=True)
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(torch.from_numpy(scorer.arrays['input_weight']))
        lstm.weight_hh_l0.copy_(torch.from_numpy(scorer.arrays['state_weight']))
        lstm.bias_ih_l0.copy_(torch.from_numpy(scorer.arrays['gate_bias']))
        lstm.bias_hh_l0.zero_()
        data = (examples.embeddings[0] - scorer.arrays['mean']) / scorer.arrays['scale']
        hidden = lstm(torch.from_numpy(data)[None])[0][0]
        wanted = torch.sigmoid(hidden @ torch.from_numpy(scorer.arrays['weight'])
                               + torch.from_numpy(scorer.arrays['bias']))
    assert np.allclose(scorer.scores(examples.embeddings[0]), wanted.numpy(), atol=1e-5)


def test_novelty_knows_what_it_has_seen():
    random = np.random.default_rng(0)
    mixing = random.normal(size=(4, E))
    seen = random.normal(size=(500, 4)) @ mixing + 0.05 * random.normal(size=(500, E))
    scorer = Novelty.fit(seen.astype(np.float32))
    inside = np.median(scorer.scores(seen[:100]))
    assert np.median(scorer.scores(5 * seen[:100])) > 3 * inside
    assert np.median(scorer.scores(random.normal(size=(100, E)))) > 3 * inside


def test_the_area_under_the_curve():
    assert auroc([0, 1], [2, 3]) == 1.0
    assert auroc([0, 2], [1, 2]) == pytest.approx(0.625)
    assert np.isnan(auroc([], [1]))


def test_the_command_writes_detectors_and_figures(tmp_path, capsys):
    folder = tmp_path / 'rollouts'
    for rollout in make_rollouts(seeds=48, tasks=('pick', 'stack')):
        rollout.save(folder)
    (folder / SETTING).write_text(yaml.safe_dump({'policy': 'made_up'}))
    assert main([str(folder), '--out', str(tmp_path / 'detectors'), '--error-rate', '0.2']) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures['tasks'] == ['pick', 'stack'] and figures['failure_auroc'] > 0.8
    card = load_detectors(tmp_path / 'detectors')['failure'].card
    assert card.figures['failure_auroc'] == figures['failure_auroc']
    assert (card.policy, card.period_s) == ('made_up', pytest.approx(0.4))


@pytest.mark.parametrize('rollouts, text', [
    ([], 'holds no rollouts'),
    ([r for r in make_rollouts(seeds=30) if r.success and not r.absent], 'ended alike'),
    (make_rollouts(seeds=9), 'collect more episodes'),
])
def test_rollouts_that_teach_nothing_are_named(rollouts, text, tmp_path, capsys):
    for rollout in rollouts:
        rollout.save(tmp_path)
    (tmp_path / SETTING).write_text(yaml.safe_dump({'policy': 'made_up'}))
    assert main([str(tmp_path), '--out', str(tmp_path / 'out')]) == 2
    assert text in capsys.readouterr().err


def test_a_damaged_rollout_is_named(tmp_path):
    path = make_rollouts(seeds=1)[0].save(tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RolloutError, match=path.name):
        load_rollouts(tmp_path)
    assert issubclass(RolloutError, ConfigurationError)
    assert Rollout.load(make_rollouts(seeds=1)[0].save(tmp_path)).seed == 0
