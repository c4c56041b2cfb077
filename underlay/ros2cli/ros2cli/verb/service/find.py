"""`ros2 service find`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api.graph import print_names, service_names_and_types
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class FindVerb(VerbExtension):
    """List the services of a type."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the type."""
        node.add_arguments(parser)
        parser.add_argument('service_type', help='such as std_srvs/srv/Trigger')
        parser.add_argument('-c', '--count-services', action='store_true', help='show how many')
        parser.add_argument(
            '--include-hidden-services', action='store_true', help='show hidden services too')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the services."""
        with node.DirectNode(args) as direct:
            found = service_names_and_types(
                direct.discover(), include_hidden=args.include_hidden_services)
        print_names(
            [(name, types) for name, types in found if args.service_type in types],
            count=args.count_services)
