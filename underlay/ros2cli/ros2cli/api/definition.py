"""Message definitions as a bag holds them: text of a type with its dependencies, and its hash."""
from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from rosidl_runtime_py import get_interface_path

from ros2cli.errors import CommandError

from .interface import field_type

SEPARATOR = '=' * 80


@cache
def definition_text(type_name: str) -> str:
    """
    Return the .msg text of a type, then of every type it holds, each under its own heading.

    The form is that of schemas with encoding 'ros2msg' in MCAP (rosbag2_storage_mcap).
    """
    texts = {type_name: _source(type_name)}
    queue = [type_name]
    while queue:
        current = queue.pop(0)
        for line in texts[current].splitlines():
            nested = field_type(line, current.split('/')[0])
            if nested is not None and nested not in texts:
                texts[nested] = _source(nested)
                queue.append(nested)
    root, *nested_names = texts
    parts = [texts[root]]
    for name in nested_names:
        package, _, short = name.split('/')
        parts.append(f'{SEPARATOR}\nMSG: {package}/{short}\n{texts[name]}')
    return '\n'.join(parts)


@cache
def type_hash(type_name: str) -> str:
    """Return the RIHS01 hash of a type (REP 2011) from its installed type description."""
    path = Path(_path(type_name)).with_suffix('.json')
    try:
        hashes = json.loads(path.read_text(encoding='utf-8'))['type_hashes']
    except OSError as error:
        raise CommandError(f"'{type_name}' is installed without a type description") from error
    return next(entry['hash_string'] for entry in hashes if entry['type_name'] == type_name)


def _source(type_name: str) -> str:
    return Path(_path(type_name)).read_text(encoding='utf-8')


def _path(type_name: str) -> str:
    try:
        return get_interface_path(f'{type_name}.msg')
    except (LookupError, ValueError) as error:
        raise CommandError(f"No definition of '{type_name}' is installed: {error}") from error
