"""
Message definitions as a bag holds them: the text of a type with those it holds, and its hash.

Read from the installed interface packages; needs ament_index_python, as every ROS 2 has it.
"""
import json
import re
from functools import cache
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

from vla_recording.errors import BagError

__all__ = ['definition_text', 'type_hash']

SEPARATOR = '=' * 80
_FIELD = re.compile(r'^\s*(?P<type>[A-Za-z][\w/]*)(?:<=\d+)?(?:\[[^\]]*\])?\s+[A-Za-z]\w*')
_PRIMITIVES = frozenset((
    'bool', 'byte', 'char', 'float32', 'float64', 'int8', 'uint8', 'int16', 'uint16', 'int32',
    'uint32', 'int64', 'uint64', 'string', 'wstring'))


@cache
def definition_text(type_name: str) -> str:
    """
    The text of ``pkg/msg/Type``, then of every type it holds, each under a heading of its own.

    The form is that of schemas with encoding 'ros2msg' in MCAP.
    """
    texts = {type_name: _path(type_name).read_text(encoding='utf-8')}
    waiting = [type_name]
    while waiting:
        current = waiting.pop(0)
        for line in texts[current].splitlines():
            nested = _nested_type(line, current.split('/')[0])
            if nested is not None and nested not in texts:
                texts[nested] = _path(nested).read_text(encoding='utf-8')
                waiting.append(nested)
    parts = []
    for name, text in texts.items():
        package, _, short = name.split('/')
        parts.append(text if name == type_name else f'{SEPARATOR}\nMSG: {package}/{short}\n{text}')
    return '\n'.join(parts)


@cache
def type_hash(type_name: str) -> str:
    """The RIHS01 hash of a type (REP 2011), or '' where the package brings no description."""
    try:
        entries = json.loads(_path(type_name).with_suffix('.json').read_text(encoding='utf-8'))
    except OSError:
        return ''
    return next((entry['hash_string'] for entry in entries['type_hashes']
                 if entry['type_name'] == type_name), '')


def _nested_type(line: str, package: str) -> str | None:
    """The type of a field that is a message itself."""
    match = _FIELD.match(line.split('#')[0])
    if match is None or match['type'] in _PRIMITIVES:
        return None
    parts = match['type'].split('/')
    if len(parts) == 1:
        return f'{package}/msg/{parts[0]}'
    return f'{parts[0]}/msg/{parts[-1]}'


def _path(type_name: str) -> Path:
    try:
        package, folder, short = type_name.split('/')
        path = Path(get_package_share_directory(package)) / folder / f'{short}.msg'
    except (ValueError, PackageNotFoundError) as error:
        raise BagError(f'type {type_name}: its package is not installed') from error
    if not path.is_file():
        raise BagError(f'type {type_name}: no definition is installed ({path.name})')
    return path
