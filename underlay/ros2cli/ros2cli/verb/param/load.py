"""`ros2 param load`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api import parameter
from ros2cli.api.parameter import RemoteParameters, read_file
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class LoadVerb(VerbExtension):
    """Set the parameters that a file has for a node."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the file."""
        node.add_arguments(parser)
        parameter.add_arguments(parser)
        parser.add_argument('parameter_file', help='a parameter file in YAML')
        parser.add_argument(
            '--no-use-wildcard', action='store_true', help="leave out what is under '/**'")

    def main(self, *, args: argparse.Namespace) -> None:
        """Set them one by one; one that the node refused is a failure."""
        with node.DirectNode(args) as direct:
            remote = RemoteParameters.of(direct, args)
            results = remote.set(read_file(
                args.parameter_file, remote.full_name, wildcard=not args.no_use_wildcard))
        for name, result in results.items():
            outcome = 'successful' if result.successful else 'failed'
            reason = f': {result.reason}' if result.reason else ''
            print(f'Set parameter {name} {outcome}{reason}')
        refused = [name for name, result in results.items() if not result.successful]
        if refused:
            raise CommandError(f"'{remote.full_name}' refused: {', '.join(refused)}")
