"""`ros2 topic pub`."""
from __future__ import annotations

import argparse
import time

from rclpy.publisher import Publisher

from ros2cli import node
from ros2cli.api import qos
from ros2cli.api.graph import absolute_name
from ros2cli.api.interface_types import fill, message_class, read_values
from ros2cli.errors import CommandError
from ros2cli.parser import (
    CommandParser,
    non_negative_float,
    non_negative_int,
    positive_float,
    positive_int,
)
from ros2cli.verb import VerbExtension

PRESET = 'default'


class PubVerb(VerbExtension):
    """Publish messages on a topic."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add topic, type and values, and how often to publish."""
        node.add_arguments(parser)
        qos.add_arguments(parser, PRESET)
        parser.add_argument('topic_name', help='such as /joint_states')
        parser.add_argument('message_type', help='such as std_msgs/msg/String')
        parser.add_argument(
            'values', nargs='?', default='{}',
            help="fields in YAML, such as '{data: hello}'; a header may be 'auto', a time 'now'")
        parser.add_argument('--stdin', action='store_true', help='read the fields from stdin')
        parser.add_argument(
            '-r', '--rate', type=positive_float, default=1.0, metavar='HZ',
            help='messages a second (default: 1)')
        parser.add_argument(
            '-p', '--print', type=non_negative_int, default=1, metavar='N', dest='print_every',
            help='tell of every N-th message only; 0: of none (default: 1)')
        many = parser.add_mutually_exclusive_group()
        many.add_argument('-1', '--once', action='store_true', help='publish once')
        many.add_argument(
            '-t', '--times', type=positive_int, metavar='N', help='publish N times')
        parser.add_argument(
            '-w', '--wait-matching-subscriptions', type=non_negative_int, metavar='N',
            help='wait for N subscribers first (default: 1 with --once or --times, otherwise 0)')
        parser.add_argument(
            '--max-wait-time-secs', type=positive_float, metavar='SECONDS',
            help='give up waiting for subscribers after this time')
        parser.add_argument(
            '--keep-alive', type=non_negative_float, default=0.1, metavar='SECONDS',
            help='stay for this long after the last message (default: 0.1)')
        parser.add_argument('-n', '--node-name', help='name of the publishing node')

    def main(self, *, args: argparse.Namespace) -> None:
        """Publish until told to stop."""
        topic = absolute_name(args.topic_name)
        message = message_class(args.message_type)()
        set_stamps = fill(
            message, read_values(args.values, from_stdin=args.stdin), stamped=True)
        times = 1 if args.once else args.times
        wanted = args.wait_matching_subscriptions
        if wanted is None:
            wanted = 0 if times is None else 1
        if args.max_wait_time_secs is not None and wanted == 0:
            raise CommandError(
                '--max-wait-time-secs needs --wait-matching-subscriptions, --once or --times')

        with node.DirectNode(args, node_name=args.node_name) as direct:
            publisher = direct.create_publisher(
                type(message), topic, qos.profile_of(args))
            _wait_for_subscribers(direct, publisher, wanted, args.max_wait_time_secs)
            print('publisher: beginning loop')
            count = 0
            next_time = time.monotonic()
            while times is None or count < times:
                direct.spin_until(
                    lambda due=next_time: time.monotonic() >= due, next_time - time.monotonic())
                stamp = direct.get_clock().now().to_msg()
                for set_stamp in set_stamps:
                    set_stamp(stamp)
                count += 1
                if args.print_every and count % args.print_every == 0:
                    print(f'publishing #{count}: {message!r}\n', flush=True)
                publisher.publish(message)
                next_time += 1 / args.rate
            time.sleep(args.keep_alive)


def _wait_for_subscribers(
    direct: node.DirectNode, publisher: Publisher, wanted: int, timeout_s: float | None,
) -> None:
    def enough() -> bool:
        return publisher.get_subscription_count() >= wanted

    if enough():
        return
    print(f'Waiting for at least {wanted} matching subscription(s)...', flush=True)
    if not direct.wait_for(enough, float('inf') if timeout_s is None else timeout_s):
        raise CommandError(
            f'Timed out waiting for {wanted} subscriber(s): there are '
            f'{publisher.get_subscription_count()}')
