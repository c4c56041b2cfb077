"""`ros2 param describe`."""
from __future__ import annotations

import argparse

from rcl_interfaces.msg import ParameterDescriptor

from ros2cli import node
from ros2cli.api import parameter
from ros2cli.api.parameter import TYPE_NAMES, RemoteParameters
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class DescribeVerb(VerbExtension):
    """Show type, description and bounds of parameters."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the parameters."""
        node.add_arguments(parser)
        parameter.add_arguments(parser)
        parser.add_argument('parameter_names', nargs='+', help='such as update_rate')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print what the node declares."""
        with node.DirectNode(args) as direct:
            for descriptor in RemoteParameters.of(direct, args).descriptors(args.parameter_names):
                _print_descriptor(descriptor)


def _print_descriptor(descriptor: ParameterDescriptor) -> None:
    print(f'Parameter name: {descriptor.name}')
    print(f'  Type: {TYPE_NAMES[descriptor.type]}')
    if descriptor.description:
        print(f'  Description: {descriptor.description}')
    constraints = ['Read only: true'] if descriptor.read_only else []
    for bounds in (*descriptor.integer_range, *descriptor.floating_point_range):
        constraints += [f'Min value: {bounds.from_value}', f'Max value: {bounds.to_value}']
        if bounds.step:
            constraints.append(f'Step: {bounds.step}')
    if descriptor.additional_constraints:
        constraints.append(f'Additional constraints: {descriptor.additional_constraints}')
    if constraints:
        print('\n    '.join(['  Constraints:', *constraints]))
