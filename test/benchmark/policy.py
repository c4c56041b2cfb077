"""
How well and how fast the shipped policies are: ``make bench NAME=policy``.

Success in lockstep on held-out seeds, for each head, in plain scenes and in words never trained on.
The record is ``--episodes 200``, hours on two cores: with ``--results FILE`` every episode is kept
as it is done, and the same command goes on where it was interrupted.
"""
import argparse
import json
import os
import sys
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from rich.progress import Progress

from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract
from vla_policies.mini.model import parameter_count
from vla_policies.registry import available, load_policy, shipped
from vla_simulation.episode import EpisodeResult
from vla_simulation.evaluate import Evaluation, evaluate
from vla_simulation.workers import progress_bar

SEED = 0
PLAIN, PARAPHRASE = (), ('paraphrase',)
HEADS = {'': 'l1', '_flow': 'flow', '_tokens': 'tokens'}
CHUNKS = 40


def observation(contract: PolicyContract) -> Observation:
    """Noise in the shape that the contract asks for."""
    random = np.random.default_rng(0)
    state = random.normal(size=contract.state.dimension).astype(np.float32)
    return Observation(
        stamp_ns=0, state=state, state_names=contract.state.labels,
        instruction='pick up the red cube', images={
            entry.key: random.integers(
                0, 255, (entry.processing.height, entry.processing.width, 3), np.uint8)
            for entry in contract.images})


def chunk_ms(folder: Path) -> tuple[float, float, float]:
    """Median and 99th percentile of a chunk's time on one core, and millions of parameters."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    policy = load_policy(folder)
    seen, random = observation(policy.contract), np.random.default_rng(0)
    times = []
    for _ in range(CHUNKS):
        begin = time.perf_counter()
        policy.infer(seen, rng=random)
        times.append(1000 * (time.perf_counter() - begin))
    torch.set_num_threads(threads)
    times = sorted(times[CHUNKS // 8:])
    return (median(times), times[int(0.99 * (len(times) - 1))],
            parameter_count(policy.model) / 1e6)


class Results:
    """Episodes that are done, in a file of one JSON line each where one is given."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[tuple, EpisodeResult] = {}
        if path is not None and path.exists():
            for line in path.read_text().splitlines():
                policy, fields = json.loads(line)
                fields['axes'] = tuple(fields['axes'])
                self._keep(policy, EpisodeResult(**fields))

    def of(self, policy: str, episodes: int, axes: tuple[str, ...], families: tuple[str, ...],
           suite: str, workers: int, bar: Progress) -> list[EpisodeResult]:
        """Results of seeds 0 to ``episodes`` of each family, run where they are not known."""
        task = bar.add_task(f'{policy} {"+".join(axes)}', total=len(families) * episodes, note='')
        found = []
        for family in families:
            missing = [seed for seed in range(SEED, SEED + episodes)
                       if (policy, family, seed, axes) not in self._known]
            bar.advance(task, episodes - len(missing))
            for begin, count in _runs(missing):
                evaluation = Evaluation(
                    str(shipped(policy)), suite, families=(family,), axes=(axes,),
                    episodes=count, seed=begin)
                evaluate(evaluation, workers, lambda result: (
                    self._add(policy, result), bar.advance(task)))
            found += [self._known[policy, family, seed, axes]
                      for seed in range(SEED, SEED + episodes)]
        return found

    def _add(self, policy: str, result: EpisodeResult) -> None:
        self._keep(policy, result)
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open('a') as file:
                file.write(json.dumps([policy, result.to_dict()]) + '\n')

    def _keep(self, policy: str, result: EpisodeResult) -> None:
        self._known[policy, result.family, result.seed, result.axes] = result


def _runs(seeds: list[int]) -> Iterable[tuple[int, int]]:
    """First and length of each unbroken run of numbers."""
    breaks = [0, *(i for i in range(1, len(seeds)) if seeds[i] != seeds[i - 1] + 1), len(seeds)]
    for begin, end in pairwise(breaks):
        if end > begin:
            yield seeds[begin], end - begin


def share(results: list[EpisodeResult], family: str = '') -> float:
    """Successes of a family, or of all."""
    chosen = [result.success for result in results if family in ('', result.family)]
    return round(sum(chosen) / len(chosen), 4)


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('--episodes', type=int, default=4, help='seeds of each task')
    parser.add_argument('--heads', nargs='+', choices=list(HEADS.values()),
                        default=list(HEADS.values()))
    parser.add_argument('--workers', type=int, default=1)
    parser.add_argument('--results', type=Path, help='file of the episodes that are done')
    options = parser.parse_args()
    figures: dict[str, Any] = {
        'name': 'policy', 'cores': os.cpu_count(), 'episodes_per_task': options.episodes}
    known = Results(options.results)
    families = ('pick', 'place_in', 'push_to', 'stack')
    with progress_bar() as bar:
        for suffix, head in HEADS.items():
            name = f'tabletop{suffix}'
            if head not in options.heads or name not in available():
                continue
            key = '' if head == 'l1' else f'_{head}'
            p50, p99, millions = chunk_ms(shipped(name))
            figures |= {f'params_m{key}': round(millions, 2),
                        f'cpu_chunk_p50_ms{key}': round(p50, 1),
                        f'cpu_chunk_p99_ms{key}': round(p99, 1)}
            plain = known.of(
                name, options.episodes, PLAIN, families, 'tabletop', options.workers, bar)
            for family in families:
                figures[f'success_{family}{key}'] = share(plain, family)
            figures[f'success_tabletop{key}'] = share(plain)
            figures[f'wrong_object_ratio{key}'] = round(
                sum(result.wrong_object for result in plain) / len(plain), 4)
            said = known.of(
                name, options.episodes, PARAPHRASE, families, 'tabletop', options.workers, bar)
            figures[f'success_paraphrase{key}'] = share(said)
        if 'bimanual' in available():
            results = known.of('bimanual', options.episodes, PLAIN, ('transfer',), 'bimanual',
                               options.workers, bar)
            figures['success_bimanual_transfer'] = share(results)
    if {'cpu_chunk_p50_ms', 'cpu_chunk_p50_ms_tokens'} <= figures.keys():
        figures['throughput_l1_to_tokens'] = round(
            figures['cpu_chunk_p50_ms_tokens'] / figures['cpu_chunk_p50_ms'], 1)
    missing = [f'tabletop{suffix}' for suffix in HEADS if f'tabletop{suffix}' not in available()]
    if missing:
        print(f'not shipped, so not measured: {", ".join(missing)}', file=sys.stderr)
    print(json.dumps(figures))


if __name__ == '__main__':
    main()
