"""`ros2 interface package`."""
from __future__ import annotations

import argparse

from ros2cli.api.interface import add_kind_arguments, chosen
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class PackageVerb(VerbExtension):
    """List the interfaces of a package."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the package and which kinds to show."""
        add_kind_arguments(parser)
        parser.add_argument('package_name', help='such as vla_interfaces')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the interfaces, one a line."""
        for names in chosen(args, args.package_name).values():
            for name in names:
                print(name)
