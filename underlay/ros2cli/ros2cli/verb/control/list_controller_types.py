"""`ros2 control list_controller_types`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api import controller_manager
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class ListControllerTypesVerb(VerbExtension):
    """List the types of controllers that can be loaded."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add nothing but the controller manager."""
        controller_manager.add_arguments(parser)

    def main(self, *, args: argparse.Namespace) -> None:
        """Print type and base class, one pair a line."""
        with node.DirectNode(args) as direct:
            manager = controller_manager.ControllerManager(
                direct, args.controller_manager, args.timeout)
            for name, base in manager.controller_types():
                print(f'{name:<70} {base}')
