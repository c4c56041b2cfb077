"""`ros2 service info`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api.graph import absolute_name, service_types
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class InfoVerb(VerbExtension):
    """Show the type, clients and servers of a service."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the service."""
        node.add_arguments(parser)
        parser.add_argument('service_name', help='such as /robot/reset')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print what is known of the service."""
        name = absolute_name(args.service_name)
        with node.DirectNode(args) as direct:
            service_types(direct, name)
            types = service_types(direct.discover(), name)
            print(f'Type: {types[0] if len(types) == 1 else types}')
            print(f'Clients count: {direct.count_clients(name)}')
            print(f'Services count: {direct.count_services(name)}')
