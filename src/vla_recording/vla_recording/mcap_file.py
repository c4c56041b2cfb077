"""
One MCAP file, written chunk by chunk, so that a cut costs what was not yet in a chunk.

The records are those of the library ``mcap``; its own writer closes a chunk only when it is full,
which for a quiet recording is minutes. Here the caller says when, and a file that was cut can be
taken up again: `McapWriter.take_up` continues with the index that a scan has found.
Format: https://mcap.dev/spec.
"""
import errno
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import zstandard
from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.records import (
    Channel,
    Chunk,
    ChunkIndex,
    DataEnd,
    Footer,
    Header,
    MessageIndex,
    Metadata,
    MetadataIndex,
    Schema,
    Statistics,
    SummaryOffset,
)
from mcap.writer import MCAP0_MAGIC

__all__ = ['MAGIC', 'PROFILE', 'FileIndex', 'McapWriter', 'message_head', 'open_unbuffered']

MAGIC = MCAP0_MAGIC
PROFILE = 'ros2'
LIBRARY = 'vla_recording'
_MESSAGE = struct.Struct('<BQHIQQ')
_MESSAGE_FIELDS = 22


def message_head(
    channel: int, sequence: int, log_time_ns: int, publish_time_ns: int, size: int,
) -> bytes:
    """What stands before the ``size`` bytes of a message in its record."""
    return _MESSAGE.pack(Opcode.MESSAGE, size + _MESSAGE_FIELDS, channel,
                         sequence & 0xffffffff, log_time_ns, publish_time_ns)


@dataclass
class FileIndex:
    """What the summary at the end of a file says; counts are of messages by channel."""

    schemas: dict[int, Schema] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    chunks: list[ChunkIndex] = field(default_factory=list)
    metadata: list[MetadataIndex] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)
    start_ns: int = 0
    end_ns: int = 0
    chunk_counts: list[dict[int, int]] = field(default_factory=list)

    @property
    def message_count(self) -> int:
        """Messages in all chunks."""
        return sum(self.counts.values())

    def add_chunk(self, entry: ChunkIndex, counts: dict[int, int]) -> None:
        """Take a chunk that lies whole in the file, with its messages by channel."""
        if counts:
            first = not self.message_count
            self.start_ns = (entry.message_start_time if first
                             else min(self.start_ns, entry.message_start_time))
            self.end_ns = max(self.end_ns, entry.message_end_time)
        self.chunks.append(entry)
        self.chunk_counts.append(counts)
        for channel, count in counts.items():
            self.counts[channel] = self.counts.get(channel, 0) + count

    def forget_chunk(self) -> ChunkIndex:
        """Take back the last chunk that was added."""
        entry, counts = self.chunks.pop(), self.chunk_counts.pop()
        for channel, count in counts.items():
            self.counts[channel] -= count
        full = [chunk for chunk, held in zip(self.chunks, self.chunk_counts) if held]
        self.start_ns = min((chunk.message_start_time for chunk in full), default=0)
        self.end_ns = max((chunk.message_end_time for chunk in full), default=0)
        return entry

    def statistics(self) -> Statistics:
        """The statistics record."""
        return Statistics(
            attachment_count=0, channel_count=len(self.channels),
            channel_message_counts=dict(sorted(self.counts.items())),
            chunk_count=len(self.chunks), message_count=self.message_count,
            message_end_time=self.end_ns, message_start_time=self.start_ns,
            metadata_count=len(self.metadata), schema_count=len(self.schemas))


class _OpenChunk:
    """Records that are not in the file yet."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0
        self.messages: dict[int, list[tuple[int, int]]] = {}
        self.start_ns = self.end_ns = 0

    def add_record(self, record: bytes) -> None:
        self.parts.append(record)
        self.size += len(record)

    def add_message(self, channel: int, log_time_ns: int, head: bytes, data: bytes) -> None:
        if not self.messages:
            self.start_ns = self.end_ns = log_time_ns
        elif log_time_ns < self.start_ns:
            self.start_ns = log_time_ns
        elif log_time_ns > self.end_ns:
            self.end_ns = log_time_ns
        self.messages.setdefault(channel, []).append((log_time_ns, self.size))
        self.parts += (head, data)
        self.size += len(head) + len(data)


class McapWriter:
    """
    Writes one file.

    ``stream`` is open for writing and unbuffered, so that a closed chunk is in the hands of the
    system. When a chunk cannot be written the file stays as it was before, and the chunk open:
    `close_chunk` may be tried again.
    """

    def __init__(
        self, stream: BinaryIO, *, compression: str = '', chunk_bytes: int = 4 << 20,
        index: FileIndex | None = None,
    ) -> None:
        self.index = index or FileIndex()
        self._stream = stream
        self._compression = compression
        self._compress: Callable[[bytes], bytes] = (
            zstandard.ZstdCompressor(level=1).compress if compression == 'zstd' else bytes)
        self._chunk_bytes = chunk_bytes
        self._chunk = _OpenChunk()
        if index is None:
            self._put(MAGIC + _record(Header(profile=PROFILE, library=LIBRARY)))

    @classmethod
    def take_up(cls, stream: BinaryIO, index: FileIndex) -> 'McapWriter':
        """Go on at the place of ``stream`` in a file whose whole chunks ``index`` describes."""
        return cls(stream, index=index)

    @property
    def size(self) -> int:
        """Bytes of the file so far, with the chunk that is still open."""
        return self._stream.tell() + self._chunk.size

    @property
    def open_messages(self) -> int:
        """Messages that a kill would cost now."""
        return sum(map(len, self._chunk.messages.values()))

    def add_schema(self, name: str, text: str) -> int:
        """Register a message type with its definition (encoding 'ros2msg'); its id."""
        schema = Schema(id=len(self.index.schemas) + 1, name=name, encoding='ros2msg',
                        data=text.encode())
        self.index.schemas[schema.id] = schema
        self._chunk.add_record(_record(schema))
        return schema.id

    def add_channel(self, topic: str, schema: int, metadata: dict[str, str]) -> int:
        """Register a topic of serialised messages (encoding 'cdr'); its id."""
        channel = Channel(id=len(self.index.channels) + 1, topic=topic, message_encoding='cdr',
                          metadata=metadata, schema_id=schema)
        self.index.channels[channel.id] = channel
        self.index.counts[channel.id] = 0
        self._chunk.add_record(_record(channel))
        return channel.id

    def add_message(
        self, channel: int, log_time_ns: int, publish_time_ns: int, data: bytes,
        sequence: int = 0,
    ) -> None:
        """Add a message; a chunk that is full is closed."""
        self._chunk.add_message(channel, log_time_ns, message_head(
            channel, sequence, log_time_ns, publish_time_ns, len(data)), data)
        if self._chunk.size >= self._chunk_bytes:
            self.close_chunk()

    def add_record(self, opcode: int, body: bytes) -> None:
        """Add a schema or channel record that ``index`` knows already."""
        self._chunk.add_record(struct.pack('<BQ', opcode, len(body)) + body)

    def close_chunk(self) -> None:
        """Bring all records so far into the file; without any, do nothing."""
        chunk = self._chunk
        if not chunk.size:
            return
        data = b''.join(chunk.parts)
        stored = self._compress(data)
        begin = self._stream.tell()
        record = _record(Chunk(
            compression=self._compression, data=stored, message_start_time=chunk.start_ns,
            message_end_time=chunk.end_ns, uncompressed_crc=zlib.crc32(data),
            uncompressed_size=len(data)))
        builder, offsets = RecordBuilder(), {}
        for channel, entries in chunk.messages.items():
            offsets[channel] = begin + len(record) + builder.count
            MessageIndex(channel_id=channel, records=entries).write(builder)
        index = builder.end()
        try:
            self._put(record)
            self._put(index)
        except OSError:
            self._stream.truncate(begin)
            self._stream.seek(begin)
            raise
        self._chunk = _OpenChunk()
        self.index.add_chunk(ChunkIndex(
            chunk_length=len(record), chunk_start_offset=begin, compression=self._compression,
            compressed_size=len(stored), message_end_time=chunk.end_ns,
            message_index_length=len(index), message_index_offsets=offsets,
            message_start_time=chunk.start_ns, uncompressed_size=len(data)),
            {channel: len(entries) for channel, entries in chunk.messages.items()})

    def drop_chunk(self) -> int:
        """Forget what is in no chunk yet, and return how many messages that were."""
        lost = self.open_messages
        self._chunk = _OpenChunk()
        return lost

    def cut_back(self) -> int:
        """
        Give up the last chunk so that the end of the file has room; how many messages that costs.

        OSError when there is no chunk left to give up.
        """
        before = self.index.message_count
        if not self.index.chunks:
            raise OSError(errno.EFBIG, 'no room for the end of the file')
        place = self.index.forget_chunk().chunk_start_offset
        self.index.metadata = [entry for entry in self.index.metadata if entry.offset < place]
        self._stream.truncate(place)
        self._stream.seek(place)
        return before - self.index.message_count

    def add_metadata(self, name: str, content: dict[str, str]) -> None:
        """Write a metadata record, after what is still open."""
        self.close_chunk()
        begin = self._stream.tell()
        record = _record(Metadata(name=name, metadata=content))
        self._put(record)
        self.index.metadata.append(MetadataIndex(offset=begin, length=len(record), name=name))

    def finish(self) -> None:
        """Write the summary and the end of the file."""
        self.close_chunk()
        self._put(_record(DataEnd(data_section_crc=0)))
        begin = self._stream.tell()
        summary, groups = RecordBuilder(), []
        index = self.index
        for opcode, records in (
            (Opcode.SCHEMA, index.schemas.values()), (Opcode.CHANNEL, index.channels.values()),
            (Opcode.STATISTICS, [index.statistics()]), (Opcode.CHUNK_INDEX, index.chunks),
            (Opcode.METADATA_INDEX, index.metadata),
        ):
            start = summary.count
            for record in records:
                record.write(summary)
            if summary.count > start:
                groups.append(SummaryOffset(
                    group_opcode=opcode, group_start=begin + start,
                    group_length=summary.count - start))
        offsets_begin = begin + summary.count
        for group in groups:
            group.write(summary)
        data = summary.end()
        head = struct.pack('<BQQQ', Opcode.FOOTER, 20, begin, offsets_begin)
        self._put(data + _record(Footer(
            summary_start=begin, summary_offset_start=offsets_begin,
            summary_crc=zlib.crc32(head, zlib.crc32(data)))) + MAGIC)

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._stream.write(view):]


def open_unbuffered(path: Path, mode: str) -> BinaryIO:
    """A file whose writes go straight to the system."""
    return path.open(mode, buffering=0)


def _record(record: Any) -> bytes:
    builder = RecordBuilder()
    record.write(builder)
    return builder.end()
