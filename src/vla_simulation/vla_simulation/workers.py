"""Work spread over processes, each with a world of its own, with a progress bar on stderr."""
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ['progress_bar', 'spread']

ItemT = TypeVar('ItemT')


def progress_bar() -> Progress:
    """A bar on stderr: what, how many of how many, how long still."""
    return Progress(
        TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(),
        TextColumn('{task.fields[note]}'), TimeRemainingColumn(), console=Console(stderr=True))


def spread(
    start: Callable[..., Callable[[ItemT], Any]], settings: Sequence[Any],
    items: Iterable[ItemT], workers: int,
) -> Iterator[tuple[ItemT, Any]]:
    """
    Yield (item, result) as they are done.

    ``start(*settings)`` is called once in each process and returns what is called with an item.
    One worker works in this process. Both must be importable where there are more.
    """
    items = list(items)
    if workers < 1:
        raise ValueError(f'workers: must be at least 1 (got {workers})')
    if workers == 1 or len(items) < 2:
        work = start(*settings)
        for item in items:
            yield item, work(item)
        return
    context = multiprocessing.get_context('spawn')
    with context.Pool(min(workers, len(items)), _begin, (start, tuple(settings))) as pool:
        yield from pool.imap_unordered(_do, items)


_work: Callable[[Any], Any] | None = None


def _begin(start: Callable, settings: tuple) -> None:
    global _work
    _work = start(*settings)


def _do(item: Any) -> tuple[Any, Any]:
    return item, _work(item)
