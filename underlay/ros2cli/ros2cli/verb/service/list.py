"""`ros2 service list`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api.graph import print_names, service_names_and_types
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class ListVerb(VerbExtension):
    """List the services."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add what to show of each service."""
        node.add_arguments(parser)
        parser.add_argument('-t', '--show-types', action='store_true', help='show the types too')
        parser.add_argument('-c', '--count-services', action='store_true', help='show how many')
        parser.add_argument(
            '--include-hidden-services', action='store_true', help='show hidden services too')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the services."""
        with node.DirectNode(args) as direct:
            found = service_names_and_types(
                direct.discover(), include_hidden=args.include_hidden_services)
        print_names(found, show_types=args.show_types, count=args.count_services)
