"""`ros2 service call`."""
from __future__ import annotations

import argparse

from ros2cli import node
from ros2cli.api import service
from ros2cli.api.graph import absolute_name
from ros2cli.api.interface_types import fill, read_values, service_class
from ros2cli.parser import CommandParser, positive_float
from ros2cli.verb import VerbExtension


class CallVerb(VerbExtension):
    """Call a service."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add service, type and values."""
        node.add_arguments(parser)
        parser.add_argument('service_name', help='such as /robot/reset')
        parser.add_argument('service_type', help='such as std_srvs/srv/Trigger')
        parser.add_argument(
            'values', nargs='?', default='{}', help="fields in YAML, such as '{data: true}'")
        parser.add_argument('--stdin', action='store_true', help='read the fields from stdin')
        parser.add_argument(
            '-r', '--rate', type=positive_float, metavar='HZ', help='call again and again')
        parser.add_argument(
            '--timeout', type=positive_float, default=service.DEFAULT_TIMEOUT_S, metavar='SECONDS',
            help='how long to wait for the service to appear (default: %(default)s)')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print request and response."""
        service_type = service_class(args.service_type)
        request = service_type.Request()
        set_stamps = fill(request, read_values(args.values, from_stdin=args.stdin), stamped=True)
        with node.DirectNode(args) as direct:
            while True:
                for set_stamp in set_stamps:
                    set_stamp(direct.get_clock().now().to_msg())
                print(f'requester: making request: {request!r}\n', flush=True)
                response = service.call(
                    direct, service_type, absolute_name(args.service_name), request, args.timeout,
                    patient=True)
                print(f'response:\n{response!r}\n', flush=True)
                if args.rate is None:
                    return
                direct.spin_until(lambda: False, 1 / args.rate)
