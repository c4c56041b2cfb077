"""The argument parser of every command and verb, and the number types that they share."""
from __future__ import annotations

import argparse
import inspect
import re
from typing import Any, NoReturn

from .extensions import entry_points, load_extension, summary


class CommandParser(argparse.ArgumentParser):
    """Takes no abbreviated flags, and refuses what it does not know in one line."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault('allow_abbrev', False)
        settings.setdefault('formatter_class', argparse.RawDescriptionHelpFormatter)
        super().__init__(**settings)
        self._group: str | None = None

    def add_extension_argument(self, dest: str, group: str) -> None:
        """Take the name of an extension of a group as `dest`, and the rest as `arguments`."""
        self._group = group
        self.usage = f'%(prog)s [-h] <{dest}> …'
        self.add_argument(dest, nargs='?', help=argparse.SUPPRESS)
        self.add_argument('arguments', nargs=argparse.REMAINDER, help=argparse.SUPPRESS)

    def format_help(self) -> str:
        """List the extensions too, where the parser takes the name of one."""
        if self._group is not None:
            names = list(entry_points(self._group))
            width = max(map(len, names), default=0)
            listing = [
                f'  {name:<{width}}  {summary(load_extension(self._group, name))}'
                for name in names]
            self.epilog = '\n'.join(
                [*listing, '', f"'{self.prog} <name> -h' tells more about one of them."])
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """End with one line on stderr and exit code 2."""
        self.exit(2, f'{self.prog}: {message} (see: {self.prog} -h)\n')


def parser_of(extension: Any, prog: str, argv: list[str]) -> CommandParser:
    """Make the parser of one extension; add_arguments may ask for argv, as in the genuine one."""
    parser = CommandParser(prog=prog, description=summary(extension))
    wanted = inspect.signature(extension.add_arguments).parameters
    extension.add_arguments(parser, prog, **({'argv': argv} if 'argv' in wanted else {}))
    return parser


def positive_int(text: str) -> int:
    """Read a whole number above zero."""
    return _number(text, int, lambda value: value > 0, 'a whole number above zero')


def non_negative_int(text: str) -> int:
    """Read a whole number that is zero or more."""
    return _number(text, int, lambda value: value >= 0, 'a whole number, zero or more')


def positive_float(text: str) -> float:
    """Read a finite number above zero."""
    return _number(text, float, lambda value: 0 < value < float('inf'), 'a number above zero')


def non_negative_float(text: str) -> float:
    """Read a finite number that is zero or more."""
    return _number(text, float, lambda value: 0 <= value < float('inf'), 'a number, zero or more')


def pattern(text: str) -> re.Pattern[str]:
    """Read a regular expression."""
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a regular expression: {error}") from error


def _number(text: str, convert: Any, accepts: Any, expected: str) -> Any:
    try:
        value = convert(text)
    except ValueError:
        value = None
    if value is None or not accepts(value):
        raise argparse.ArgumentTypeError(f"expected {expected}, got '{text}'")
    return value
