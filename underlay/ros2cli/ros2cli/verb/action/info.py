"""`ros2 action info`."""
from __future__ import annotations

import argparse
from collections.abc import Callable

from rclpy.action import (
    get_action_client_names_and_types_by_node,
    get_action_server_names_and_types_by_node,
)

from ros2cli import node
from ros2cli.api.graph import NamesAndTypes, absolute_name, action_types, node_names
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class InfoVerb(VerbExtension):
    """Show the clients and servers of an action."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the action."""
        node.add_arguments(parser)
        parser.add_argument('action_name', help='such as /gripper/command')
        parser.add_argument('-t', '--show-types', action='store_true', help='show the types too')
        parser.add_argument('-c', '--count', action='store_true', help='show only how many')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the nodes at both ends of the action."""
        action = absolute_name(args.action_name)
        with node.DirectNode(args) as direct:
            action_types(direct, action)
            direct.discover()
            clients = _nodes_with(direct, action, get_action_client_names_and_types_by_node)
            servers = _nodes_with(direct, action, get_action_server_names_and_types_by_node)
        print(f'Action: {action}')
        for title, ends in (('clients', clients), ('servers', servers)):
            print(f'Action {title}: {len(ends)}')
            for name, types in () if args.count else ends:
                print(f'    {name} [{", ".join(types)}]' if args.show_types else f'    {name}')


def _nodes_with(
    direct: node.DirectNode, action: str,
    actions_of: Callable[[object, str, str], NamesAndTypes],
) -> NamesAndTypes:
    return [
        (found.full_name, types)
        for found in node_names(direct, include_hidden=True)
        for name, types in actions_of(direct.node, found.name, found.namespace) if name == action]
