"""The command `ros2 run`."""
from __future__ import annotations

import argparse
import os
import shlex

from ros2cli.api.package import executable
from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser

from . import CommandExtension


class RunCommand(CommandExtension):
    """Run an executable of a package."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add package, executable and what is handed on to it."""
        parser.add_argument(
            '--prefix', default='', metavar='COMMAND',
            help="put before the executable, such as 'gdb -ex run --args'")
        parser.add_argument('package_name', help='such as vla_control')
        parser.add_argument('executable_name', help='such as controller_manager')
        parser.add_argument(
            'argv', nargs=argparse.REMAINDER, help='arguments of the executable')

    def main(self, *, parser: CommandParser, args: argparse.Namespace) -> None:
        """Become the executable, so that signals reach it and its exit code is that of ros2."""
        path = str(executable(args.package_name, args.executable_name))
        command = [*shlex.split(args.prefix), path, *args.argv]
        try:
            os.execvp(command[0], command)
        except OSError as error:
            raise CommandError(f"Cannot run '{command[0]}': {error.strerror}") from error
