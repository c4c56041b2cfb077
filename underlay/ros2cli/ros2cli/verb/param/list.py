"""`ros2 param list`."""
from __future__ import annotations

import argparse
import re

from ros2cli import node
from ros2cli.api import parameter
from ros2cli.api.graph import node_names
from ros2cli.api.parameter import TYPE_NAMES, RemoteParameters
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser, pattern
from ros2cli.verb import VerbExtension

NO_SERVICES_S = 1.0  # a node without parameter services is passed over after this time


class ListVerb(VerbExtension):
    """List the parameters of a node, or of all nodes."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add which parameters to show."""
        node.add_arguments(parser)
        parameter.add_arguments(parser, node_optional=True)
        parser.add_argument(
            '--filter', type=pattern, default=re.compile(''), metavar='REGEX',
            help='only names in which this is found')
        parser.add_argument(
            '--param-prefixes', nargs='+', default=[], metavar='PREFIX',
            help='only names under these prefixes')
        parser.add_argument(
            '--param-type', action='store_true', help='show the types too')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the names, under those of their nodes when no node is named."""
        with node.DirectNode(args) as direct:
            if args.node_name is not None:
                _print_names(RemoteParameters.of(direct, args), args, indent='  ')
                return
            direct.discover()
            for found in node_names(direct, include_hidden=args.include_hidden_nodes):
                try:
                    remote = RemoteParameters(direct, found.full_name, NO_SERVICES_S)
                except CommandError:
                    continue
                print(f'{remote.full_name}:')
                _print_names(remote, args, indent='  ')


def _print_names(remote: RemoteParameters, args: argparse.Namespace, *, indent: str) -> None:
    names = [name for name in remote.names(args.param_prefixes) if args.filter.search(name)]
    if not args.param_type:
        for name in names:
            print(f'{indent}{name}')
        return
    for name, value in zip(names, remote.values(names)):
        print(f'{indent}{name} (type: {TYPE_NAMES[value.type]})')
