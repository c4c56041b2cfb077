"""Blocks of shared memory between processes, without locks: a named layout and a sequence lock.

A block is a file in the machine's memory file system, mapped by both sides. Its layout is one NumPy
structured dtype, guarded by a magic word, a version and a digest of the layout, so that two sides
of different versions refuse each other instead of misreading.

A `Seqlock` guards one record with one writer and any number of readers (Lameter 2005, "Effective
synchronization on Linux/NUMA systems"): the writer makes the counter odd, writes, makes it even;
a reader copies and tries again when the counter was odd or has moved. A checksum over the record
makes a torn copy detectable on machines with a weaker memory order than x86 as well.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import tempfile
import zlib
from pathlib import Path

import numpy as np

__all__ = ['Seqlock', 'SharedBlock', 'SharedMemoryError', 'block_name', 'seqlock_dtype']

_HEADER = np.dtype([('magic', 'S8'), ('version', '<u4'), ('digest', '<u4'), ('ready', '<u8')])
_HEADER_SIZE = 64


class SharedMemoryError(RuntimeError):
    """A block is missing, of another layout, or was not written in time."""


def _folder() -> Path:
    memory = Path('/dev/shm')
    return memory if memory.is_dir() and os.access(memory, os.W_OK) else Path(tempfile.gettempdir())


def _digest(layout: np.dtype) -> int:
    text = repr(layout.descr if layout.names else layout)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], 'little')


class SharedBlock:
    """A mapped record of one structured dtype.

    Use `create` on the owning side (it replaces a left-over of the same name) and `attach` on the
    other; `record` is the mapped record, whose fields are read and written in place.
    """

    def __init__(self, path: Path, layout: np.dtype, mapping: mmap.mmap, owner: bool) -> None:
        self._path = path
        self._mapping = mapping
        self._owner = owner
        self.layout = layout
        self.record = np.ndarray((), dtype=layout, buffer=mapping, offset=_HEADER_SIZE)

    @staticmethod
    def path(name: str) -> Path:
        """File that holds the named block."""
        if not name or '/' in name or '\0' in name:
            raise SharedMemoryError(f'shared block name {name!r} must be a plain file name')
        return _folder() / f'vla_{name}'

    @classmethod
    def create(cls, name: str, magic: str, version: int, layout: np.dtype) -> SharedBlock:
        """Make the block, zeroed, readable and writable by this user only."""
        path = cls.path(name)
        draft = path.with_name(f'{path.name}.{os.getpid()}')
        descriptor = os.open(draft, os.O_CREAT | os.O_RDWR | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, _HEADER_SIZE + layout.itemsize)
            mapping = mmap.mmap(descriptor, _HEADER_SIZE + layout.itemsize)
        finally:
            os.close(descriptor)
        header = np.ndarray((), dtype=_HEADER, buffer=mapping)
        header['magic'] = magic.encode()
        header['version'] = version
        header['digest'] = _digest(layout)
        draft.replace(path)
        return cls(path, layout, mapping, owner=True)

    @classmethod
    def attach(cls, name: str, magic: str, version: int, layout: np.dtype) -> SharedBlock:
        """Map a block another process made; SharedMemoryError when absent or of another layout."""
        path = cls.path(name)
        try:
            with path.open('r+b') as file:
                size = os.fstat(file.fileno()).st_size
                if size < _HEADER_SIZE:
                    raise SharedMemoryError(f'shared block {name!r} is not one of ours')
                mapping = mmap.mmap(file.fileno(), size)
        except FileNotFoundError:
            raise SharedMemoryError(
                f'no shared block {name!r}: is the process that owns it running?'
            ) from None
        header = np.ndarray((), dtype=_HEADER, buffer=mapping)
        expected = (magic.encode(), version, _digest(layout), _HEADER_SIZE + layout.itemsize)
        found = (header['magic'].item(), int(header['version']), int(header['digest']), size)
        if found != expected:
            raise SharedMemoryError(
                f'shared block {name!r} has another layout (version {int(header["version"])}, '
                f'here {version}): start both sides from the same version'
            )
        return cls(path, layout, mapping, owner=False)

    def close(self) -> None:
        """Let go of the block; the owner removes its name, the other side's mapping lives on."""
        if self._owner:
            self._owner = False
            if self._path.exists() and self._path.stat().st_ino:
                self._path.unlink(missing_ok=True)


def block_name(content: str, namespace: str, robot: str) -> str:
    """Name of a block of one robot: its ROS domain and namespace keep it apart from others."""
    place = namespace.strip('/').replace('/', '-')
    domain = os.environ.get('ROS_DOMAIN_ID') or '0'
    return '_'.join(filter(None, (content, domain, place, robot)))


def seqlock_dtype(payload: np.dtype) -> np.dtype:
    """Record of a sequence-locked payload."""
    return np.dtype([('sequence', '<u8'), ('checksum', '<u8'), ('payload', payload)], align=True)


class Seqlock:
    """One side of a sequence-locked record inside a SharedBlock.

    `local` is this side's own copy: the writer fills it and calls `write`; the reader calls `read`,
    which refreshes it. Nothing is allocated but small integers.
    """

    def __init__(self, field: np.ndarray) -> None:
        field = field.reshape(())  # one record; an array, so that its fields are views
        payload = field['payload']
        self.local = np.zeros((), dtype=payload.dtype)
        self._sequence = field['sequence'].reshape(1)
        self._checksum = field['checksum'].reshape(1)
        # memoryviews: indexing and slice copies cost a tenth of NumPy's
        self._sequence_view = memoryview(self._sequence)
        self._checksum_view = memoryview(self._checksum)
        self._shared_bytes = memoryview(payload.reshape(1).view(np.uint8).reshape(-1))
        self._local_bytes = memoryview(self.local.reshape(1).view(np.uint8).reshape(-1))
        self._seen = 0

    @property
    def sequence(self) -> int:
        """Counter of the shared record; 0 when it was never written."""
        return self._sequence_view[0]

    def write(self) -> None:
        """Publish `local`."""
        sequence = self._sequence_view[0] | 1
        self._sequence_view[0] = sequence
        self._shared_bytes[:] = self._local_bytes
        self._checksum_view[0] = zlib.crc32(self._local_bytes)
        self._sequence_view[0] = sequence + 1

    def changed(self) -> bool:
        """Whether a record was written that `read` has not taken yet."""
        return self._sequence_view[0] != self._seen

    def try_read(self, attempts: int = 3) -> bool:
        """Copy the shared record to `local`; False when it is not there whole."""
        for _ in range(attempts):
            sequence = self._sequence_view[0]
            if sequence == 0:
                return False
            if sequence & 1:
                continue
            self._local_bytes[:] = self._shared_bytes
            checksum = self._checksum_view[0]
            if self._sequence_view[0] == sequence and zlib.crc32(self._local_bytes) == checksum:
                self._seen = sequence
                return True
        return False

    def read(self, attempts: int = 100_000) -> np.ndarray:
        """Copy the shared record to `local` and return it."""
        if not self.try_read(attempts):
            raise SharedMemoryError('the shared record was never written, or its writer died in it')
        return self.local
