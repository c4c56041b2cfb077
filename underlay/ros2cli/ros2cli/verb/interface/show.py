"""`ros2 interface show`."""
from __future__ import annotations

import argparse
import sys

from ros2cli.api.interface import expanded
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension


class ShowVerb(VerbExtension):
    """Show the definition of an interface."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the interface and how much to show of it."""
        comments = parser.add_mutually_exclusive_group()
        comments.add_argument(
            '--all-comments', action='store_true', help='show the comments of nested types too')
        comments.add_argument('--no-comments', action='store_true', help='show no comments')
        parser.add_argument('type', help="such as sensor_msgs/msg/Image; '-' reads it from stdin")

    def main(self, *, args: argparse.Namespace) -> None:
        """Print the definition with nested types indented under their fields."""
        name = sys.stdin.read().strip() if args.type == '-' else args.type
        if not name:
            raise CommandError("No interface was given on stdin, such as 'sensor_msgs/msg/Image'")
        for line in expanded(
                name, comments=not args.no_comments, nested_comments=args.all_comments):
            print(line)
