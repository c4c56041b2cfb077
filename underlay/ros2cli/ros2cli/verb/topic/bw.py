"""`ros2 topic bw`."""
from __future__ import annotations

import argparse
import time
from collections import deque

from ros2cli import node
from ros2cli.api.rate import Spread, Window, report_for_ever
from ros2cli.api.subscription import subscribe
from ros2cli.parser import CommandParser, positive_int
from ros2cli.verb import VerbExtension

DEFAULT_WINDOW = 100


class BwVerb(VerbExtension):
    """Measure the bandwidth of a topic."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the topic and how to measure."""
        node.add_arguments(parser)
        parser.add_argument('topic_name', help='such as /camera/image_raw')
        parser.add_argument(
            '-w', '--window', type=positive_int, default=DEFAULT_WINDOW, metavar='N',
            help='average over N messages (default: %(default)s)')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the bandwidth of the serialised messages every second."""
        sizes = Window(args.window)
        times: deque[float] = deque(maxlen=args.window)

        def arrived(data: bytes) -> None:
            sizes.add(len(data))
            times.append(time.monotonic())

        def text(spread: Spread) -> str:
            per_second = spread.mean * spread.count / max(time.monotonic() - times[0], 1e-9)
            return (
                f'{_size(per_second)}/s from {spread.count} messages\n'
                f'\tMessage size mean: {_size(spread.mean)} min: {_size(spread.least)} '
                f'max: {_size(spread.most)}')

        with node.DirectNode(args) as direct:
            subscribe(direct, args, args.topic_name, arrived, raw=True)
            print(f'Subscribed to [{args.topic_name}]', flush=True)
            report_for_ever(direct, sizes, text)


def _size(count: float) -> str:
    if count < 1e3:
        return f'{count:.0f} B'
    return f'{count / 1e3:.2f} KB' if count < 1e6 else f'{count / 1e6:.2f} MB'
