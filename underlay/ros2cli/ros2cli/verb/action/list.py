"""`ros2 action list`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api.graph import action_names_and_types, print_names
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class ListVerb(VerbExtension):
    """List the actions."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add what to show of each action."""
        node.add_arguments(parser)
        parser.add_argument('-t', '--show-types', action='store_true', help='show the types too')
        parser.add_argument('-c', '--count-actions', action='store_true', help='show how many')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the actions."""
        with node.DirectNode(args) as direct:
            found = action_names_and_types(direct.discover())
        print_names(found, show_types=args.show_types, count=args.count_actions)
