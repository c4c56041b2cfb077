"""`ros2 control set_hardware_component_state`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api import controller_manager
from ros2cli.api.controller_manager import STATE_IDS
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class SetHardwareComponentStateVerb(VerbExtension):
    """Bring a hardware component to a state."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add component and state."""
        controller_manager.add_arguments(parser)
        parser.add_argument('hardware_component_name', help='such as franka')
        parser.add_argument('state', choices=list(STATE_IDS), help='the state to reach')

    def main(self, *, args: argparse.Namespace) -> None:
        """Bring it there."""
        with node.DirectNode(args) as direct:
            manager = controller_manager.ControllerManager(
                direct, args.controller_manager, args.timeout)
            reached = manager.set_hardware_state(args.hardware_component_name, args.state)
        print(f"Hardware component '{args.hardware_component_name}' is {reached}")
