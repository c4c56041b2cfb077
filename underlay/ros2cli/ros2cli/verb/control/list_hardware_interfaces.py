"""`ros2 control list_hardware_interfaces`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api import controller_manager
from ros2cli.api.controller_manager import describe
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class ListHardwareInterfacesVerb(VerbExtension):
    """List the command and state interfaces of the hardware."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add nothing but the controller manager."""
        controller_manager.add_arguments(parser)

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the interfaces with whether they are available and claimed."""
        with node.DirectNode(args) as direct:
            manager = controller_manager.ControllerManager(
                direct, args.controller_manager, args.timeout)
            interfaces = manager.hardware_interfaces()
        print('command interfaces')
        for interface in sorted(interfaces.command_interfaces, key=lambda known: known.name):
            print(f'\t{describe(interface)}')
        print('state interfaces')
        for interface in sorted(interfaces.state_interfaces, key=lambda known: known.name):
            print(f'\t{interface.name}')
