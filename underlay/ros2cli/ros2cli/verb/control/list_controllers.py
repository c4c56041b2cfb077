"""`ros2 control list_controllers`."""
from __future__ import annotations

import argparse
from collections.abc import Sequence

from ros2cli import node
from ros2cli.api import controller_manager
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension

LISTS = (
    ('claimed_interfaces', 'claimed interfaces', 'claimed_interfaces'),
    ('required_command_interfaces', 'required command interfaces', 'required_command_interfaces'),
    ('required_state_interfaces', 'required state interfaces', 'required_state_interfaces'),
)


class ListControllersVerb(VerbExtension):
    """List the loaded controllers."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add what to show of each controller."""
        controller_manager.add_arguments(parser)
        parser.add_argument(
            '--claimed-interfaces', action='store_true', help='show the claimed interfaces')
        parser.add_argument(
            '--required-state-interfaces', action='store_true', help='show the states it reads')
        parser.add_argument(
            '--required-command-interfaces', action='store_true',
            help='show the commands it writes')
        parser.add_argument(
            '--chained-interfaces', action='store_true', help='show what controllers chain')
        parser.add_argument('-v', '--verbose', action='store_true', help='show all of these')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print name, type and state, and the lists that are wanted."""
        with node.DirectNode(args) as direct:
            manager = controller_manager.ControllerManager(
                direct, args.controller_manager, args.timeout)
            controllers = manager.controllers()
        names = max((len(controller.name) for controller in controllers), default=0)
        types = max((len(controller.type) for controller in controllers), default=0)
        for controller in controllers:
            print(f'{controller.name:<{names}} {controller.type:<{types}}  {controller.state}')
            for flag, title, field in LISTS:
                if args.verbose or getattr(args, flag):
                    _print_list(title, getattr(controller, field))
            if args.verbose or args.chained_interfaces:
                _print_list('chained to controllers', [
                    f'{chain.name}: {", ".join(chain.reference_interfaces)}'
                    for chain in controller.chain_connections])
                _print_list('exported reference interfaces', controller.reference_interfaces)


def _print_list(title: str, lines: Sequence[str]) -> None:
    print(f'\t{title}:')
    for line in lines:
        print(f'\t\t{line}')
