"""`ros2 pkg prefix`."""
from __future__ import annotations

import argparse

from ros2cli.api.package import package_prefix
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class PrefixVerb(VerbExtension):
    """Show where a package is installed."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the package."""
        parser.add_argument('package_name', help='such as vla_bringup')
        parser.add_argument('--share', action='store_true', help='show its share folder instead')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the folder."""
        prefix = package_prefix(args.package_name)
        print(prefix / 'share' / args.package_name if args.share else prefix)
