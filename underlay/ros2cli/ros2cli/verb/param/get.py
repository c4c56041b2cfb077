"""`ros2 param get`."""
from __future__ import annotations

import argparse

from rclpy.parameter import parameter_value_to_python

from ros2cli import node
from ros2cli.api import parameter
from ros2cli.api.parameter import TYPE_NAMES, RemoteParameters
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class GetVerb(VerbExtension):
    """Show the value of a parameter."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the parameter."""
        node.add_arguments(parser)
        parameter.add_arguments(parser)
        parser.add_argument('parameter_name', help='such as update_rate')
        parser.add_argument('--hide-type', action='store_true', help='show the value alone')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the value."""
        with node.DirectNode(args) as direct:
            (value,) = RemoteParameters.of(direct, args).values([args.parameter_name])
        plain = parameter_value_to_python(value)
        label = f'{TYPE_NAMES[value.type]} value{"s are" if isinstance(plain, list) else " is"}'
        print(plain if args.hide_type else f'{label.capitalize()}: {plain}')
