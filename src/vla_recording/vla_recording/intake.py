"""
Raw subscriptions of a recorder: serialised messages with the time they were received and sent.

A topic is followed from the moment it is first published, recording or not, so that the start of an
episode waits for nothing. Its QoS is matched to the publishers; of latched topics what was last
published is kept, and stands at the beginning of every episode.
"""
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rclpy.node import Node
from rosidl_runtime_py.utilities import get_message

from vla_recording import qos
from vla_recording.bag_metadata import BagTopic
from vla_recording.definitions import definition_text, type_hash
from vla_recording.errors import BagError
from vla_recording.losses import SequenceWatch

__all__ = ['Intake', 'Received']

DEPTH = 10_000  # ten seconds at 1 kHz, for when the machine is busy
IMAGE_DEPTH = 60
AT_ONCE = 200  # messages of a topic taken in one go, before others have their turn
LATCHED_LIMIT = 50
_IMAGES = ('sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage',
           'sensor_msgs/msg/PointCloud2')


@dataclass(frozen=True)
class Received:
    """One serialised message; ``missed`` came before it and did not arrive."""

    log_time_ns: int
    publish_time_ns: int
    sequence: int
    data: bytes
    missed: int = 0


@dataclass
class _Stream:
    topic: BagTopic
    offered: list[Any]
    subscription: Any = None
    watch: SequenceWatch = field(default_factory=SequenceWatch)
    latched: deque[Received] | None = None
    newest: float = float('-inf')


class Intake:
    """
    Subscribes to ``topics`` (absolute names) of a node as they come to be published.

    ``deliver(topic, received)`` is called for every message; ``announce(topic)`` before the first
    of a topic; ``refuse(topic, reason)`` once for one that cannot be recorded.
    """

    def __init__(
        self, node: Node, topics: Iterable[str], *,
        deliver: Callable[[str, Received], None], announce: Callable[[BagTopic], None],
        refuse: Callable[[str, str], None],
    ) -> None:
        self._node = node
        self._wanted = tuple(topics)
        self._deliver, self._announce, self._refuse = deliver, announce, refuse
        self._streams: dict[str, _Stream] = {}
        self._refused: set[str] = set()
        self._simulated = node.get_parameter('use_sim_time').value

    @property
    def topics(self) -> list[BagTopic]:
        """Every topic that is followed."""
        return [stream.topic for stream in self._streams.values()]

    def silent(self, within_s: float = float('inf')) -> list[str]:
        """Wanted topics that nothing came on in the last ``within_s`` seconds."""
        now = time.monotonic()
        return [name for name in self._wanted if name not in self._streams
                or now - self._streams[name].newest > within_s]

    def latched(self) -> list[tuple[str, Received]]:
        """What latched topics said last, oldest first."""
        kept = [(name, received) for name, stream in self._streams.items()
                for received in stream.latched or ()]
        return sorted(kept, key=lambda entry: entry[1].log_time_ns)

    def look(self) -> None:
        """Subscribe to what has come to be published, and follow changes of what is offered."""
        types = dict(self._node.get_topic_names_and_types())
        for name in self._wanted:
            if name in self._refused or name not in types:
                continue
            offered = list(self._node.get_publishers_info_by_topic(name))
            if not offered:
                continue
            stream = self._streams.get(name)
            if stream is None:
                self._subscribe(name, types[name], offered)
            elif len(offered) != len(stream.offered):
                self._follow(name, stream, offered)

    def now_ns(self) -> int:
        """The time that messages are logged with."""
        return self._node.get_clock().now().nanoseconds

    def _subscribe(self, name: str, types: list[str], offered: list[Any]) -> None:
        try:
            if len(types) > 1:
                raise BagError(f'carries more than one type ({", ".join(types)})')
            known_hash = str(offered[0].topic_type_hash)
            topic = BagTopic(
                name, types[0], definition_text(types[0]),
                known_hash if known_hash.startswith('RIHS') else type_hash(types[0]),
                tuple(qos.stored(info.qos_profile) for info in offered))
            kind = get_message(types[0])
        except (BagError, ImportError, AttributeError, ValueError) as error:
            self._refused.add(name)
            self._refuse(name, str(error))
            return
        stream = self._streams[name] = _Stream(topic, offered)
        self._announce(topic)
        self._connect(name, stream, kind)

    def _follow(self, name: str, stream: _Stream, offered: list[Any]) -> None:
        """Publishers came or went: subscribe anew where the profile no longer matches all."""
        before = qos.matching([info.qos_profile for info in stream.offered], DEPTH)
        stream.offered = offered
        after = qos.matching([info.qos_profile for info in offered], DEPTH)
        if (before.reliability, before.durability) != (after.reliability, after.durability):
            self._node.destroy_subscription(stream.subscription)
            stream.watch = SequenceWatch()
            self._connect(name, stream, get_message(stream.topic.type_name))

    def _connect(self, name: str, stream: _Stream, kind: type) -> None:
        profiles = [info.qos_profile for info in stream.offered]
        stream.latched = (
            deque(maxlen=min(LATCHED_LIMIT, sum(max(1, entry.depth) for entry in profiles)))
            if qos.latched(profiles) else None)
        depth = IMAGE_DEPTH if stream.topic.type_name in _IMAGES else DEPTH
        stream.subscription = self._node.create_subscription(
            kind, name, partial(self._take, name, stream), qos.matching(profiles, depth), raw=True)

    def _take(self, name: str, stream: _Stream, data: bytes, info: dict[str, Any]) -> None:
        """Take a message, and with it what else waits: an executor's round for each costs more."""
        self._receive(name, stream, data, info)
        subscription = stream.subscription
        with subscription.handle:
            for _ in range(AT_ONCE):
                waiting = subscription.handle.take_message(subscription.msg_type, True)
                if waiting is None:
                    break
                self._receive(name, stream, *waiting)

    def _receive(self, name: str, stream: _Stream, data: bytes, info: dict[str, Any]) -> None:
        number = info['publication_sequence_number']
        log_ns = self.now_ns() if self._simulated else info['received_timestamp'] or time.time_ns()
        received = Received(
            log_ns, info['source_timestamp'] or log_ns, number or 0, data,
            stream.watch.missed(number, len(stream.offered)))
        stream.newest = time.monotonic()
        if stream.latched is not None:
            stream.latched.append(received)
        self._deliver(name, received)
