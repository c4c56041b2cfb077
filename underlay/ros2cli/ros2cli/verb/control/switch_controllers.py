"""`ros2 control switch_controllers`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api import controller_manager
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser, positive_float
from ros2cli.verb import VerbExtension


class SwitchControllersVerb(VerbExtension):
    """Activate and deactivate controllers in one step."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the controllers and how to switch."""
        controller_manager.add_arguments(parser)
        parser.add_argument(
            '--activate', nargs='*', default=[], metavar='NAME', help='controllers to activate')
        parser.add_argument(
            '--deactivate', nargs='*', default=[], metavar='NAME', help='controllers to stop')
        strictness = parser.add_mutually_exclusive_group()
        strictness.add_argument(
            '--strict', action='store_true', help='change nothing unless all can be switched')
        strictness.add_argument(
            '--best-effort', action='store_true', help='switch those that can be (the default)')
        parser.add_argument(
            '--activate-asap', action='store_true', help='do not wait for all to be ready')
        parser.add_argument(
            '--switch-timeout', type=positive_float, default=5.0, metavar='SECONDS',
            help='how long the switch may take (default: %(default)s)')

    def main(self, *, args: argparse.Namespace) -> None:
        """Switch."""
        with node.DirectNode(args) as direct:
            manager = controller_manager.ControllerManager(
                direct, args.controller_manager, args.timeout)
            if not args.activate and not args.deactivate:
                raise CommandError('Nothing to switch: use --activate or --deactivate')
            manager.switch(
                args.activate, args.deactivate, strict=args.strict, asap=args.activate_asap,
                timeout_s=args.switch_timeout)
        for verb, names in (('Deactivated', args.deactivate), ('Activated', args.activate)):
            if names:
                print(f'{verb}: {", ".join(names)}')
