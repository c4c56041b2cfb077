"""
Train a policy: ``python -m vla_learning.train --config NAME --out FOLDER``.

An interrupted run goes on with the same command. ``--out`` becomes a policy's folder: settings,
contract, statistics, weights, model card; what only training needs lies in ``<out>.run``.
"""
import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from safetensors.torch import save_file

from vla_core.policy_contract import PolicyContract
from vla_learning import model_card
from vla_learning.configuration import TrainingConfiguration
from vla_learning.evaluation import Evaluator
from vla_learning.frames import FrameStore, statistics
from vla_learning.trainer import Trainer
from vla_policies.processing.representation import representation
from vla_policies.registry import CONTRACT, SETTINGS

__all__ = ['main', 'train', 'write_policy']

SAVE_S = 60.0


def train(
    configuration: TrainingConfiguration, out: Path, device: str = 'cpu', threads: int = 0,
    stop_after_s: float = float('inf'),
) -> Path:
    """
    Train, or go on training, and return the policy's folder.

    ``stop_after_s`` ends early, keeping what a later run needs to go on.
    """
    torch.set_num_threads(threads or os.cpu_count() or 1)
    run = out.with_name(out.name + '.run')
    contract = PolicyContract.load(configuration.contract)
    begin = time.monotonic()
    with Progress(
            TextColumn('{task.description}'), BarColumn(), TextColumn('{task.percentage:>3.0f} %'),
            TextColumn('{task.fields[note]}'), TimeElapsedColumn(), TimeRemainingColumn(),
            console=Console(stderr=True)) as bar:
        reading = bar.add_task('frames', total=None, note='')
        store = FrameStore.open(
            [Path(folder) for folder in configuration.data], contract,
            configuration.frame_stride, run / 'frames',
            lambda done, total: bar.update(reading, completed=done, total=total))
        numbers = _statistics(run, store, contract, configuration)
        bar.update(reading, completed=len(store), total=len(store),
                   note=f'{len(store)} of {len(store.instructions)} episodes')
        trainer = Trainer(configuration, contract, store, numbers, run, device)
        trainer.resume()
        if configuration.precision == 'bfloat16' and not trainer.mixed:
            bar.console.print('this processor has no bfloat16: training in float32')
        results = _results(run)
        log = _Log(run)
        task = bar.add_task('training', total=configuration.samples, note='',
                            completed=trainer.samples)
        plan = configuration.evaluation
        evaluator = Evaluator(plan, trainer.policy()) if plan else None
        saved = evaluated = time.monotonic()
        for progress in trainer.train():
            now = time.monotonic()
            note = ' '.join(f'{name} {value:.4f}' for name, value in progress.losses.items())
            bar.update(task, completed=progress.samples, note=f'{note} {progress.rate:.0f}/s')
            log.losses(progress)
            if now - saved > SAVE_S:
                trainer.save()
                saved = now
            if evaluator and now - evaluated > plan.every_s:
                results += log.success(evaluator.run(trainer.policy(), progress.samples))
                (run / 'results.json').write_text(json.dumps(results))
                write_policy(out, trainer, numbers, results)
                evaluated = time.monotonic()
            if now - begin > stop_after_s:
                break
        trainer.save()
        if evaluator and trainer.samples >= configuration.samples:
            results += log.success(evaluator.run(trainer.policy(), trainer.samples))
    write_policy(out, trainer, numbers, results)
    return out


def write_policy(
    folder: Path, trainer: Trainer, numbers: dict, results: list[dict[str, Any]],
) -> None:
    """Write the averaged weights and all that belongs to them; half precision, to be small."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = trainer.configuration
    (folder / SETTINGS).write_text(yaml.safe_dump(
        {'kind': 'mini', **configuration.policy.model_dump(mode='json')}, sort_keys=False))
    trainer.contract.save(folder / CONTRACT)
    (folder / configuration.policy.statistics).write_text(json.dumps(numbers))
    save_file({name: (value.half() if value.dtype.is_floating_point else value).contiguous().cpu()
               for name, value in trainer.average.items()},
              folder / configuration.policy.weights)
    model_card.write(folder, configuration, trainer.contract, trainer.model, {
        'samples seen': trainer.samples, 'episodes': len(trainer.store.instructions),
        'frames': len(trainer.store)}, results)


def _statistics(
    run: Path, store: FrameStore, contract: PolicyContract, configuration: TrainingConfiguration,
) -> dict:
    """
    Those of the policy that is started from where its state and actions have the same shapes, else
    of the data; once made they stay.
    """
    path = run / 'statistics.json'
    if not path.exists():
        numbers = statistics(
            store, representation(configuration.policy.predicts, contract))
        if configuration.initial_folder:
            initial = json.loads((configuration.initial_folder / 'statistics.json').read_text())
            if _shapes(initial) == _shapes(numbers):
                numbers = initial
        run.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(numbers))
    return json.loads(path.read_text())


def _shapes(numbers: dict) -> dict[str, dict[str, tuple[int, ...]]]:
    return {part: {name: np.shape(value) for name, value in fields.items()}
            for part, fields in numbers.items()}


def _results(run: Path) -> list[dict[str, Any]]:
    path = run / 'results.json'
    return json.loads(path.read_text()) if path.exists() else []


class _Log:
    """TensorBoard's event files in the run's folder."""

    def __init__(self, run: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter
        self._writer = SummaryWriter(run / 'log')

    def losses(self, progress: Any) -> None:
        for name, value in progress.losses.items():
            self._writer.add_scalar(f'loss/{name}', value, progress.samples)
        self._writer.add_scalar('samples_per_s', progress.rate, progress.samples)

    def success(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in rows:
            self._writer.add_scalar(f'success/{row["family"]}', row['success'], row['samples'])
        self._writer.flush()
        return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 2 for anything a person got wrong."""
    parser = argparse.ArgumentParser(
        prog='python -m vla_learning.train', description=__doc__.splitlines()[1])
    parser.add_argument('--config', required=True, help='a name in config/training or a file')
    parser.add_argument('--data', nargs='+', default=[], help='data sets instead of its own')
    parser.add_argument('--initial', default='', help='policy to start from instead of its own')
    parser.add_argument('--out', type=Path, required=True, help='folder of the policy')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--threads', type=int, default=0, help='of the CPU (default: all cores)')
    parser.add_argument('--stop-after-s', type=float, default=float('inf'),
                        help='end early; the same command goes on')
    options = parser.parse_args(arguments)
    try:
        configuration = TrainingConfiguration.load(options.config)
        changes = {}
        if options.data:
            changes['data'] = tuple(options.data)
        if options.initial:
            changes['initial'] = options.initial
        folder = train(configuration.model_copy(update=changes), options.out, options.device,
                       options.threads, options.stop_after_s)
    except (ValueError, RuntimeError, OSError) as error:
        print(f'train: {error}', file=sys.stderr)
        return 2
    print(f'{folder}: trained')
    return 0


if __name__ == '__main__':
    sys.exit(main())
