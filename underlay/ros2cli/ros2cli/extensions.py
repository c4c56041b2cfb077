"""
Commands and verbs by entry point.

The command's own are read from entry_points.txt, the file that setup.py installs as metadata too,
so they are found from the source as well; other packages add theirs by the same groups
('ros2cli.command', 'ros2topic.verb', …) and replace one of ours by taking its name.
"""
from __future__ import annotations

from configparser import ConfigParser
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from .errors import CommandError

OWN_ENTRY_POINTS = Path(__file__).with_name('entry_points.txt')


@cache
def entry_points(group: str) -> dict[str, metadata.EntryPoint]:
    """Return the entry points of a group by name, in alphabetical order."""
    own = ConfigParser(delimiters='=')
    own.optionxform = str
    own.read_string(OWN_ENTRY_POINTS.read_text(encoding='utf-8'))
    found = {
        name: metadata.EntryPoint(name, value, group)
        for name, value in (own.items(group) if own.has_section(group) else ())
    }
    found.update((point.name, point) for point in metadata.entry_points(group=group))
    return dict(sorted(found.items()))


def load_extension(group: str, name: str) -> Any:
    """Import an extension and make its one instance, whose NAME is that of the entry point."""
    points = entry_points(group)
    if name not in points:
        raise CommandError(f"'{name}' is not supported; there is: {', '.join(points)}")
    extension = points[name].load()()
    extension.NAME = name
    return extension


def summary(extension: Any) -> str:
    """Return the first line of an extension's docstring."""
    lines = (type(extension).__doc__ or '').strip().splitlines()
    return lines[0].rstrip('.') if lines else ''
