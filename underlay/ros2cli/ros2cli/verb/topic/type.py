"""`ros2 topic type`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api.graph import topic_types
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class TypeVerb(VerbExtension):
    """Show the type of a topic."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the topic."""
        node.add_arguments(parser)
        parser.add_argument('topic_name', help='such as /joint_states')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the types, one a line."""
        with node.DirectNode(args) as direct:
            print('\n'.join(topic_types(direct, args.topic_name)))
