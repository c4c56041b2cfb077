"""`python -m vla_datasets`: look at data sets and move episodes between them.

What is found goes to stdout, progress to stderr. Writing commands can be interrupted and repeated.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from . import metadata as meta
from .editing import convert, merge, select, shares, split
from .errors import DatasetError
from .metadata import OLD_VERSION, VERSION, Episode
from .recounting import recount
from .statistics import to_lists
from .verification import verify


@contextlib.contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with the time left on stderr."""
    bar = Progress(
        TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=Console(stderr=True))
    with bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _info(arguments: argparse.Namespace) -> int:
    metadata = meta.load(arguments.root)
    content = metadata.info() | {'seconds': metadata.frames / metadata.fps}
    if arguments.json:
        print(json.dumps(content | {'tasks': list(metadata.tasks)}, ensure_ascii=False))
        return 0
    print(f'{metadata.root}: LeRobotDataset {metadata.version}, robot {metadata.robot_type}')
    print(f'{len(metadata.episodes)} episodes, {metadata.frames} frames, {metadata.fps} fps, '
          f'{content["seconds"]:.1f} s')
    for name, feature in metadata.features.items():
        codec = feature.info.get('video.codec', '')
        print(f'  {name}: {feature.dtype} {list(feature.shape)} {codec}'.rstrip())
    print(f'{len(metadata.tasks)} tasks')
    for task in metadata.tasks:
        print(f'  {task}')
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    with _progress('verify') as progress:
        problems = verify(arguments.root, decode=arguments.decode, progress=progress)
    for problem in problems:
        print(problem)
    print(f'{arguments.root}: {len(problems)} problems' if problems else f'{arguments.root}: sound')
    return 1 if problems else 0


def _merge(arguments: argparse.Namespace) -> int:
    with _progress('merge') as progress:
        result = merge(arguments.sources, arguments.target, progress)
    print(f'{result.root}: {len(result.episodes)} episodes, {result.frames} frames')
    return 0


def _split(arguments: argparse.Namespace) -> int:
    count = len(meta.load(arguments.source).episodes)
    if arguments.ratio:
        chosen = shares(count, dict(map(_ratio, arguments.ratio)), arguments.seed)
    else:
        chosen = dict(map(_episodes, arguments.episodes))
    targets = {arguments.target / name: episodes for name, episodes in chosen.items()}
    with _progress('split') as progress:
        for path, result in split(arguments.source, targets, progress).items():
            print(f'{path}: {len(result.episodes)} episodes, {result.frames} frames')
    return 0


def _ratio(text: str) -> tuple[str, float]:
    name, _, value = text.partition('=')
    try:
        return name, float(value)
    except ValueError as error:
        raise DatasetError(f"--ratio '{text}': expected NAME=RATIO, as train=0.9") from error


def _episodes(text: str) -> tuple[str, list[int]]:
    name, _, value = text.partition('=')
    episodes: list[int] = []
    try:
        for span in value.split(','):
            first, _, last = span.partition('-')
            episodes += range(int(first), int(last or first) + 1)
    except ValueError as error:
        raise DatasetError(
            f"--episodes '{text}': expected NAME=LIST, as train=0-79,90") from error
    return name, episodes


def _filter(arguments: argparse.Namespace) -> int:
    wanted = dict(text.partition('=')[::2] for text in arguments.where)

    def keep(episode: Episode) -> bool:
        return (
            all(str(episode.fields.get(key)) == value for key, value in wanted.items())
            and all(text in ' '.join(episode.tasks) for text in arguments.task)
            and episode.length >= arguments.min_length
        )

    with _progress('filter') as progress:
        result = select(arguments.source, arguments.target, keep, progress)
    print(f'{result.root}: {len(result.episodes)} episodes, {result.frames} frames')
    return 0


def _stats(arguments: argparse.Namespace) -> int:
    with _progress('stats') as progress:
        found = recount(
            arguments.root, images=arguments.images, write=arguments.write, progress=progress)
    print(json.dumps(to_lists(found)))
    return 0


def _convert(arguments: argparse.Namespace) -> int:
    with _progress('convert') as progress:
        result = convert(arguments.source, arguments.target, arguments.to, progress)
    print(f'{result.root}: {result.version}, {len(result.episodes)} episodes')
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='python -m vla_datasets', description=__doc__)
    verbs = parser.add_subparsers(dest='verb', required=True)

    def add(
        verb: str, run: Callable[[argparse.Namespace], int], help_text: str,
    ) -> argparse.ArgumentParser:
        added = verbs.add_parser(verb, help=help_text)
        added.set_defaults(run=run)
        return added

    info = add('info', _info, 'what is in a data set')
    info.add_argument('root', type=Path)
    info.add_argument('--json', action='store_true')
    check = add('verify', _verify, 'check a data set, each problem one line')
    check.add_argument('root', type=Path)
    check.add_argument('--decode', action='store_true', help='decode every video frame as well')
    join = add('merge', _merge, 'several data sets into one')
    join.add_argument('sources', type=Path, nargs='+')
    join.add_argument('target', type=Path)
    parts = add('split', _split, 'one data set into several, by ratio or by episode')
    parts.add_argument('source', type=Path)
    parts.add_argument('target', type=Path, help='folder that gets a data set for each name')
    how = parts.add_mutually_exclusive_group(required=True)
    how.add_argument('--ratio', action='append', metavar='NAME=RATIO')
    how.add_argument('--episodes', action='append', metavar='NAME=LIST')
    parts.add_argument('--seed', type=int, default=0)
    chosen = add('filter', _filter, 'the episodes that match all conditions')
    chosen.add_argument('source', type=Path)
    chosen.add_argument('target', type=Path)
    chosen.add_argument('--where', action='append', default=[], metavar='FIELD=VALUE')
    chosen.add_argument('--task', action='append', default=[], help='text that a task contains')
    chosen.add_argument('--min-length', type=int, default=1, help='in frames')
    stats = add('stats', _stats, 'statistics counted anew, as JSON')
    stats.add_argument('root', type=Path)
    stats.add_argument('--images', type=int, default=1000, help='frames looked at for each camera')
    stats.add_argument('--write', action='store_true', help='replace meta/stats.json')
    other = add('convert', _convert, 'write a data set in another version')
    other.add_argument('source', type=Path)
    other.add_argument('target', type=Path)
    other.add_argument('--to', choices=[VERSION, OLD_VERSION], required=True)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb; 0 when all is well, 1 when something was refused or is wrong."""
    parsed = _parser().parse_args(arguments)
    try:
        return parsed.run(parsed)
    except DatasetError as error:
        print(error, file=sys.stderr)
        return 1
