"""Evaluation: repeatable to the last digit, honest about certainty, clear about mistakes."""
import json

import numpy as np
import pytest

from vla_core.action_chunk import ActionChunk
from vla_simulation.episode import Inference
from vla_simulation.evaluate import Evaluation, evaluate, main
from vla_simulation.statistics import summarise, wilson_interval


class Wanderer:
    """A policy that looks at its images and its random numbers and little else."""

    def __init__(self, contract):
        self._space = contract.action.space
        self._horizon = contract.action.horizon

    def reset(self, instruction):
        self._words = len(instruction)

    def infer(self, observation, *, prefix=None, delay=0, rng=None):
        tip = observation.state[7:16]
        light = observation.images['observation.images.front'].mean() / 255
        goal = np.concatenate([tip, [light]])
        goal[:3] += rng.normal(0, 0.02, 3) + 0.0001 * self._words
        return ActionChunk(
            observation.stamp_ns, self._space, 0.1 * np.arange(1, self._horizon + 1),
            np.tile(goal, (self._horizon, 1)), frame_id=self._space.frame)


class Broken:
    """Gives actions that nobody may execute."""

    def __init__(self, contract):
        self._space = contract.action.space

    def reset(self, instruction):
        pass

    def infer(self, observation, *, prefix=None, delay=0, rng=None):
        return ActionChunk(observation.stamp_ns, self._space, np.array([0.1]),
                           np.full((1, self._space.dimension), np.nan))


def _run(capsys, *words):
    status = main([*words, '--json'])
    return status, capsys.readouterr()


def test_two_runs_give_the_same_numbers(capsys):
    words = ['--policy', f'{__name__}:Wanderer', '--family', 'pick', '--episodes', '1',
             '--delay-ms', '120', '--jitter-ms', '80', '--details', '--seed', '4']
    first, second = _run(capsys, *words), _run(capsys, *words)
    assert first[0] == second[0] == 0
    assert first[1].out == second[1].out
    assert json.loads(first[1].out.splitlines()[-1])['results'][0]['seed'] == 4


def test_results_do_not_depend_on_the_number_of_workers():
    evaluation = Evaluation('expert', families=('pick',), episodes=2)
    assert evaluate(evaluation, workers=1) == evaluate(evaluation, workers=2)


@pytest.mark.parametrize('strategy', ['open_loop', 'replace', 'temporal_ensemble'])
def test_the_expert_succeeds_under_delay_with_every_strategy(strategy):
    evaluation = Evaluation('expert', families=('pick',), episodes=1, inference=Inference(
        strategy=strategy, delay_s=0.2, jitter_s=0.05))
    assert evaluate(evaluation)[0].success


def test_the_table_has_a_row_for_each_axis(capsys):
    status, said = _run(capsys, '--policy', 'hold', '--family', 'pick', '--episodes', '1', '--axes',
                        'absent_target', 'clutter+background')
    summary = json.loads(said.out.splitlines()[-1])
    assert status == 0
    assert list(summary['axes']) == ['none', 'absent_target', 'clutter+background']
    assert summary['success'] == 0.0
    assert summary['axes']['absent_target']['success'] == 1.0


def test_the_interval_is_wilsons():
    low, high = wilson_interval(8, 10)
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert summarise([])['episodes'] == 0


@pytest.mark.parametrize('words, message', [
    (['--policy', 'nobody'], "no policy 'nobody'"),
    (['--policy', 'nowhere:nothing'], 'cannot be loaded'),
    (['--policy', 'expert', '--suite', 'kitchen'], "no suite 'kitchen'"),
    (['--policy', 'expert', '--family', 'fold'], "no task 'fold'"),
    (['--policy', 'expert', '--axes', 'fog'], "no axis 'fog'"),
    (['--policy', 'expert', '--robot', 'r2d2'], "no robot profile 'r2d2'"),
    (['--policy', 'expert', '--robot', 'aloha'], 'not aloha'),
    (['--policy', 'expert', '--strategy', 'hope'], "no execution strategy 'hope'"),
    (['--policy', 'expert', '--episodes', '0'], 'must be at least 1'),
    (['--policy', 'expert', '--delay-ms', '-5'], 'not negative'),
    (['--policy', 'expert', '--workers', '0'], 'must be at least 1'),
    (['--policy', 'expert', '--scene', 'missing.yaml'], 'cannot be read'),
    (['--policy', f'{__name__}:Broken', '--family', 'pick', '--episodes', '1'], 'is nan'),
])
def test_mistakes_are_named_in_one_line(capsys, words, message):
    status, said = _run(capsys, *words)
    assert status == 2
    lines = [line for line in said.err.splitlines() if line.startswith('evaluate: ')]
    assert len(lines) == 1 and message in lines[0]
