"""`ros2 param delete`."""
from __future__ import annotations

import argparse

from rcl_interfaces.msg import ParameterValue

from ros2cli import node
from ros2cli.api import parameter
from ros2cli.api.parameter import RemoteParameters
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class DeleteVerb(VerbExtension):
    """Delete a parameter."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the parameter."""
        node.add_arguments(parser)
        parameter.add_arguments(parser)
        parser.add_argument('parameter_name', help='such as gripper_name')

    def main(self, *, args: argparse.Namespace) -> None:
        """Delete it, or say why the node refused."""
        name = args.parameter_name
        with node.DirectNode(args) as direct:
            remote = RemoteParameters.of(direct, args)
            remote.values([name])
            result = remote.set({name: ParameterValue()})[name]
        if not result.successful:
            raise CommandError(f"Deleting '{name}' failed: {result.reason}")
        print('Deleted parameter successfully')
