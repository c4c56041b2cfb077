"""`ros2 pkg executables`."""
from __future__ import annotations

import argparse

from ros2cli.api.package import executables, package_names
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class ExecutablesVerb(VerbExtension):
    """List the executables of a package, or of all."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the package."""
        parser.add_argument('package_name', nargs='?', help='such as vla_control (default: all)')
        parser.add_argument('--full-path', action='store_true', help='show the files')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print package and executable, one pair a line."""
        packages = package_names() if args.package_name is None else [args.package_name]
        for package in packages:
            for path in executables(package):
                print(path if args.full_path else f'{package} {path.name}')
