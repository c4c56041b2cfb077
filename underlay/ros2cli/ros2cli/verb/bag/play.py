"""`ros2 bag play`."""
from __future__ import annotations

import argparse
import time
from pathlib import Path

from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.time import Time
from rosgraph_msgs.msg import Clock

from ros2cli import node
from ros2cli.api.bag import SECOND_NS, BagReader, BagTopic
from ros2cli.api.graph import absolute_name
from ros2cli.api.interface_types import message_class
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser, non_negative_float, positive_float
from ros2cli.verb import VerbExtension

DEFAULT_CLOCK_HZ = 40.0
CONNECT_S = 0.5


class PlayVerb(VerbExtension):
    """Publish the messages of a bag at the times they were recorded."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the bag and how to play it."""
        parser.add_argument('bag_path', type=Path, help='folder of the bag')
        parser.add_argument(
            '-r', '--rate', type=positive_float, default=1.0, metavar='FACTOR',
            help='how many times as fast (default: 1)')
        parser.add_argument('-l', '--loop', action='store_true', help='begin again at the end')
        parser.add_argument(
            '--start-offset', type=non_negative_float, default=0.0, metavar='SECONDS',
            help='begin this far into the bag')
        parser.add_argument(
            '-d', '--delay', type=non_negative_float, default=0.0, metavar='SECONDS',
            help='wait before the first message')
        parser.add_argument('--topics', nargs='+', metavar='TOPIC', help='only these topics')
        parser.add_argument(
            '--exclude-topics', nargs='+', default=[], metavar='TOPIC', help='not these topics')
        parser.add_argument(
            '-m', '--remap', nargs='+', default=[], type=_remapping, metavar='FROM:=TO',
            help='publish a topic under another name')
        parser.add_argument(
            '--clock', nargs='?', type=positive_float, const=DEFAULT_CLOCK_HZ, metavar='HZ',
            help=f'publish the time of the bag on /clock (default: {DEFAULT_CLOCK_HZ:g} Hz)')

    def main(self, *, args: argparse.Namespace) -> None:
        """Play once, or until Ctrl-C with --loop."""
        with BagReader(args.bag_path) as bag, node.DirectNode(args) as direct:
            topics = _chosen(args, bag)
            start_ns = bag.start_ns + round(args.start_offset * SECOND_NS)
            if not bag.message_count or start_ns > bag.start_ns + bag.duration_ns:
                raise CommandError(f"'{args.bag_path}' has no messages to play")
            renamed = dict(args.remap)
            publishers = {
                topic.name: direct.create_publisher(
                    message_class(topic.type_name), renamed.get(topic.name, topic.name),
                    _profile(topic))
                for topic in topics}
            clock = None if args.clock is None else BagClock(direct, args.clock)
            direct.wait_for(
                lambda: all(known.get_subscription_count() for known in publishers.values()),
                CONNECT_S)
            time.sleep(args.delay)
            while True:
                _play(bag, publishers, start_ns, args.rate, clock)
                if not args.loop:
                    break
            for publisher in publishers.values():
                publisher.wait_for_all_acked()


class BagClock:
    """Publishes the time of the bag at a rate in wall time."""

    def __init__(self, direct: node.DirectNode, rate_hz: float) -> None:
        self._publisher: Publisher = direct.create_publisher(Clock, '/clock', QoSProfile(
            depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))
        self._period_s = 1 / rate_hz
        self.restart()

    def restart(self) -> None:
        """Tick from now on."""
        self._next = time.monotonic()

    def sleep_until(self, due: float, stamp_ns: int, rate: float) -> None:
        """Sleep until a monotonic time, at which the bag's time is stamp_ns, ticking on the way."""
        while self._next < due:
            time.sleep(max(0.0, self._next - time.monotonic()))
            now_ns = stamp_ns - round((due - self._next) * rate * SECOND_NS)
            self._publisher.publish(Clock(clock=Time(nanoseconds=now_ns).to_msg()))
            self._next += self._period_s
        time.sleep(max(0.0, due - time.monotonic()))


def _play(
    bag: BagReader, publishers: dict[str, Publisher], start_ns: int, rate: float,
    clock: BagClock | None,
) -> None:
    began = time.monotonic()
    if clock is not None:
        clock.restart()
    for message in bag.messages(list(publishers), start_ns):
        due = began + (message.stamp_ns - start_ns) / SECOND_NS / rate
        if clock is None:
            time.sleep(max(0.0, due - time.monotonic()))
        else:
            clock.sleep_until(due, message.stamp_ns, rate)
        publishers[message.topic].publish(message.data)


def _chosen(args: argparse.Namespace, bag: BagReader) -> list[BagTopic]:
    wanted = None if args.topics is None else {absolute_name(name) for name in args.topics}
    known = {topic.name for topic in bag.topics}
    for name in sorted((wanted or set()) - known):
        raise CommandError(f"'{args.bag_path}' has no topic '{name}'")
    excluded = {absolute_name(name) for name in args.exclude_topics}
    return [
        topic for topic in bag.topics
        if (wanted is None or topic.name in wanted) and topic.name not in excluded]


def _profile(topic: BagTopic) -> QoSProfile:
    """Offer what the first recorded publisher offered, or the default."""
    return topic.offered[0] if topic.offered else QoSProfile(depth=10)


def _remapping(text: str) -> tuple[str, str]:
    source, sign, target = text.partition(':=')
    if not (source and sign and target):
        raise argparse.ArgumentTypeError(f"'{text}' is not FROM:=TO")
    return absolute_name(source), absolute_name(target)
