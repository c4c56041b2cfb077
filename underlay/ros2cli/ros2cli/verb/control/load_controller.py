"""`ros2 control load_controller`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api import controller_manager
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class LoadControllerVerb(VerbExtension):
    """Load a controller."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the controller and the state to bring it to."""
        controller_manager.add_arguments(parser)
        parser.add_argument('controller_name', help='such as joint_impedance_controller')
        parser.add_argument(
            '--set-state', choices=['inactive', 'active'],
            help='configure it too, and activate it')

    def main(self, *, args: argparse.Namespace) -> None:
        """Load, configure and activate."""
        with node.DirectNode(args) as direct:
            manager = controller_manager.ControllerManager(
                direct, args.controller_manager, args.timeout)
            manager.load(args.controller_name)
            if args.set_state is not None:
                manager.configure(args.controller_name)
            if args.set_state == 'active':
                manager.switch(
                    [args.controller_name], [], strict=True, asap=True, timeout_s=args.timeout)
        state = '' if args.set_state is None else f' and brought to {args.set_state}'
        print(f"Controller '{args.controller_name}' loaded{state}")
