"""The command `ros2 doctor`."""
from __future__ import annotations

import argparse

from ros2cli.parser import CommandParser

from . import CommandExtension


class DoctorCommand(CommandExtension):
    """Check the environment and the quality of service of the topics."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add how much to tell."""
        from ros2cli import node

        node.add_arguments(parser)
        parser.add_argument('-r', '--report', action='store_true', help='print what was looked at')

    def main(self, *, parser: CommandParser, args: argparse.Namespace) -> int:
        """Print warnings; the exit code is 1 when there are any."""
        from ros2cli.api.doctor import environment, incompatible_ends
        from ros2cli.node import DirectNode

        with DirectNode(args) as direct:
            warnings = incompatible_ends(direct.discover())
        if args.report:
            for name, value in environment().items():
                print(f'{name:<24}: {value}')
        for warning in warnings:
            print(f'WARNING: {warning}')
        print('All checks passed' if not warnings else f'{len(warnings)} checks failed')
        return 1 if warnings else 0
