"""`ros2 topic info`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api.graph import absolute_name, topic_types
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class InfoVerb(VerbExtension):
    """Show the type, publishers and subscribers of a topic."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the topic."""
        node.add_arguments(parser)
        parser.add_argument('topic_name', help='such as /joint_states')
        parser.add_argument(
            '-v', '--verbose', action='store_true',
            help='show node, type hash, GID and quality of service of every end')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print what is known of the topic."""
        topic = absolute_name(args.topic_name)
        end = '\n\n' if args.verbose else '\n'
        with node.DirectNode(args) as direct:
            topic_types(direct, topic)
            types = topic_types(direct.discover(), topic)
            print(f'Type: {types[0] if len(types) == 1 else types}', end=end)
            print(f'Publisher count: {direct.count_publishers(topic)}', end=end)
            if args.verbose:
                for info in direct.get_publishers_info_by_topic(topic):
                    print(info, end=end)
            print(f'Subscription count: {direct.count_subscribers(topic)}', end=end)
            if args.verbose:
                for info in direct.get_subscriptions_info_by_topic(topic):
                    print(info, end=end)
