"""`ros2 service type`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api.graph import service_types
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class TypeVerb(VerbExtension):
    """Show the type of a service."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the service."""
        node.add_arguments(parser)
        parser.add_argument('service_name', help='such as /robot/reset')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the types, one a line."""
        with node.DirectNode(args) as direct:
            print('\n'.join(service_types(direct, args.service_name)))
