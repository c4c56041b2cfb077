"""`ros2 bag record`."""
from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from rclpy.qos import QoSPresetProfiles
from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden

from ros2cli import node
from ros2cli.api.bag import BagWriter
from ros2cli.api.graph import absolute_name
from ros2cli.api.interface_types import message_class
from ros2cli.api.qos import matching_profile
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser, pattern, positive_int
from ros2cli.verb import VerbExtension

QUEUE_LENGTH = 1000


class RecordVerb(VerbExtension):
    """Record topics into a bag until Ctrl-C."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the topics and the bag."""
        parser.add_argument('topics', nargs='*', default=[], help='such as /joint_states')
        parser.add_argument(
            '--topics', nargs='+', default=[], dest='more_topics', metavar='TOPIC',
            help='topics once more, after other flags')
        parser.add_argument('-a', '--all', action='store_true', help='record every topic')
        parser.add_argument(
            '-e', '--regex', type=pattern, help='record topics that match wholly')
        parser.add_argument(
            '-x', '--exclude-regex', type=pattern, metavar='REGEX',
            help='leave out topics that match wholly, of --all and --regex')
        parser.add_argument(
            '--include-hidden-topics', action='store_true', help='--all means hidden ones too')
        parser.add_argument(
            '-o', '--output', type=Path, metavar='FOLDER',
            help='the bag, a folder to make (default: rosbag2_ and the time)')
        parser.add_argument(
            '-s', '--storage', choices=['mcap'], default='mcap', help='(default: mcap)')
        parser.add_argument(
            '-f', '--serialization-format', choices=['cdr'], default='cdr', help='(default: cdr)')
        parser.add_argument(
            '-p', '--polling-interval', type=positive_int, default=100, metavar='MS',
            help='how often to look for new topics (default: %(default)s)')
        parser.add_argument(
            '--use-sim-time', action='store_true', help='stamp messages with the time of /clock')
        parser.add_argument(
            '--custom-data', nargs='+', default=[], type=_pair, metavar='KEY=VALUE',
            help='pairs to keep in the metadata')

    def main(self, *, args: argparse.Namespace) -> None:
        """Record, and close the bag on SIGINT or SIGTERM."""
        named = {absolute_name(topic) for topic in (*args.topics, *args.more_topics)}
        if not (named or args.all or args.regex):
            raise CommandError('Nothing to record: name topics, or use --all or --regex')
        path = args.output or Path(f'rosbag2_{datetime.now():%Y_%m_%d-%H_%M_%S}')
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with node.DirectNode(args) as direct, BagWriter(path, dict(args.custom_data)) as writer:
            recording = Recording(direct, writer, partial(_wanted, args, named))
            print(f"Recording to '{path}'; press Ctrl-C to stop", flush=True)
            try:
                while True:
                    recording.subscribe_to_new_topics()
                    direct.spin_until(lambda: False, args.polling_interval * 1e-3)
            except KeyboardInterrupt:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        silent = ', '.join(sorted(named - recording.topics))
        if silent:
            print(f'WARNING: never published: {silent}', file=sys.stderr)
        print(f"Recorded {writer.message_count} messages to '{path}'")


class Recording:
    """Subscriptions that write what they receive, one for each topic that is wanted."""

    def __init__(
        self, direct: node.DirectNode, writer: BagWriter, wanted: Callable[[str], bool],
    ) -> None:
        self.topics: set[str] = set()
        self._refused: set[str] = set()
        self._direct = direct
        self._writer = writer
        self._wanted = wanted

    def subscribe_to_new_topics(self) -> None:
        """Subscribe to wanted topics that have come to be published."""
        for topic, types in self._direct.get_topic_names_and_types():
            if topic not in self.topics | self._refused and self._wanted(topic):
                publishers = self._direct.get_publishers_info_by_topic(topic)
                if publishers:
                    self._subscribe(topic, types, publishers)

    def _subscribe(self, topic: str, types: list[str], publishers: list[Any]) -> None:
        try:
            if len(types) > 1:
                raise CommandError(f'it carries more than one type ({", ".join(types)})')
            message_type = message_class(types[0])
            self._writer.add_topic(
                topic, types[0], [info.qos_profile for info in publishers],
                _hash_text(publishers[0]))
        except CommandError as error:
            self._refused.add(topic)
            print(f"WARNING: '{topic}' is not recorded: {error}", file=sys.stderr)
            return
        profile = matching_profile(
            QoSPresetProfiles.get_from_short_key('default'), publishers, topic)
        profile.depth = QUEUE_LENGTH
        self._direct.create_subscription(
            message_type, topic, partial(self._write, topic), profile, raw=True)
        self.topics.add(topic)
        print(f"Subscribed to topic '{topic}'", flush=True)

    def _write(self, topic: str, data: bytes) -> None:
        self._writer.write(topic, self._direct.get_clock().now().nanoseconds, data)


def _wanted(args: argparse.Namespace, named: set[str], topic: str) -> bool:
    if topic in named:
        return True
    if args.exclude_regex and args.exclude_regex.fullmatch(topic):
        return False
    if args.regex and args.regex.fullmatch(topic):
        return True
    return args.all and (args.include_hidden_topics or not topic_or_service_is_hidden(topic))


def _hash_text(publisher: Any) -> str | None:
    text = str(publisher.topic_type_hash)
    return text if text.startswith('RIHS') else None


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition('=')
    if not (key and equals):
        raise argparse.ArgumentTypeError(f"'{text}' is not KEY=VALUE")
    return key, value
