"""`ros2 node info`."""
from __future__ import annotations

import argparse
import sys

from rclpy.action import (
    get_action_client_names_and_types_by_node,
    get_action_server_names_and_types_by_node,
)
from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden

from ros2cli import node
from ros2cli.api.graph import NamesAndTypes, find_node, node_names
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class InfoVerb(VerbExtension):
    """Show the topics, services and actions of a node."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the node."""
        node.add_arguments(parser)
        parser.add_argument('node_name', help='such as /controller_manager')
        parser.add_argument(
            '--include-hidden', action='store_true',
            help='show hidden topics, services and nodes too')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the ends that the node has."""
        with node.DirectNode(args) as direct:
            found = find_node(direct, args.node_name, include_hidden=args.include_hidden)
            everyone = node_names(direct.discover(), include_hidden=True)
            if everyone.count(found) > 1:
                print(
                    f"WARNING: {everyone.count(found)} nodes are named '{found.full_name}'; "
                    'this is what they have together', file=sys.stderr)
            name, namespace = found.name, found.namespace
            print(found.full_name)
            for title, ends in (
                ('Subscribers', direct.get_subscriber_names_and_types_by_node(name, namespace)),
                ('Publishers', direct.get_publisher_names_and_types_by_node(name, namespace)),
                ('Service Servers', direct.get_service_names_and_types_by_node(name, namespace)),
                ('Service Clients', direct.get_client_names_and_types_by_node(name, namespace)),
                ('Action Servers', get_action_server_names_and_types_by_node(
                    direct.node, name, namespace)),
                ('Action Clients', get_action_client_names_and_types_by_node(
                    direct.node, name, namespace)),
            ):
                _print_ends(title, ends, args.include_hidden)


def _print_ends(title: str, ends: NamesAndTypes, include_hidden: bool) -> None:
    print(f'  {title}:')
    for name, types in sorted(ends):
        if include_hidden or not topic_or_service_is_hidden(name):
            print(f'    {name}: {", ".join(types)}')
