"""`ros2 interface list`."""
from __future__ import annotations

import argparse

from ros2cli.api.interface import add_kind_arguments, chosen
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class ListVerb(VerbExtension):
    """List the installed interfaces."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add which kinds to show."""
        add_kind_arguments(parser)

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the interfaces by kind."""
        for kind, names in chosen(args).items():
            print(f'{kind}:')
            for name in names:
                print(f'    {name}')
