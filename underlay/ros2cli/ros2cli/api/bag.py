"""
Bags of rosbag2, version 9 with MCAP storage, through the library rosbags.

Nothing here needs a node: a recorder hands in serialised messages, a player takes them out.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from rclpy.duration import Duration
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    LivelinessPolicy,
    QoSProfile,
    ReliabilityPolicy,
)
from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import Reader, ReaderError, StoragePlugin, Writer, WriterError

from ros2cli.errors import CommandError

from .definition import definition_text, type_hash

VERSION = 9
DISTRIBUTION = 'jazzy'
SECOND_NS = 1_000_000_000
DEFAULT_DEPTH = 10


class BagWriter:
    """
    A bag that is being written, as a context manager; left, it is closed with its metadata.

    Add each topic once, then write its serialised messages (CDR with its four-byte header).
    """

    def __init__(self, path: Path, custom_data: dict[str, str] | None = None) -> None:
        try:
            self._writer = Writer(path, version=VERSION, storage_plugin=StoragePlugin.MCAP)
        except WriterError as error:
            raise CommandError(f"Cannot record to '{path}': {error}") from error
        for key, value in (custom_data or {}).items():
            self._writer.set_custom_data(key, value)
        self._connections: dict[str, Connection] = {}
        self.message_count = 0

    def __enter__(self) -> BagWriter:
        try:
            self._writer.open()
        except (OSError, WriterError) as error:
            raise CommandError(f"Cannot record to '{self._writer.path}': {error}") from error
        return self

    def __exit__(self, *failure: object) -> None:
        self._writer.close()
        self._name_as_rosbag2()

    def _name_as_rosbag2(self) -> None:
        """Give file and distribution the names that rosbag2 gives them."""
        path = self._writer.path
        file_name = f'{path.name}_0.mcap'
        metadata_path = path / 'metadata.yaml'
        metadata = yaml.safe_load(metadata_path.read_text(encoding='utf-8'))
        information = metadata['rosbag2_bagfile_information']
        (path / information['relative_file_paths'][0]).rename(path / file_name)
        information['relative_file_paths'] = [file_name]
        information['files'][0]['path'] = file_name
        information['ros_distro'] = DISTRIBUTION
        metadata_path.write_text(
            yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True), encoding='utf-8')

    def add_topic(
        self, topic: str, type_name: str, offered: Sequence[QoSProfile],
        hash_text: str | None = None,
    ) -> None:
        """Add a topic with the profiles its publishers offer and its RIHS01 hash."""
        self._connections[topic] = self._writer.add_connection(
            topic, type_name, msgdef=definition_text(type_name),
            rihs01=hash_text or type_hash(type_name),
            offered_qos_profiles=[to_stored(profile) for profile in offered])

    def write(self, topic: str, stamp_ns: int, data: bytes) -> None:
        """Write one message of a topic, received at stamp_ns since the epoch."""
        self._writer.write(self._connections[topic], stamp_ns, data)
        self.message_count += 1


class BagMessage(NamedTuple):
    """One serialised message of a bag."""

    topic: str
    stamp_ns: int
    data: bytes


class BagTopic(NamedTuple):
    """One topic of a bag."""

    name: str
    type_name: str
    message_count: int
    serialization_format: str
    offered: list[QoSProfile]


class BagReader:
    """A bag that is being read, as a context manager. Times are in nanoseconds since the epoch."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise CommandError(f"No bag '{path}'")
        self.path = path if path.is_dir() else path.parent
        if not (self.path / 'metadata.yaml').is_file():
            raise CommandError(
                f"'{self.path}' is not a bag: it has no metadata.yaml (was the recording killed?)")
        try:
            self._reader = Reader(self.path)
        except (ReaderError, OSError) as error:
            raise CommandError(f"Cannot read the bag '{path}': {error}") from error

    def __enter__(self) -> BagReader:
        try:
            self._reader.open()
        except (ReaderError, OSError) as error:
            raise CommandError(f"Cannot read the bag '{self.path}': {error}") from error
        return self

    def __exit__(self, *failure: object) -> None:
        self._reader.close()

    @property
    def start_ns(self) -> int:
        """The time of the first message."""
        return self._reader.start_time

    @property
    def duration_ns(self) -> int:
        """The time from the first message to the last."""
        return max(0, self._reader.duration - 1) if self.message_count else 0

    @property
    def message_count(self) -> int:
        """How many messages there are."""
        return self._reader.message_count

    @property
    def metadata(self) -> dict[str, Any]:
        """What metadata.yaml says of the bag."""
        text = (self.path / 'metadata.yaml').read_text(encoding='utf-8')
        return yaml.safe_load(text)['rosbag2_bagfile_information']

    @property
    def topics(self) -> list[BagTopic]:
        """The topics, sorted by name."""
        return sorted(
            BagTopic(
                connection.topic, connection.msgtype, connection.msgcount,
                connection.ext.serialization_format,
                [from_stored(qos) for qos in connection.ext.offered_qos_profiles])
            for connection in self._reader.connections)

    def messages(self, topics: Sequence[str], start_ns: int) -> Iterator[BagMessage]:
        """Return the messages of some topics from a time on, in the order of their times."""
        chosen = [known for known in self._reader.connections if known.topic in topics]
        if not chosen:
            return
        for connection, stamp_ns, data in self._reader.messages(chosen, start=start_ns):
            yield BagMessage(connection.topic, stamp_ns, bytes(data))


def to_stored(profile: QoSProfile) -> Qos:
    """Turn a profile into the form that bags hold."""
    return Qos(
        QosHistory(int(profile.history)), profile.depth,
        QosReliability(int(profile.reliability)), QosDurability(int(profile.durability)),
        _time(profile.deadline), _time(profile.lifespan),
        QosLiveliness(int(profile.liveliness)), _time(profile.liveliness_lease_duration),
        profile.avoid_ros_namespace_conventions)


def from_stored(qos: Qos) -> QoSProfile:
    """Turn what a bag holds into a profile that a publisher can offer."""
    known = qos.history in (QosHistory.KEEP_LAST, QosHistory.KEEP_ALL)
    return QoSProfile(
        history=HistoryPolicy(qos.history.value) if known else HistoryPolicy.KEEP_LAST,
        depth=qos.depth or DEFAULT_DEPTH,
        reliability=ReliabilityPolicy(qos.reliability.value),
        durability=DurabilityPolicy(qos.durability.value),
        liveliness=LivelinessPolicy(qos.liveliness.value),
        deadline=_duration(qos.deadline), lifespan=_duration(qos.lifespan),
        liveliness_lease_duration=_duration(qos.liveliness_lease_duration),
        avoid_ros_namespace_conventions=qos.avoid_ros_namespace_conventions)


def _time(duration: Duration) -> QosTime:
    return QosTime(*divmod(duration.nanoseconds, SECOND_NS))


def _duration(time: QosTime) -> Duration:
    return Duration(nanoseconds=min(time.sec * SECOND_NS + time.nsec, 2**63 - 1))
