"""Interfaces by their definitions."""
from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from rosidl_runtime_py import (
    get_action_interfaces,
    get_interface_path,
    get_interfaces,
    get_message_interfaces,
    get_service_interfaces,
)

from ros2cli.errors import CommandError
from ros2cli.parser import CommandParser

KINDS = {
    'Messages': ('only_msgs', get_message_interfaces),
    'Services': ('only_srvs', get_service_interfaces),
    'Actions': ('only_actions', get_action_interfaces),
}
FIELD = re.compile(
    r'(?P<package>\w+)/(?:msg/)?(?P<name>\w+)(?=[\[<\s])|(?P<alone>[A-Z]\w*)(?=[\[<\s])')


def add_kind_arguments(parser: CommandParser) -> None:
    """Add flags that choose messages, services or actions."""
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument('-m', '--only-msgs', action='store_true', help='messages alone')
    kinds.add_argument('-s', '--only-srvs', action='store_true', help='services alone')
    kinds.add_argument('-a', '--only-actions', action='store_true', help='actions alone')


def chosen(args: argparse.Namespace, package: str | None = None) -> dict[str, list[str]]:
    """Return the full names of interfaces by kind ('Messages' …), of one package or of all."""
    flags = [flag for flag, _ in KINDS.values()]
    every = not any(getattr(args, flag) for flag in flags)
    packages = [] if package is None else [package]
    try:
        return {
            kind: sorted(
                f'{owner}/{name}' for owner, names in find(packages).items() for name in names)
            for kind, (flag, find) in KINDS.items() if every or getattr(args, flag)}
    except LookupError as error:
        raise CommandError(str(error)) from error


def definition_file(name: str) -> Path:
    """Return the file that defines an interface, or end the command."""
    try:
        return Path(get_interface_path(name))
    except (LookupError, ValueError) as error:
        message = error.args[0]
        known = get_interfaces().get(name.split('/')[0], [])
        near = [full for full in known if full.split('/')[-1] == name.split('/')[-1]]
        hint = f"; did you mean '{name.split('/')[0]}/{near[0]}'?" if near else ''
        raise CommandError(f'{message}{hint}') from error


def expanded(name: str, *, comments: bool, nested_comments: bool) -> Iterator[str]:
    """
    Return the lines of a definition, each field of a message type followed by that type's lines.

    Nested lines are indented by a tab a level.
    """
    yield from _expand(name, comments, nested_comments, 0)


def field_type(line: str, package: str) -> str | None:
    """Return the full name of the message that a field of a definition holds, if it does."""
    match = FIELD.match(line)
    if match is None:
        return None
    if match['alone']:
        return f'{package}/msg/{match["alone"]}'
    return f'{match["package"]}/msg/{match["name"]}'


def _expand(name: str, comments: bool, nested_comments: bool, depth: int) -> Iterator[str]:
    package = name.split('/')[0]
    for line in definition_file(name).read_text(encoding='utf-8').splitlines():
        shown = line.rstrip() if comments else _without_comment(line)
        if shown or comments:
            yield '\t' * depth + shown if shown else ''
        nested = field_type(line, package)
        if nested is not None:
            yield from _expand(nested, nested_comments, nested_comments, depth + 1)


def _without_comment(line: str) -> str:
    """Cut a comment off, but not a '#' within a quoted default."""
    quote = ''
    for place, character in enumerate(line):
        if quote:
            quote = '' if character == quote else quote
        elif character in '\'"':
            quote = character
        elif character == '#':
            return line[:place].rstrip()
    return line.rstrip()
