"""`ros2 topic delay`."""
from __future__ import annotations

import argparse
from typing import Any

from rclpy.time import Time

from ros2cli import node
from ros2cli.api.rate import DEFAULT_WINDOW, Spread, Window, report_for_ever
from ros2cli.api.subscription import subscribe
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser, positive_int
from ros2cli.verb import VerbExtension


class DelayVerb(VerbExtension):
    """Measure the delay of a topic by the stamps of its headers."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the topic and how to measure."""
        node.add_arguments(parser)
        parser.add_argument('topic_name', help='such as /camera/image_raw')
        parser.add_argument(
            '-w', '--window', type=positive_int, default=DEFAULT_WINDOW, metavar='N',
            help='average over N messages (default: %(default)s)')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the delay every second."""
        delays = Window(args.window)
        with node.DirectNode(args) as direct:

            def arrived(message: Any) -> None:
                if not hasattr(message, 'header'):
                    raise CommandError(
                        f"{type(message).__name__} on '{args.topic_name}' has no header")
                delay = direct.get_clock().now() - Time.from_msg(
                    message.header.stamp, clock_type=direct.get_clock().clock_type)
                delays.add(delay.nanoseconds * 1e-9)

            subscribe(direct, args, args.topic_name, arrived)
            report_for_ever(direct, delays, _text)


def _text(spread: Spread) -> str:
    return (
        f'average delay: {spread.mean:.3f}\n'
        f'\tmin: {spread.least:.3f}s max: {spread.most:.3f}s '
        f'std dev: {spread.deviation:.5f}s window: {spread.count}')
