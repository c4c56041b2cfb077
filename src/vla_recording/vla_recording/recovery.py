"""
Mending a bag whose recording was cut: by ``kill -9``, a full disk or a loss of power.

A file is read record by record up to the first that is torn; whole messages of a torn chunk are
kept where it is not compressed. Then the file is cut there, its index is written, and
``metadata.yaml`` is made anew from all files. Files that are whole stay as they are, so mending may
itself be interrupted and run again.
"""
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import yaml
import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.reader import make_reader
from mcap.records import Channel, Chunk, ChunkIndex, Message, Metadata, MetadataIndex, Schema

from vla_recording.bag_metadata import METADATA, BagMetadata, BagTopic, FileSpan
from vla_recording.bag_writer import BALLAST, EPISODE_RECORD, write_whole
from vla_recording.errors import BagError
from vla_recording.mcap_file import MAGIC, FileIndex, McapWriter, open_unbuffered

__all__ = ['FileReport', 'Recovery', 'recover', 'unfinished']

RECOVERY_RECORD = 'vla_recovery'
_HEAD = struct.Struct('<BQ')
_CHUNK_FIELDS = struct.Struct('<QQQI')


@dataclass(frozen=True)
class FileReport:
    """What was found in one file: ``cut_bytes`` could not be read and are gone."""

    name: str
    whole: bool
    messages: int
    cut_bytes: int


@dataclass
class Recovery:
    """What a mended bag holds."""

    bag: Path
    files: list[FileReport] = field(default_factory=list)
    messages: int = 0
    duration_s: float = 0.0

    @property
    def was_whole(self) -> bool:
        """Whether no file had to be mended."""
        return all(file.whole for file in self.files)


@dataclass
class _Scan:
    """What of a torn file can be read."""

    index: FileIndex
    end: int
    torn_chunk: list[tuple[int, bytes]] = field(default_factory=list)
    records: dict[str, dict[str, str]] = field(default_factory=dict)


def recover(bag: Path) -> Recovery:
    """Mend ``bag``, a folder; BagError when it holds nothing that can be read."""
    if not bag.is_dir():
        raise BagError(f'{bag}: no such folder')
    paths = sorted(bag.glob('*.mcap'), key=_number)
    if not paths:
        raise BagError(f'{bag}: holds no MCAP file')
    (bag / BALLAST).unlink(missing_ok=True)
    result, metadata = Recovery(bag), BagMetadata(topics=[], counts={}, files=[], custom_data={})
    for path in paths:
        try:
            index, records, report = _mend(path)
        except OSError as error:
            raise BagError(f'{path}: {error.strerror}') from error
        result.files.append(report)
        if index is None:
            continue
        metadata.files.append(FileSpan(
            path.name, index.start_ns, index.end_ns, index.message_count))
        _add_topics(metadata, index)
        metadata.custom_data.update(records.get(EPISODE_RECORD, {}))
    if not metadata.files:
        raise BagError(f'{bag}: nothing of it can be read')
    if not result.was_whole:
        metadata.custom_data['recovered'] = 'true'
    if not result.was_whole or not (bag / METADATA).is_file():
        write_whole(bag / METADATA, metadata.text())
    full = [span for span in metadata.files if span.message_count]
    result.messages = metadata.message_count
    if full:
        result.duration_s = (max(span.end_ns for span in full)
                             - min(span.start_ns for span in full)) / 1e9
    return result


def unfinished(folder: Path) -> list[Path]:
    """Bags below ``folder`` whose recording was cut."""
    return sorted({path.parent for path in folder.glob('*/*.mcap')
                   if not (path.parent / METADATA).is_file()})


def _number(path: Path) -> tuple[int, str]:
    tail = path.stem.rpartition('_')[2]
    return (int(tail) if tail.isdecimal() else -1, path.name)


def _mend(path: Path) -> tuple[FileIndex | None, dict[str, dict[str, str]], FileReport]:
    size = path.stat().st_size
    whole = _read_whole(path)
    if whole is not None:
        index, records = whole
        return index, records, FileReport(path.name, True, index.message_count, 0)
    with open_unbuffered(path, 'r+b') as stream:
        scan = _scan(stream, size)
        if scan is None:
            return None, {}, FileReport(path.name, False, 0, size)
        stream.truncate(scan.end)
        stream.seek(scan.end)
        writer = McapWriter.take_up(stream, scan.index)
        for opcode, body in scan.torn_chunk:
            _put_back(writer, opcode, body)
        salvaged = writer.size - scan.end
        writer.add_metadata(RECOVERY_RECORD, {'cut_bytes': str(max(0, size - scan.end - salvaged))})
        writer.finish()
        os.fsync(stream.fileno())
    return scan.index, scan.records, FileReport(
        path.name, False, scan.index.message_count, max(0, size - scan.end - salvaged))


def _put_back(writer: McapWriter, opcode: int, body: bytes) -> None:
    if opcode == Opcode.MESSAGE:
        message = Message.read(ReadDataStream(BytesIO(body)), len(body))
        if message.channel_id in writer.index.channels:
            writer.add_message(message.channel_id, message.log_time, message.publish_time,
                               message.data, message.sequence)
    else:
        _register(writer.index, opcode, body)
        writer.add_record(opcode, body)


def _read_whole(path: Path) -> tuple[FileIndex, dict[str, dict[str, str]]] | None:
    """Index and metadata records of a file that has its end; None for one that was cut."""
    try:
        with path.open('rb') as stream:
            stream.seek(-len(MAGIC), os.SEEK_END)
            if stream.read() != MAGIC:
                return None
            stream.seek(0)
            reader = make_reader(stream)
            summary = reader.get_summary()
            records = {record.name: record.metadata for record in reader.iter_metadata()}
    except (OSError, McapError, struct.error, UnicodeDecodeError, EOFError):
        return None
    if summary is None or summary.statistics is None:
        return None
    statistics = summary.statistics
    return FileIndex(
        schemas=summary.schemas, channels=summary.channels, chunks=summary.chunk_indexes,
        counts=dict(statistics.channel_message_counts),
        start_ns=statistics.message_start_time, end_ns=statistics.message_end_time), records


def _scan(stream: BinaryIO, size: int) -> _Scan | None:
    """Read records up to the first that is torn; None for a file that does not even begin."""
    if stream.read(len(MAGIC)) != MAGIC:
        return None
    scan = _Scan(FileIndex(), len(MAGIC))
    while True:
        begin = stream.tell()
        head = stream.read(_HEAD.size)
        if len(head) < _HEAD.size:
            break
        opcode, length = _HEAD.unpack(head)
        if opcode in (Opcode.DATA_END, Opcode.FOOTER) or opcode not in _KNOWN:
            break
        body = stream.read(min(length, size - stream.tell()))
        if not _take(scan, opcode, body, begin, whole=len(body) == length):
            break
        scan.end = stream.tell()
    return scan if scan.end > len(MAGIC) else None


def _take(scan: _Scan, opcode: int, body: bytes, begin: int, whole: bool) -> bool:
    """Note one record; False when it is torn."""
    index = scan.index
    try:
        if opcode == Opcode.CHUNK:
            return _take_chunk(scan, body, begin, whole)
        if not whole:
            return False
        if opcode == Opcode.METADATA:
            record = Metadata.read(ReadDataStream(BytesIO(body)))
            index.metadata.append(MetadataIndex(
                offset=begin, length=len(body) + _HEAD.size, name=record.name))
            scan.records[record.name] = record.metadata
        elif opcode == Opcode.MESSAGE_INDEX and index.chunks:
            chunk = index.chunks[-1]
            chunk.message_index_offsets[struct.unpack_from('<H', body)[0]] = begin
            chunk.message_index_length += len(body) + _HEAD.size
    except (McapError, struct.error, UnicodeDecodeError):
        return False
    return True


def _take_chunk(scan: _Scan, body: bytes, begin: int, whole: bool) -> bool:
    start_ns, end_ns, size, crc = _CHUNK_FIELDS.unpack_from(body)
    if not whole:
        place = _CHUNK_FIELDS.size
        (name_length,) = struct.unpack_from('<I', body, place)
        if name_length == 0:
            scan.torn_chunk = list(_records(body[place + 4 + 8:]))
        return False
    chunk = Chunk.read(ReadDataStream(BytesIO(body)))
    data = chunk.data
    try:
        if chunk.compression == 'zstd':
            data = zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    except zstandard.ZstdError:
        return False
    if crc and zlib.crc32(data) != crc:
        if not chunk.compression:
            scan.torn_chunk = list(_records(data))
        return False
    counts: dict[int, int] = {}
    for opcode, record in _records(data):
        if opcode == Opcode.MESSAGE:
            channel = struct.unpack_from('<H', record)[0]
            counts[channel] = counts.get(channel, 0) + 1
        else:
            _register(scan.index, opcode, record)
    scan.index.add_chunk(ChunkIndex(
        chunk_length=len(body) + _HEAD.size, chunk_start_offset=begin,
        compression=chunk.compression, compressed_size=len(chunk.data),
        message_end_time=end_ns, message_index_length=0, message_index_offsets={},
        message_start_time=start_ns, uncompressed_size=size), counts)
    return True


def _register(index: FileIndex, opcode: int, record: bytes) -> None:
    if opcode == Opcode.SCHEMA:
        schema = Schema.read(ReadDataStream(BytesIO(record)))
        index.schemas[schema.id] = schema
    elif opcode == Opcode.CHANNEL:
        channel = Channel.read(ReadDataStream(BytesIO(record)))
        index.channels[channel.id] = channel
        index.counts.setdefault(channel.id, 0)


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Whole schema, channel and message records of the content of a chunk."""
    view, place = memoryview(data), 0
    while place + _HEAD.size <= len(view):
        opcode, length = _HEAD.unpack_from(view, place)
        place += _HEAD.size
        if opcode not in (Opcode.SCHEMA, Opcode.CHANNEL, Opcode.MESSAGE):
            return
        if place + length > len(view):
            return
        yield opcode, bytes(view[place:place + length])
        place += length


_KNOWN = {Opcode.HEADER, Opcode.CHUNK, Opcode.MESSAGE_INDEX, Opcode.METADATA, Opcode.ATTACHMENT,
          Opcode.SCHEMA, Opcode.CHANNEL}


def _add_topics(metadata: BagMetadata, index: FileIndex) -> None:
    known = {topic.name for topic in metadata.topics}
    for number, channel in index.channels.items():
        metadata.counts[channel.topic] = (
            metadata.counts.get(channel.topic, 0) + index.counts.get(number, 0))
        schema = index.schemas.get(channel.schema_id)
        if channel.topic in known or schema is None:
            continue
        try:
            offered = yaml.safe_load(channel.metadata.get('offered_qos_profiles', '')) or []
        except yaml.YAMLError:
            offered = []
        metadata.topics.append(BagTopic(
            channel.topic, schema.name, schema.data.decode(errors='replace'),
            channel.metadata.get('topic_type_hash', ''), tuple(offered)))
        known.add(channel.topic)
