"""`ros2 control unload_controller`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api import controller_manager
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class UnloadControllerVerb(VerbExtension):
    """Unload a controller."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the controller."""
        controller_manager.add_arguments(parser)
        parser.add_argument('controller_name', help='such as joint_impedance_controller')

    def main(self, *, args: argparse.Namespace) -> None:
        """Unload it."""
        with node.DirectNode(args) as direct:
            manager = controller_manager.ControllerManager(
                direct, args.controller_manager, args.timeout)
            manager.unload(args.controller_name)
        print(f"Controller '{args.controller_name}' unloaded")
