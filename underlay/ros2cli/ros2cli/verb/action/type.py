"""`ros2 action type`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api.graph import action_types
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class TypeVerb(VerbExtension):
    """Show the type of an action."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the action."""
        node.add_arguments(parser)
        parser.add_argument('action_name', help='such as /gripper/command')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the types, one a line."""
        with node.DirectNode(args) as direct:
            print('\n'.join(action_types(direct, args.action_name)))
