"""Files that are either the old one or the new one, never half of a new one.

A file is written beside its place under a name that ends in `.partial`, brought to the disk, and
then renamed over its place; renaming is atomic on POSIX file systems. Names that end in `.partial`
match no pattern that a reader of LeRobot data sets looks for.
"""
from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .errors import DatasetError, DiskFullError

PARTIAL = '.partial'
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_disk_full(error: BaseException) -> bool:
    """True when an error of Python, Arrow or FFmpeg says that there is no room left."""
    code = getattr(error, 'errno', None)
    if code is None and (found := re.search(r'errno (\d+)', str(error))):
        code = int(found.group(1))
    return code in _FULL


@contextlib.contextmanager
def naming_full_disk(what: str) -> Iterator[None]:
    """Turn any error that means a full disk into a DiskFullError that says what was written."""
    try:
        yield
    except DiskFullError:
        raise
    except Exception as error:
        if not is_disk_full(error):
            raise
        raise DiskFullError(
            f'no room on the disk while writing {what}: what was saved before is complete; '
            'free some space and resume') from error


def sync(path: Path) -> None:
    """Bring a file or a directory entry to the disk, so that it survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def partial_path(path: Path) -> Path:
    """Where the next version of `path` is written before it takes its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(path.name + PARTIAL)


def put_in_place(path: Path) -> None:
    """Let the finished partial file of `path` take its place, durably."""
    partial = partial_path(path)
    sync(partial)
    partial.replace(path)
    sync(path.parent)


def write_text(path: Path, text: str) -> None:
    """Replace a text file atomically."""
    with naming_full_disk(str(path)):
        partial_path(path).write_text(text)
        put_in_place(path)


def write_json(path: Path, content: Any) -> None:
    """Replace a JSON file atomically."""
    write_text(path, json.dumps(content, indent=4, ensure_ascii=False) + '\n')


def write_table(path: Path, table: pa.Table) -> None:
    """Replace a parquet file atomically."""
    with naming_full_disk(str(path)):
        pq.write_table(table, partial_path(path), compression='snappy')
        put_in_place(path)


def read_json(path: Path) -> Any:
    """Read a JSON file; a missing or damaged one is refused by its path."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError as error:
        raise DatasetError(f'{path}: no such file; is this the folder of a data set?') from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DatasetError(f'{path}: not readable as JSON ({error})') from error


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a parquet file; a missing or damaged one is refused by its path."""
    try:
        with pq.ParquetFile(path) as file:
            return file.read(columns=columns)
    except FileNotFoundError as error:
        raise DatasetError(f'{path}: missing') from error
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f'{path}: damaged parquet file ({error})') from error


def remove_partial_files(root: Path) -> None:
    """Remove what interrupted writers left half written."""
    for leftover in root.rglob('*' + PARTIAL):
        leftover.unlink()


class FolderLock:
    """Held by the one process that writes; the system lets go of it when that process ends."""

    def __init__(self, folder: Path, refusal: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._descriptor: int | None = os.open(folder / 'lock', os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.release()
            raise DatasetError(refusal) from error

    def release(self) -> None:
        """Let go; a second time does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
