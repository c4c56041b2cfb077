"""`ros2 topic list`."""
from __future__ import annotations

import argparse
from collections.abc import Callable

from ros2cli import node
from ros2cli.api.graph import NamesAndTypes, print_names, topic_names_and_types
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class ListVerb(VerbExtension):
    """List the topics."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add what to show of each topic."""
        node.add_arguments(parser)
        parser.add_argument('-t', '--show-types', action='store_true', help='show the types too')
        parser.add_argument('-c', '--count-topics', action='store_true', help='show how many')
        parser.add_argument(
            '--include-hidden-topics', action='store_true', help='show hidden topics too')
        parser.add_argument(
            '-v', '--verbose', action='store_true',
            help='show types and numbers of publishers and subscribers')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the topics."""
        with node.DirectNode(args) as direct:
            direct.discover()
            found = topic_names_and_types(direct, include_hidden=args.include_hidden_topics)
            if args.verbose:
                _print_ends('Published topics', 'publisher', found, direct.count_publishers)
                _print_ends('Subscribed topics', 'subscriber', found, direct.count_subscribers)
            else:
                print_names(found, show_types=args.show_types, count=args.count_topics)


def _print_ends(title: str, end: str, found: NamesAndTypes, count_of: Callable[[str], int]) -> None:
    print(f'{title}:')
    for name, types in found:
        if count := count_of(name):
            print(f' * {name} [{", ".join(types)}] {count} {end}{"s" if count > 1 else ""}')
    print()
