"""`ros2 lifecycle nodes`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api.lifecycle import lifecycle_node_names
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class NodesVerb(VerbExtension):
    """List the lifecycle nodes."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add which nodes to show."""
        node.add_arguments(parser)
        parser.add_argument('-a', '--all', action='store_true', help='show hidden nodes too')
        parser.add_argument('-c', '--count-nodes', action='store_true', help='show how many')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the nodes."""
        with node.DirectNode(args) as direct:
            names = lifecycle_node_names(direct.discover(), include_hidden=args.all)
        if args.count_nodes:
            print(len(names))
            return
        for name in names:
            print(name)
