"""`ros2 lifecycle get`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api.lifecycle import find_lifecycle_node, get_state, lifecycle_node_names
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class GetVerb(VerbExtension):
    """Show the state of a lifecycle node, or of all."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the node."""
        node.add_arguments(parser)
        parser.add_argument('node_name', nargs='?', help='such as /policy (default: all)')
        parser.add_argument(
            '--include-hidden-nodes', action='store_true', help='look at hidden nodes too')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print label and id of the state."""
        hidden = args.include_hidden_nodes
        with node.DirectNode(args) as direct:
            if args.node_name is not None:
                name = find_lifecycle_node(direct, args.node_name, include_hidden=hidden)
                state = get_state(direct, name)
                print(f'{state.label} [{state.id}]')
                return
            for name in lifecycle_node_names(direct.discover(), include_hidden=hidden):
                state = get_state(direct, name)
                print(f'{name}: {state.label} [{state.id}]')
