"""`ros2 topic hz`."""
from __future__ import annotations

import argparse
import time
from typing import Any

from ros2cli import node
from ros2cli.api import expression
from ros2cli.api.rate import DEFAULT_WINDOW, Intervals, Spread, report_for_ever
from ros2cli.api.subscription import subscribe
from ros2cli.parser import CommandParser, positive_int
from ros2cli.verb import VerbExtension


class HzVerb(VerbExtension):
    """Measure the rate of a topic."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the topic and how to measure."""
        node.add_arguments(parser)
        parser.add_argument('topic_name', help='such as /joint_states')
        parser.add_argument(
            '-w', '--window', type=positive_int, default=DEFAULT_WINDOW, metavar='N',
            help='average over N messages (default: %(default)s)')
        parser.add_argument(
            '--filter', dest='filter_expression', metavar='EXPRESSION',
            help='count only messages m for which this Python expression holds')
        parser.add_argument(
            '--wall-time', action='store_true', help='measure in wall time under --use-sim-time')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the rate every second; messages are deserialised only for a filter."""
        accepts = expression.predicate(args.filter_expression)
        with node.DirectNode(args) as direct:
            simulated = args.use_sim_time and not args.wall_time
            intervals = Intervals(
                args.window,
                (lambda: direct.get_clock().now().nanoseconds * 1e-9) if simulated
                else time.monotonic)

            def arrived(message: Any) -> None:
                if accepts(message):
                    intervals.arrived()

            subscribe(
                direct, args, args.topic_name, arrived, raw=args.filter_expression is None)
            report_for_ever(direct, intervals.window, _text)


def _text(spread: Spread) -> str:
    rate = 1 / spread.mean if spread.mean > 0 else float('inf')
    return (
        f'average rate: {rate:.3f}\n'
        f'\tmin: {spread.least:.3f}s max: {spread.most:.3f}s '
        f'std dev: {spread.deviation:.5f}s window: {spread.count + 1}')
