"""`ros2 param dump`."""
from __future__ import annotations

import argparse

import yaml

from ros2cli import node
from ros2cli.api import parameter
from ros2cli.api.parameter import RemoteParameters, nested
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class DumpVerb(VerbExtension):
    """Print the parameters of a node as a parameter file."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the node."""
        node.add_arguments(parser)
        parameter.add_arguments(parser)

    def main(self, *, args: argparse.Namespace) -> None:
        """Print YAML that `ros2 param load` and `--params-file` read."""
        with node.DirectNode(args) as direct:
            remote = RemoteParameters.of(direct, args)
            names = remote.names()
            values = dict(zip(names, remote.values(names)))
        print(yaml.safe_dump(
            {remote.full_name: {'ros__parameters': nested(values)}},
            default_flow_style=False, allow_unicode=True))
