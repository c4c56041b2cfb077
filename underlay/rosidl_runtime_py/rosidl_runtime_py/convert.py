"""Messages as dictionaries, YAML and CSV."""
from __future__ import annotations

import array
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy
import yaml
from rosidl_parser.definition import (
    AbstractNestedType,
    AbstractString,
    AbstractType,
    AbstractWString,
    Array,
    BasicType,
    BoundedSequence,
    NamedType,
    NamespacedType,
)

SEQUENCES = (list, tuple, array.array, numpy.ndarray)
ELLIPSIS = '...'
LONGEST_LINE = 2**31 - 1


class _Dumper(getattr(yaml, 'CSafeDumper', yaml.SafeDumper)):
    """Writes an OrderedDict as a plain mapping in its own order."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    OrderedDict, lambda dumper, data: dumper.represent_mapping(
        'tag:yaml.org,2002:map', data.items()))
_Dumper.add_representer(
    tuple, lambda dumper, data: dumper.represent_sequence('tag:yaml.org,2002:seq', data))


def get_message_slot_types(msg: Any) -> OrderedDict[str, AbstractType]:
    """Return the types of a message's fields, by field name and in their order."""
    return OrderedDict(zip(msg.get_fields_and_field_types(), msg.SLOT_TYPES))


def message_to_ordereddict(
    msg: Any, *, truncate_length: int | None = None, no_arr: bool = False, no_str: bool = False,
) -> OrderedDict[str, Any]:
    """
    Turn a message into a dictionary of plain Python values, nested messages included.

    truncate_length cuts strings, bytes and arrays after that many elements; no_arr and no_str put
    a short description in the place of arrays and strings.
    """
    return OrderedDict(
        (name, _plain(getattr(msg, name), slot_type, truncate_length, no_arr, no_str))
        for name, slot_type in get_message_slot_types(msg).items())


def message_to_yaml(
    msg: Any, *, truncate_length: int | None = None, no_arr: bool = False, no_str: bool = False,
    flow_style: bool = False,
) -> str:
    """Turn a message into YAML; the arguments are those of message_to_ordereddict."""
    return yaml.dump(
        message_to_ordereddict(
            msg, truncate_length=truncate_length, no_arr=no_arr, no_str=no_str),
        Dumper=_Dumper, allow_unicode=True, width=LONGEST_LINE, default_flow_style=flow_style,
        sort_keys=False)


def message_to_csv(
    msg: Any, *, truncate_length: int | None = None, no_arr: bool = False, no_str: bool = False,
) -> str:
    """Turn a message into one line of values, depth first, separated by commas."""
    return ','.join(
        cell
        for name, slot_type in get_message_slot_types(msg).items()
        for cell in _cells(getattr(msg, name), slot_type, truncate_length, no_arr, no_str))


def _plain(
    value: Any, slot_type: AbstractType | None, limit: int | None, no_arr: bool, no_str: bool,
) -> Any:
    if isinstance(value, bytes):
        return _cut(value.decode('latin-1'), limit)
    if isinstance(value, str):
        return _describe_string(value) if no_str else _cut(value, limit)
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, numpy.generic):
        return value.item()
    if isinstance(value, SEQUENCES):
        if no_arr and slot_type is not None:
            return _describe_array(value, slot_type)
        cut = limit is not None and len(value) > limit
        kept = value[:limit] if cut else value
        plain = (
            kept.tolist() if isinstance(kept, (array.array, numpy.ndarray))
            else [_plain(item, None, limit, no_arr, no_str) for item in kept])
        return plain + [ELLIPSIS] if cut else plain
    return message_to_ordereddict(value, truncate_length=limit, no_arr=no_arr, no_str=no_str)


def _cells(
    value: Any, slot_type: AbstractType | None, limit: int | None, no_arr: bool, no_str: bool,
) -> Iterator[str]:
    if isinstance(value, (bytes, str)):
        if no_str and isinstance(value, str):
            yield _describe_string(value)
        else:
            yield str(_cut(value, limit))
    elif isinstance(value, (bool, int, float, numpy.generic)):
        yield str(value)
    elif isinstance(value, SEQUENCES):
        if no_arr and slot_type is not None:
            yield _describe_array(value, slot_type)
            return
        for item in value if limit is None else value[:limit]:
            yield from _cells(item, None, limit, no_arr, no_str)
        if limit is not None and len(value) > limit:
            yield ELLIPSIS
    else:
        yield message_to_csv(value, truncate_length=limit, no_arr=no_arr, no_str=no_str)


def _cut(text: Any, limit: int | None) -> Any:
    if limit is None or len(text) <= limit:
        return text
    return text[:limit] + (ELLIPSIS if isinstance(text, str) else ELLIPSIS.encode())


def _describe_string(text: str) -> str:
    return f'<string length: <{len(text)}>>'


def _describe_array(value: Any, slot_type: AbstractNestedType) -> str:
    element = _type_name(slot_type.value_type)
    if isinstance(slot_type, Array):
        return f'<array type: {element}[{slot_type.size}]>'
    if isinstance(slot_type, BoundedSequence):
        return f'<sequence type: {element}[{slot_type.maximum_size}], length: {len(value)}>'
    return f'<sequence type: {element}, length: {len(value)}>'


def _type_name(slot_type: AbstractType) -> str:
    if isinstance(slot_type, BasicType):
        return slot_type.typename
    if isinstance(slot_type, AbstractString):
        return 'string'
    if isinstance(slot_type, AbstractWString):
        return 'wstring'
    if isinstance(slot_type, NamespacedType):
        return '/'.join(slot_type.namespaced_name())
    if isinstance(slot_type, NamedType):
        return slot_type.name
    raise TypeError(f"A message cannot hold an array of '{slot_type!r}'")
