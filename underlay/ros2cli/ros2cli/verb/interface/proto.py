"""`ros2 interface proto`."""
from __future__ import annotations

import argparse

from rosidl_runtime_py import message_to_yaml
from rosidl_runtime_py.utilities import get_interface, is_action, is_service

from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class ProtoVerb(VerbExtension):
    """Show an empty interface, to fill in and publish, call or send."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the interface."""
        parser.add_argument('type', help='such as std_msgs/msg/String')
        parser.add_argument('--no-quotes', action='store_true', help='leave the quotes out')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print its fields as YAML: those of the request of a service, of the goal of an action."""
        try:
            interface = get_interface(args.type)
        except (AttributeError, ImportError, ValueError) as error:
            raise CommandError(f"Unknown interface '{args.type}'") from error
        if is_action(interface):
            interface = interface.Goal
        elif is_service(interface):
            interface = interface.Request
        text = message_to_yaml(interface())
        print(text if args.no_quotes else f'"{text}"')
