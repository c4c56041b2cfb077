"""
When what was recorded: stamps of every stream, the clock's jumps, and the steps of a data set.

Time is that of the message headers, in which the robot lives; messages without a header get it from
their time of receipt. A clock that was set back begins another span, since nothing orders what
lies on its two sides; a clock set forward leaves a gap. The sample of a step is chosen by
`vla_core.streams`, the rule of live inference.
"""
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from vla_core.policy_contract import PolicyContract
from vla_core.streams import SET_BACK_NS, ObservationStreams
from vla_recording.bag_reader import Bag, RawMessage, header_stamp_ns

__all__ = ['Gap', 'Place', 'Span', 'Step', 'read_spans', 'steps']

CLOCK_APART_NS = 100_000_000


@dataclass(frozen=True)
class Place:
    """A message by its number within its topic, and its time."""

    stamp_ns: int
    number: int


@dataclass
class Span:
    """What was recorded while the clock went forward: for each topic its messages by time."""

    places: dict[str, list[Place]] = field(default_factory=dict)
    offsets_ns: list[int] = field(default_factory=list)

    def latest(self, topic: str, when_ns: int) -> Place | None:
        """The newest message of a topic that is not after a time."""
        places = self.places.get(topic, [])
        found = bisect_right(places, when_ns, key=lambda place: place.stamp_ns)
        return places[found - 1] if found else None

    def settle(self, unstamped: Mapping[str, list[tuple[int, int]]]) -> None:
        """Order what is known, and give messages without a header their time."""
        offset = round(float(np.median(self.offsets_ns))) if self.offsets_ns else 0
        if abs(offset) < CLOCK_APART_NS:
            offset = 0
        for topic, entries in unstamped.items():
            self.places[topic] = [Place(log_ns + offset, number) for log_ns, number in entries]
        for places in self.places.values():
            places.sort(key=lambda place: (place.stamp_ns, place.number))


@dataclass(frozen=True)
class Step:
    """One step of the grid: the message of each observed topic that holds at ``stamp_ns``."""

    stamp_ns: int
    places: Mapping[str, Place]


@dataclass(frozen=True)
class Gap:
    """Steps in a row at which there is no observation, and why."""

    start_ns: int
    steps: int
    reason: str


def read_spans(
    bag: Bag, stamped: Collection[str], unstamped: Collection[str],
    keep: Mapping[str, list[RawMessage]] | None = None,
) -> list[Span]:
    """
    The spans of a bag, in order, with the messages of these topics.

    Messages of the topics of ``keep`` are put into its lists, by their numbers.
    """
    keep = keep or {}
    topics = {*stamped, *unstamped}
    spans = [Span()]
    later: list[dict[str, list[tuple[int, int]]]] = [{}]
    newest: dict[str, int] = {}
    current: dict[str, int] = {}
    numbers: dict[str, int] = {}
    for message in bag.messages(topics):
        topic = message.topic
        number = numbers[topic] = numbers.get(topic, -1) + 1
        if topic in keep:
            keep[topic].append(message)
        if topic in unstamped:
            place = max(current.values(), default=0)
            later[place].setdefault(topic, []).append((message.log_ns, number))
            continue
        stamp_ns = header_stamp_ns(message.data)
        if topic in newest and newest[topic] - stamp_ns > SET_BACK_NS:
            current[topic] = current.get(topic, 0) + 1
            newest[topic] = stamp_ns
            if current[topic] == len(spans):
                spans.append(Span())
                later.append({})
        newest[topic] = max(stamp_ns, newest.get(topic, stamp_ns))
        span = spans[current.setdefault(topic, 0)]
        span.places.setdefault(topic, []).append(Place(stamp_ns, number))
        span.offsets_ns.append(stamp_ns - message.log_ns)
    for span, entries in zip(spans, later):
        span.settle(entries)
    return spans


def steps(
    span: Span, contract: PolicyContract, names: Mapping[str, str],
) -> Iterator[Step | Gap]:
    """
    Steps at the rate of ``contract`` from when every stream has begun until one ends.

    ``names`` gives the topic in the bag of each of the contract's. Steps without an observation
    come as gaps between the others.
    """
    streams = ObservationStreams(contract, length=1 << 60)
    first, last = [], []
    for topic in contract.topics:
        places = span.places.get(names[topic], [])
        if not places:
            return
        for place in places:
            streams.add(topic, place)
        first.append(places[0].stamp_ns)
        last.append(places[-1].stamp_ns)
    begin_ns, end_ns = max(first), min(last)
    count = int((end_ns - begin_ns) * contract.rate_hz // 1_000_000_000) + 1
    missing: tuple[int, int, str] | None = None
    for index in range(max(0, count)):
        stamp_ns = begin_ns + round(index * 1e9 / contract.rate_hz)
        view = streams.at(stamp_ns)
        if not view.complete:
            start_ns, length, reason = missing or (stamp_ns, 0, '; '.join(map(str, view.problems)))
            missing = (start_ns, length + 1, reason)
            continue
        if missing is not None:
            yield Gap(*missing)
            missing = None
        yield Step(stamp_ns, view.samples)
    if missing is not None:
        yield Gap(*missing)
