"""`ros2 lifecycle list`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api.lifecycle import find_lifecycle_node, get_transitions
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class ListVerb(VerbExtension):
    """List the transitions that a lifecycle node can make."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the node."""
        node.add_arguments(parser)
        parser.add_argument('node_name', help='such as /policy')
        parser.add_argument(
            '--include-hidden-nodes', action='store_true', help='look at hidden nodes too')
        parser.add_argument(
            '-a', '--all', action='store_true', help='show those from other states too')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the transitions with where they start and end."""
        with node.DirectNode(args) as direct:
            name = find_lifecycle_node(
                direct, args.node_name, include_hidden=args.include_hidden_nodes)
            for found in get_transitions(direct, name, all_states=args.all):
                print(
                    f'- {found.transition.label} [{found.transition.id}]\n'
                    f'\tStart: {found.start_state.label}\n\tGoal: {found.goal_state.label}')
