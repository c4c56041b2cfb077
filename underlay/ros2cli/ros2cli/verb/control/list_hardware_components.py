"""`ros2 control list_hardware_components`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api import controller_manager
from ros2cli.api.controller_manager import availability, describe
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class ListHardwareComponentsVerb(VerbExtension):
    """List the hardware components."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add what to show of each component."""
        controller_manager.add_arguments(parser)
        parser.add_argument(
            '-v', '--verbose', action='store_true', help='show the state interfaces too')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print each component with its state and interfaces."""
        with node.DirectNode(args) as direct:
            manager = controller_manager.ControllerManager(
                direct, args.controller_manager, args.timeout)
            components = manager.hardware_components()
        for number, component in enumerate(components, 1):
            print(f'Hardware Component {number}')
            print(f'\tname: {component.name}')
            print(f'\ttype: {component.type}')
            print(f'\tplugin name: {component.plugin_name or component.class_type}')
            print(f'\tstate: id={component.state.id} label={component.state.label}')
            print(f'\tread/write rate: {component.rw_rate} Hz')
            print(f'\tis_async: {component.is_async}')
            print('\tcommand interfaces')
            for interface in component.command_interfaces:
                print(f'\t\t{describe(interface)}')
            if args.verbose:
                print('\tstate interfaces')
                for interface in component.state_interfaces:
                    print(f'\t\t{interface.name} {availability(interface)}')
