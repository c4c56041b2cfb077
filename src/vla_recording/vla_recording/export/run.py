"""
The export as a whole: bags over workers, then one data set of what they made.

Every bag becomes a small data set beside the target, in ``.<out>.export``; joining them copies
video as it is. An interrupted export is called again and does what is missing; what was done stays.
"""
import json
import multiprocessing
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from vla_core.policy_contract import PolicyContract
from vla_datasets import convert, merge, metadata as dataset_metadata, shares, split
from vla_datasets.metadata import OLD_VERSION, VERSION
from vla_recording.bag_writer import write_whole
from vla_recording.errors import EpisodeError
from vla_recording.export.episode import BagResult, export_bag
from vla_recording.export.settings import ExportSettings, fps_of, work_folder

__all__ = ['VERSIONS', 'Export', 'run']

VERSIONS = (VERSION, OLD_VERSION)
MARK = 'vla_export.json'


@dataclass(frozen=True)
class Export:
    """What was written: a data set, or one for each name of a split, and what became of bags."""

    datasets: tuple[Path, ...]
    results: tuple[BagResult, ...]

    @property
    def episodes(self) -> int:
        """Episodes in all."""
        return sum(result.episodes for result in self.results)


def run(
    bags: Sequence[Path], out: Path, settings: ExportSettings, *, workers: int = 1,
    version: str = VERSION, ratios: dict[str, float] | None = None, seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> Export:
    """
    Write the data set ``out`` of ``bags``; with ``ratios`` one in ``out`` for each name.

    ``progress(what, done, of)`` is called as the work goes on. EpisodeError when no bag gave an
    episode, or when something else lies in ``out``.
    """
    fps_of(PolicyContract.load(settings.contract))
    digests = [settings.digest(bag) for bag in bags]
    plan = {'bags': digests, 'version': version, 'ratios': ratios or {}, 'seed': seed}
    work = work_folder(out)
    if (finished := _finished(out, plan)) is not None:
        shutil.rmtree(work, ignore_errors=True)
        return finished
    _check_place(out, work)
    work.mkdir(parents=True, exist_ok=True)
    places = [work / f'{bag.name}-{digest}' for bag, digest in zip(bags, digests)]
    results: list[BagResult | None] = [None] * len(bags)
    for done, (index, result) in enumerate(_spread(bags, places, settings, workers), 1):
        results[index] = result
        if progress:
            progress('bags', done, len(bags))
    parts = [place / 'data' for place, result in zip(places, results) if result.episodes]
    if not parts:
        reasons = '; '.join(f'{Path(result.bag).name}: {result.skipped}' for result in results[:5])
        raise EpisodeError(f'no bag gave an episode ({reasons})')

    def report(done: int, total: int) -> None:
        if progress:
            progress('joining', done, total)

    datasets = _assemble(parts, out, work, version, ratios, seed, report)
    export = Export(tuple(datasets), tuple(results))
    _mark(out, plan, export)
    shutil.rmtree(work)
    return export


def _spread(
    bags: Sequence[Path], places: Sequence[Path], settings: ExportSettings, workers: int,
) -> Iterator[tuple[int, BagResult]]:
    """Every bag's result, as they come."""
    jobs = list(enumerate(zip(bags, places)))
    if workers <= 1 or len(jobs) <= 1:
        for index, (bag, place) in jobs:
            yield index, export_bag(bag, place, settings)
        return
    context = multiprocessing.get_context('spawn')
    pool = ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context)
    try:
        running = {pool.submit(export_bag, bag, place, settings): index
                   for index, (bag, place) in jobs}
        for future in as_completed(running):
            yield running[future], future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _assemble(
    parts: Sequence[Path], out: Path, work: Path, version: str,
    ratios: dict[str, float] | None, seed: int, report: Callable[[int, int], None],
) -> list[Path]:
    """Join, divide and convert; each of these goes on where it was interrupted."""
    direct = version == VERSION and not ratios
    joined = out if direct else work / 'joined'
    if not _complete(joined):
        merge(parts, joined, report)
    if direct:
        return [joined]
    if not ratios:
        if not _complete(out):
            convert(joined, out, version, report)
        return [out]
    count = len(dataset_metadata.load(joined).episodes)
    divided = out if version == VERSION else work / 'divided'
    targets = {divided / name: episodes
               for name, episodes in shares(count, ratios, seed).items() if episodes}
    left = {target: episodes for target, episodes in targets.items() if not _complete(target)}
    if left:
        split(joined, left, report)
    if version == VERSION:
        return list(targets)
    for target in targets:
        if not _complete(out / target.name):
            convert(target, out / target.name, version, report)
    return [out / target.name for target in targets]


def _complete(root: Path) -> bool:
    return dataset_metadata.exists(root) and not (root / '.staging').exists()


def _check_place(out: Path, work: Path) -> None:
    """Refuse a folder in which something else lies."""
    if out.exists() and any(out.iterdir()) and not work.exists():
        raise EpisodeError(f'{out}: is not empty; choose another folder, and join data sets with '
                           'python -m vla_datasets merge')


def _mark(out: Path, plan: dict, export: Export) -> None:
    """Note what was done, so that the same command says so and does nothing."""
    folder = out / 'meta' if (out / 'meta').is_dir() else out
    write_whole(folder / MARK, json.dumps({
        'plan': plan, 'datasets': [str(path.relative_to(out)) for path in export.datasets],
        'results': [vars(result) for result in export.results]}, ensure_ascii=False, indent=1))


def _finished(out: Path, plan: dict) -> Export | None:
    for path in (out / 'meta' / MARK, out / MARK):
        try:
            content = json.loads(path.read_text(encoding='utf-8'))
        except (OSError, ValueError):
            continue
        if content['plan'] == plan:
            return Export(tuple(out / name for name in content['datasets']),
                          tuple(BagResult(**entry) for entry in content['results']))
    return None
