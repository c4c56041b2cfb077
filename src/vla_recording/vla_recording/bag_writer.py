"""
A rosbag2 bag, written so that a kill or a full disk costs at most what the last chunk lacks.

A bag is a folder: ``<bag>_0.mcap``, ``<bag>_1.mcap`` … and, once it is closed, ``metadata.yaml``.
No ROS is needed: topics come with their definitions, messages serialised.
"""
import contextlib
import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from vla_recording.bag_metadata import METADATA, BagMetadata, BagTopic, FileSpan
from vla_recording.errors import BagError
from vla_recording.mcap_file import McapWriter, open_unbuffered

__all__ = ['BAG_RECORD', 'BALLAST', 'EPISODE_RECORD', 'BagWriter', 'DiskError', 'write_whole']

#: Name of the MCAP metadata record with what `custom_data` of metadata.yaml holds.
EPISODE_RECORD = 'vla_episode'
BAG_RECORD = 'rosbag2'
BALLAST = '.ballast'
BALLAST_BYTES = 4 << 20
_CUTS = 3
_FULL = {errno.ENOSPC: 'the disk is full', errno.EDQUOT: 'the quota is used up',
         errno.EFBIG: 'the file may not grow further', errno.EROFS: 'the disk is read-only'}


class DiskError(BagError):
    """The disk takes no more; what was written before is kept."""


class BagWriter:
    """
    Writes one bag.

    ``split_bytes`` is how large a file becomes before the next begins (0: never), ``compression``
    is '' or 'zstd'. DiskError from any method means that nothing more can be written; `close`
    then still ends the files properly, with room that was set aside for that.
    """

    def __init__(
        self, path: Path, custom_data: Mapping[str, str] | None = None, *,
        split_bytes: int = 0, compression: str = '', chunk_bytes: int = 4 << 20,
    ) -> None:
        self.path = path
        self.lost_in_chunk = 0
        self._custom_data = dict(custom_data or {})
        self._split_bytes = split_bytes
        self._options = {'compression': compression, 'chunk_bytes': chunk_bytes}
        self._topics: dict[str, BagTopic] = {}
        self._counts: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        self._schemas: dict[str, int] = {}
        self._spans: list[FileSpan] = []
        self._finished_bytes = 0
        self._current: Path | None = None
        self._unsynced: list[Path] = []
        try:
            path.mkdir(parents=True)
        except FileExistsError as error:
            raise BagError(f'{path}: exists already; choose another name') from error
        except OSError as error:
            raise DiskError(f'{path}: {_reason(error)}') from error
        with _naming(path):
            _write_ballast(path / BALLAST)
            self._open_file()

    @property
    def size(self) -> int:
        """Bytes of all files so far."""
        return self._finished_bytes + (0 if self._stream.closed else self._writer.size)

    def add_topic(self, topic: BagTopic) -> None:
        """Take a topic before its first message."""
        self._topics[topic.name] = topic
        self._register(topic)

    def write(
        self, topic: str, log_time_ns: int, publish_time_ns: int, data: bytes, sequence: int = 0,
    ) -> None:
        """Write one serialised message (CDR with its four-byte header)."""
        with _naming(self.path):
            self._writer.add_message(
                self._channels[topic], log_time_ns, publish_time_ns, data, sequence)
            if self._split_bytes and self._writer.size >= self._split_bytes:
                self._finish_file()
                self._open_file()

    def flush(self) -> None:
        """Hand every message so far to the system: a kill costs nothing of them any more."""
        with _naming(self.path):
            self._writer.close_chunk()

    def sync(self) -> None:
        """
        Bring all that the system has been handed to the disk, so that it survives a loss of power.

        Takes as long as the disk likes, and may be called from another thread.
        """
        for path in list(self._unsynced):
            _sync(path)
            if path != self._current:
                self._unsynced.remove(path)

    def close(self, custom_data: Mapping[str, str] | None = None) -> None:
        """End the bag. DiskError when its end could not be written: it then wants `recover`."""
        self._custom_data.update(custom_data or {})
        (self.path / BALLAST).unlink(missing_ok=True)
        try:
            with _naming(self.path):
                try:
                    self._writer.close_chunk()
                except OSError:
                    self.lost_in_chunk += self._writer.drop_chunk()
                self._finish_last_file()
                write_whole(self.path / METADATA, self._metadata().text(), sync=False)
                self._current = None
                self._unsynced += [self.path / METADATA, self.path]
        except DiskError:
            with contextlib.suppress(OSError):
                self._stream.close()
            raise

    def _open_file(self) -> None:
        span = FileSpan(f'{self.path.name}_{len(self._spans)}.mcap')
        self._stream: BinaryIO = open_unbuffered(self.path / span.path, 'xb')
        self._current = self.path / span.path
        self._unsynced.append(self._current)
        self._writer = McapWriter(self._stream, **self._options)
        self._spans.append(span)
        self._schemas, self._channels = {}, {}
        self._write_metadata_records()
        for topic in self._topics.values():
            self._register(topic)

    def _register(self, topic: BagTopic) -> None:
        if topic.type_name not in self._schemas:
            self._schemas[topic.type_name] = self._writer.add_schema(
                topic.type_name, topic.definition)
        self._channels[topic.name] = self._writer.add_channel(
            topic.name, self._schemas[topic.type_name], topic.channel_metadata())

    def _finish_file(self) -> None:
        self._writer.close_chunk()
        index, span = self._writer.index, self._spans[-1]
        span.start_ns, span.end_ns = index.start_ns, index.end_ns
        span.message_count = index.message_count
        for channel, count in index.counts.items():
            name = index.channels[channel].topic
            self._counts[name] = self._counts.get(name, 0) + count
        self._write_metadata_records()
        self._writer.finish()
        self._finished_bytes += self._stream.tell()
        self._stream.close()

    def _finish_last_file(self) -> None:
        """End the file, if need be in the place of its last chunks."""
        counts = dict(self._counts)
        for _ in range(_CUTS):
            try:
                self._finish_file()
                return
            except OSError:
                self._counts = dict(counts)
                self.lost_in_chunk += self._writer.cut_back()
        self._finish_file()

    def _write_metadata_records(self) -> None:
        self._writer.add_metadata(BAG_RECORD, {'serialized_metadata': self._metadata().text()})
        if self._custom_data:
            self._writer.add_metadata(EPISODE_RECORD, self._custom_data)

    def _metadata(self) -> BagMetadata:
        return BagMetadata(
            tuple(self._topics.values()), self._counts, tuple(self._spans), self._custom_data)


def write_whole(path: Path, text: str, sync: bool = True) -> None:
    """Write a text file that is there whole or not at all; with ``sync``, on the disk."""
    beside = path.with_name(f'.{path.name}.partial')
    try:
        beside.write_text(text, encoding='utf-8')
        if sync:
            _sync(beside)
        beside.replace(path)
        if sync:
            _sync(path.parent)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_ballast(path: Path) -> None:
    """Room that is given back when the disk is full, for the end of the files."""
    with path.open('wb') as stream:
        stream.write(bytes(BALLAST_BYTES))


@contextlib.contextmanager
def _naming(path: Path):
    try:
        yield
    except OSError as error:
        raise DiskError(f'{path}: {_reason(error)}; what was written is kept') from error


def _reason(error: OSError) -> str:
    return _FULL.get(error.errno, error.strerror or str(error))
