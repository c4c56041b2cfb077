"""`ros2 interface packages`."""
from __future__ import annotations

import argparse

from ros2cli.api.interface import add_kind_arguments, chosen
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class PackagesVerb(VerbExtension):
    """List the packages that define interfaces."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add which kinds a package must define."""
        add_kind_arguments(parser)

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the packages, one a line."""
        names = [name for found in chosen(args).values() for name in found]
        for package in sorted({name.split('/')[0] for name in names}):
            print(package)
