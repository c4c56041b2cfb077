"""Commands: what follows 'ros2' on the command line."""
from __future__ import annotations

import argparse
from typing import Any

from ros2cli.errors import CommandError
from ros2cli.extensions import load_extension
from ros2cli.parser import CommandParser, parser_of


class CommandExtension:
    """A command; register its class under the entry point group 'ros2cli.command'."""

    NAME: str | None = None

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the command's arguments to its parser."""

    def main(self, *, parser: CommandParser, args: argparse.Namespace) -> Any:
        """Run; return the exit code, None for 0, or a message of failure."""
        raise NotImplementedError


class VerbCommand(CommandExtension):
    """A command that is a group of verbs; a flag before the verb holds for the verb too."""

    VERBS: str

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the verb and what follows it."""
        parser.add_extension_argument('verb', self.VERBS)

    def main(self, *, parser: CommandParser, args: argparse.Namespace) -> Any:
        """Load the verb, parse its arguments and run it."""
        if args.verb is None:
            parser.print_help()
            return 0
        try:
            verb = load_extension(self.VERBS, args.verb)
        except CommandError as error:
            parser.error(f'verb {error}')
        rest = vars(args).pop('arguments')
        verb_parser = parser_of(verb, f'{parser.prog} {args.verb}', rest)
        return verb.main(args=verb_parser.parse_args(rest, namespace=args))
