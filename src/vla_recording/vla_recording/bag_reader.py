"""
Bags as they are read again: raw messages in the order of their times, and decoded.

Needs no ROS; `rosbags` reads. A bag that was cut is refused with the command that mends it.
"""
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from rosbags.highlevel import AnyReader
from rosbags.highlevel.anyreader import AnyReaderError
from rosbags.rosbag2 import ReaderError
from rosbags.typesys import Stores, get_typestore

from vla_recording.bag_metadata import read_metadata
from vla_recording.episode import Episode
from vla_recording.errors import BagError

__all__ = ['Bag', 'RawMessage', 'header_stamp_ns']


class RawMessage(NamedTuple):
    """A serialised message: topic, time of receipt in ns, CDR."""

    topic: str
    log_ns: int
    data: bytes


class Bag:
    """
    One bag, open while used as a context manager.

    ``renamed`` maps names of the contract or the stack to topics of a bag from elsewhere.
    """

    def __init__(self, path: Path, renamed: Mapping[str, str] | None = None) -> None:
        self.path = path if path.is_dir() else path.parent
        if not self.path.exists():
            raise BagError(f'{path}: no such bag')
        episode = Episode.of_custom_data(read_metadata(self.path).get('custom_data'))
        self.episode = replace(episode, topics={**episode.topics, **(renamed or {})})

    def __enter__(self) -> 'Bag':
        try:
            self._reader = AnyReader(
                [self.path], default_typestore=get_typestore(Stores.ROS2_JAZZY))
            self._reader.open()
        except (AnyReaderError, ReaderError, OSError, ValueError, KeyError) as error:
            raise BagError(f'{self.path}: cannot be read ({_first_line(error)}); run: '
                           f'ros2 run vla_recording recover {self.path}') from error
        return self

    def __exit__(self, *failure: object) -> None:
        self._reader.close()

    @property
    def name(self) -> str:
        """Folder name."""
        return self.path.name

    @property
    def types(self) -> dict[str, str]:
        """Topic → message type."""
        return {entry.topic: entry.msgtype for entry in self._reader.connections}

    @property
    def counts(self) -> dict[str, int]:
        """Topic → how many messages."""
        return {entry.topic: entry.msgcount for entry in self._reader.connections}

    @property
    def duration_s(self) -> float:
        """From the first message to the last."""
        return max(0, self._reader.duration - 1) / 1e9 if self._reader.message_count else 0.0

    def messages(self, topics: Collection[str]) -> Iterator[RawMessage]:
        """Messages of ``topics`` in the order of their times of receipt."""
        chosen = [entry for entry in self._reader.connections if entry.topic in topics]
        if not chosen:
            return
        try:
            for connection, log_ns, data in self._reader.messages(chosen):
                yield RawMessage(connection.topic, log_ns, data)
        except (ReaderError, AnyReaderError, struct.error) as error:
            raise BagError(f'{self.path}: is damaged ({_first_line(error)}); run: '
                           f'ros2 run vla_recording recover {self.path}') from error

    def decode(self, message: RawMessage) -> Any:
        """The message with its fields."""
        return self._reader.deserialize(message.data, self.types[message.topic])


def header_stamp_ns(data: bytes) -> int:
    """Stamp of a serialised message that begins with a std_msgs/Header."""
    order = '<' if data[1] & 1 else '>'
    seconds, nanoseconds = struct.unpack_from(f'{order}iI', data, 4)
    return seconds * 1_000_000_000 + nanoseconds


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
