"""
``python -m vla_recording.compare BAG --policy DIR``: what a policy would have done in an episode.

The recorded observations go through the policy as they would live, and its chunks are laid over the
recorded actions: a page with a curve a number of the action, and the error by step of the chunk.
"""
import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile
from vla_core.validation import ConfigurationError
from vla_recording.bag_reader import Bag
from vla_recording.bag_writer import write_whole
from vla_recording.chart import lines, page
from vla_recording.errors import EpisodeError
from vla_recording.frames import EpisodeFrames

__all__ = ['Comparison', 'compare', 'main', 'write_page']


@dataclass(frozen=True, eq=False)
class Comparison:
    """
    Recorded actions [n, D] at ``times_s`` [n], and predictions [k, H, D] begun at steps ``begun``.

    ``labels`` name the D numbers. A prediction's row j is of the same time as action begun + j.
    """

    times_s: np.ndarray
    recorded: np.ndarray
    begun: np.ndarray
    predicted: np.ndarray
    labels: tuple[str, ...]

    def errors(self) -> np.ndarray:
        """Predicted less recorded, [k, H, D]; NaN beyond the end of the episode."""
        rows = self.begun[:, None] + np.arange(self.predicted.shape[1])
        errors = np.full(self.predicted.shape, np.nan)
        inside = rows < len(self.recorded)
        errors[inside] = self.predicted[inside] - self.recorded[rows[inside]]
        return errors

    @property
    def error_by_step(self) -> np.ndarray:
        """Root mean square error [H] of all numbers, by step of the chunk."""
        return _rms(self.errors(), (0, 2))

    @property
    def error_by_number(self) -> np.ndarray:
        """Root mean square error [D], over all steps."""
        return _rms(self.errors(), (0, 1))


def compare(
    bag: Bag, policy, profile: RobotProfile, *, actions: str = 'targets', every: int = 0,
    instruction: str = '', seed: int = 0,
) -> Comparison:
    """
    Ask ``policy`` at every ``every``-th frame of the longest part of a bag (0: once a chunk).

    ``policy`` is a `vla_policies.policy.Policy`; EpisodeError when the bag does not fit it.
    """
    contract: PolicyContract = policy.contract
    instruction = instruction or bag.episode.instruction
    if not instruction:
        raise EpisodeError('has no instruction; give --instruction')
    episode = EpisodeFrames(bag, contract, profile, instruction, actions)
    part = max(episode.parts, key=lambda candidate: len(candidate.steps))
    every = every or contract.action.horizon
    policy.reset(instruction)
    rng = np.random.default_rng(seed)
    begun, predicted = [], []
    for index, frame in enumerate(episode.frames(part)):
        if index % every == 0:
            chunk = policy.infer(frame.observation, rng=rng)
            contract.action.space.check_compatible(chunk.space)
            begun.append(index)
            predicted.append(np.asarray(chunk.data, dtype=np.float64))
    stamps = np.array([step.stamp_ns for step in part.steps], dtype=np.int64)
    return Comparison(
        (stamps - stamps[0]) / 1e9, np.stack(part.actions).astype(np.float64), np.array(begun),
        np.stack(predicted), contract.action.space.labels)


def write_page(comparison: Comparison, title: str, path: Path) -> None:
    """Write the page of charts."""
    charts = []
    count = len(comparison.recorded)
    for place, label in enumerate(comparison.labels):
        series = {'recorded': comparison.recorded[:, place]}
        for parity in (0, 1):
            curve = np.full(count, np.nan)
            for start, rows in list(zip(comparison.begun, comparison.predicted))[parity::2]:
                end = min(count, start + len(rows))
                curve[start:end] = rows[:end - start, place]
            if np.isfinite(curve).any():
                series[f'predicted, {"odd" if parity else "even"} chunks'] = curve
        charts.append(lines(comparison.times_s, series, label, width=940))
    by_step = comparison.error_by_step
    charts.append(lines(np.arange(1, len(by_step) + 1), {'RMS error': by_step},
                        'error by step of the chunk'))
    rows = ''.join(f'<tr><td>{escape(label)}<td>{error:.5f}' for label, error
                   in zip(comparison.labels, comparison.error_by_number))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page(title, f'<table><tr><th>number<th>RMS error{rows}</table>'
                           + ''.join(charts)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare; the last line is JSON with the errors."""
    parser = argparse.ArgumentParser(
        prog='python -m vla_recording.compare',
        description='What a policy would have done in a recorded episode.')
    parser.add_argument('bag', type=Path)
    parser.add_argument('--policy', required=True,
                        help='folder or shipped name of a policy')
    parser.add_argument('--out', type=Path, metavar='FILE.html',
                        help='the page (default: beside the bag)')
    parser.add_argument('--every', type=int, default=0, help='steps between two questions')
    parser.add_argument('--actions', choices=['targets', 'committed'], default='targets')
    parser.add_argument('--instruction', default='', help='in place of the recorded one')
    parser.add_argument('--robot', default='', help='profile, for a bag that names none')
    options = parser.parse_args(arguments)
    try:
        from vla_policies.registry import load_policy
        policy = load_policy(options.policy)
        with Bag(options.bag) as bag:
            profile = (RobotProfile.load(options.robot) if options.robot
                       else bag.episode.load_profile())
            policy.contract.check_robot(profile)
            comparison = compare(bag, policy, profile, actions=options.actions,
                                 every=options.every, instruction=options.instruction)
        policy.close()
        out = options.out or bag.path.with_name(f'{bag.name}_{policy.name}.html')
        write_page(comparison, f'{bag.name}: {policy.name} against what was done', out)
    except (ConfigurationError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(f'{out}', file=sys.stderr)
    print(json.dumps({
        'bag': bag.name, 'policy': policy.name, 'questions': len(comparison.begun),
        'rms_error': {label: round(float(error), 6) for label, error
                      in zip(comparison.labels, comparison.error_by_number)}}))
    return 0


def _rms(errors: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    squares = np.where(np.isfinite(errors), errors, 0.0) ** 2
    counts = np.maximum(1, np.isfinite(errors).sum(axis=axes))
    return np.sqrt(squares.sum(axis=axes) / counts)


if __name__ == '__main__':
    sys.exit(main())
