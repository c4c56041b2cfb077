"""
Make a LeRobotDataset of recorded episodes.

A bag or a folder of bags, resampled to the rate of a policy contract by the code that inference
uses. What cannot be used is named and left out. An interrupted command is run again as it was and
goes on.
"""
import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from vla_core.validation import ConfigurationError
from vla_datasets import DatasetError
from vla_recording.episode import Outcome
from vla_recording.export.report import write_report
from vla_recording.export.run import VERSIONS, Export, run
from vla_recording.export.settings import ExportSettings, find_bags

__all__ = ['main']


def main(arguments: Sequence[str] | None = None) -> int:
    """Export; 1 when nothing could be written, 130 when it was interrupted."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = ExportSettings(
        contract=options.contract, actions=options.actions, images=options.images,
        codec=options.codec, robot=options.robot, instruction=options.instruction,
        outcomes=tuple(options.outcome), intervention=options.intervention,
        min_steps=options.min_steps, renamed=dict(options.topic))
    try:
        bags = find_bags(options.bags)
        with Progress(
                TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(),
                TimeRemainingColumn(), console=Console(stderr=True)) as bar:
            tasks: dict[str, int] = {}

            def show(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bar.add_task(what, total=total)
                bar.update(tasks[what], completed=done, total=total)

            show('bags', 0, len(bags))
            export = run(bags, options.out, settings, workers=options.workers,
                         version=options.version, ratios=dict(options.split), seed=options.seed,
                         progress=show)
            if options.report is not None:
                write_report(export, options.report)
    except (ConfigurationError, DatasetError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('interrupted; the same command goes on from here', file=sys.stderr)
        return 130
    _say(export)
    return 0


def _say(export: Export) -> None:
    for result in export.results:
        name = Path(result.bag).name
        if result.skipped:
            print(f'{name}: left out: {result.skipped}')
        for note in result.notes:
            print(f'{name}: {note}')
    frames = sum(result.frames for result in export.results)
    print(f'{", ".join(map(str, export.datasets))}: {export.episodes} episodes, {frames} frames')


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m vla_recording.export', description=__doc__.strip().splitlines()[0])
    parser.add_argument('bags', type=Path, nargs='+', metavar='BAG',
                        help='a bag, or a folder of bags')
    parser.add_argument('--contract', required=True, help='policy contract, by name or path')
    parser.add_argument('--out', type=Path, required=True, help='folder of the data set')
    parser.add_argument('--version', choices=VERSIONS, default=VERSIONS[0],
                        help='of LeRobotDataset (default: %(default)s)')
    parser.add_argument('--actions', choices=['targets', 'committed'], default='targets',
                        help='recorded targets, or the plan that execution committed to')
    parser.add_argument('--images', choices=['video', 'png'], default='video',
                        help='png keeps every bit')
    parser.add_argument('--codec', choices=['h264', 'av1'], default='h264')
    parser.add_argument('--robot', default='', help='robot profile, for bags that name none')
    parser.add_argument('--instruction', default='', help='in place of the recorded one')
    parser.add_argument('--outcome', nargs='+', default=[], choices=get_args(Outcome),
                        help='only episodes that ended so')
    parser.add_argument('--intervention', choices=['any', 'with', 'without'], default='any',
                        help='only episodes in which a person took over, or did not')
    parser.add_argument('--min-steps', type=int, default=2, help='shorter parts are left out')
    parser.add_argument('--split', action='append', default=[], type=_ratio, metavar='NAME=RATIO',
                        help='several data sets in the folder, as train=0.9 and val=0.1')
    parser.add_argument('--seed', type=int, default=0, help='of the split')
    parser.add_argument('--topic', action='append', default=[], type=_renaming,
                        metavar='NAME:=TOPIC', help='the topic in the bag of one of the contract')
    parser.add_argument('--workers', type=int, default=os.cpu_count() or 1)
    parser.add_argument('--report', type=Path, metavar='FILE.html',
                        help='write a page with plots of what was exported')
    return parser


def _ratio(text: str) -> tuple[str, float]:
    name, _, value = text.partition('=')
    try:
        return name, float(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'{text!r} is not NAME=RATIO') from error


def _renaming(text: str) -> tuple[str, str]:
    name, sign, topic = text.partition(':=')
    if not (name and sign and topic.startswith('/')):
        raise argparse.ArgumentTypeError(f'{text!r} is not NAME:=/TOPIC')
    return name, topic
