"""`ros2 control reload_controller_libraries`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api import controller_manager
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class ReloadControllerLibrariesVerb(VerbExtension):
    """Load the libraries of the controllers anew."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add whether to stop controllers for it."""
        controller_manager.add_arguments(parser)
        parser.add_argument(
            '--force-kill', action='store_true', help='unload the running controllers first')

    def main(self, *, args: argparse.Namespace) -> None:
        """Reload them."""
        with node.DirectNode(args) as direct:
            manager = controller_manager.ControllerManager(
                direct, args.controller_manager, args.timeout)
            manager.reload_libraries(force_kill=args.force_kill)
        print('Reload successful')
