"""`ros2 param set`."""
from __future__ import annotations

import argparse

from rclpy.parameter import get_parameter_value

from ros2cli import node
from ros2cli.api import parameter
from ros2cli.api.parameter import RemoteParameters
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class SetVerb(VerbExtension):
    """Set a parameter."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the parameter and its value."""
        node.add_arguments(parser)
        parameter.add_arguments(parser)
        parser.add_argument('parameter_name', help='such as update_rate')
        parser.add_argument('value', help='in YAML: the type follows from how it is written')

    def main(self, *, args: argparse.Namespace) -> None:
        """Set it, or say why the node refused."""
        value = get_parameter_value(args.value)
        with node.DirectNode(args) as direct:
            results = RemoteParameters.of(direct, args).set({args.parameter_name: value})
        result = results[args.parameter_name]
        if not result.successful:
            raise CommandError(f"Setting '{args.parameter_name}' failed: {result.reason}")
        print(f'Set parameter successful{": " + result.reason if result.reason else ""}')
