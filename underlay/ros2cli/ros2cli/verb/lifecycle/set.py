"""`ros2 lifecycle set`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api.lifecycle import change_state, find_lifecycle_node, get_transitions
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class SetVerb(VerbExtension):
    """Make a lifecycle node go through a transition."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add node and transition."""
        node.add_arguments(parser)
        parser.add_argument('node_name', help='such as /policy')
        parser.add_argument(
            '--include-hidden-nodes', action='store_true', help='look at hidden nodes too')
        parser.add_argument('transition', help='label or id, such as configure')

    def main(self, *, args: argparse.Namespace) -> None:
        """Carry the transition out, or name those that can be made."""
        with node.DirectNode(args) as direct:
            name = find_lifecycle_node(
                direct, args.node_name, include_hidden=args.include_hidden_nodes)
            available = [found.transition for found in get_transitions(direct, name)]
            chosen = [
                transition for transition in available
                if args.transition in (transition.label, str(transition.id))]
            if not chosen:
                known = ', '.join(
                    f'{transition.label} [{transition.id}]' for transition in available)
                raise CommandError(
                    f"'{name}' cannot '{args.transition}' now; it can: {known or 'nothing'}")
            if not change_state(direct, name, chosen[0]):
                raise CommandError(f"'{name}' failed to '{chosen[0].label}'")
        print('Transitioning successful')
