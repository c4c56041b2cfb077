"""`ros2 control set_controller_state`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api import controller_manager
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class SetControllerStateVerb(VerbExtension):
    """Bring a controller to a state."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add controller and state."""
        controller_manager.add_arguments(parser)
        parser.add_argument('controller_name', help='such as joint_impedance_controller')
        parser.add_argument(
            'state', choices=['unconfigured', 'inactive', 'active'], help='the state to reach')

    def main(self, *, args: argparse.Namespace) -> None:
        """Go the way from the state that it has."""
        with node.DirectNode(args) as direct:
            manager = controller_manager.ControllerManager(
                direct, args.controller_manager, args.timeout)
            _bring(manager, args.controller_name, args.state, args.timeout)
        print(f"Controller '{args.controller_name}' is {args.state}")


def _bring(
    manager: controller_manager.ControllerManager, name: str, target: str, timeout_s: float,
) -> None:
    state = next((known.state for known in manager.controllers() if known.name == name), None)
    if state is None:
        raise CommandError(f"'{manager.name}' has no controller '{name}'; load it first")
    if state == 'active' and target != 'active':
        manager.switch([], [name], strict=True, asap=True, timeout_s=timeout_s)
        state = 'inactive'
    if state == 'inactive' and target == 'unconfigured':
        manager.cleanup(name)
    elif state == 'unconfigured' and target != 'unconfigured':
        manager.configure(name)
        state = 'inactive'
    if state == 'inactive' and target == 'active':
        manager.switch([name], [], strict=True, asap=True, timeout_s=timeout_s)
