"""`ros2 topic find`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api.graph import print_names, topic_names_and_types
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class FindVerb(VerbExtension):
    """List the topics of a type."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the type."""
        node.add_arguments(parser)
        parser.add_argument('topic_type', help='such as sensor_msgs/msg/JointState')
        parser.add_argument('-c', '--count-topics', action='store_true', help='show how many')
        parser.add_argument(
            '--include-hidden-topics', action='store_true', help='show hidden topics too')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the topics."""
        with node.DirectNode(args) as direct:
            found = topic_names_and_types(
                direct.discover(), include_hidden=args.include_hidden_topics)
        print_names(
            [(name, types) for name, types in found if args.topic_type in types],
            count=args.count_topics)
