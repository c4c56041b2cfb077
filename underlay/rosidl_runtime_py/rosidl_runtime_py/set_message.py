"""Message fields set from a dictionary, as it comes from YAML."""
from __future__ import annotations

import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy
from rosidl_parser.definition import AbstractNestedType, NamespacedType

from .convert import get_message_slot_types
from .import_message import import_message_from_namespaced_type

HEADER = ['std_msgs', 'msg', 'Header']
TIME = ['builtin_interfaces', 'msg', 'Time']


def set_message_fields(
    msg: Any, values: Mapping[str, Any], expand_header_auto: bool = False,
    expand_time_now: bool = False,
) -> list[Callable[[Any], None]]:
    """
    Set the fields of a message, nested ones included.

    Returns setters of time stamps: one for each header given as 'auto' (with expand_header_auto)
    and for each time given as 'now' (with expand_time_now); call them with a
    builtin_interfaces/msg/Time. Raises AttributeError for an unknown field, and TypeError,
    ValueError or AssertionError for a value that does not fit its field.
    """
    stamps: list[Callable[[Any], None]] = []
    _set_fields(msg, values, expand_header_auto, expand_time_now, stamps)
    return stamps


def _set_fields(
    msg: Any, values: Any, header_auto: bool, time_now: bool,
    stamps: list[Callable[[Any], None]],
) -> None:
    if not isinstance(values, Mapping):
        raise TypeError(
            f"Value '{values}' is expected to be a dictionary but is a {type(values).__name__}")
    slot_types = get_message_slot_types(msg)
    for name, value in values.items():
        if name not in slot_types:
            raise AttributeError(f"{type(msg).__name__} has no field '{name}'")
        field = getattr(msg, name)
        slot_type = slot_types[name]
        if header_auto and value == 'auto' and _is(slot_type, HEADER):
            stamps.append(partial(setattr, field, 'stamp'))
        elif time_now and value == 'now' and _is(slot_type, TIME):
            stamps.append(partial(setattr, msg, name))
        elif isinstance(slot_type, NamespacedType):
            if isinstance(value, type(field)):
                setattr(msg, name, value)
            else:
                _set_fields(field, value, header_auto, time_now, stamps)
        elif (isinstance(slot_type, AbstractNestedType)
                and isinstance(slot_type.value_type, NamespacedType)):
            element = import_message_from_namespaced_type(slot_type.value_type)
            setattr(msg, name, [
                item if isinstance(item, element)
                else _filled(element, item, header_auto, time_now, stamps)
                for item in _sequence(name, value)])
        else:
            with _checked(msg):
                setattr(msg, name, _converted(field, name, value))


@contextmanager
def _checked(msg: Any) -> Iterator[None]:
    """Let a message check what it is given: by default it takes values that do not fit."""
    before, msg._check_fields = msg._check_fields, True
    try:
        yield
    finally:
        msg._check_fields = before


def _filled(
    message_class: Any, values: Any, header_auto: bool, time_now: bool,
    stamps: list[Callable[[Any], None]],
) -> Any:
    msg = message_class()
    _set_fields(msg, values, header_auto, time_now, stamps)
    return msg


def _converted(field: Any, name: str, value: Any) -> Any:
    """Turn a YAML value into the type that the field has now."""
    if isinstance(value, type(field)):
        return value
    if isinstance(field, array.array):
        return array.array(field.typecode, _sequence(name, value))
    if isinstance(field, numpy.ndarray):
        return numpy.array(_sequence(name, value), dtype=field.dtype)
    if isinstance(field, list):
        return list(_sequence(name, value))
    if isinstance(field, bytes):
        return value.encode('latin-1') if isinstance(value, str) else bytes([value])
    if isinstance(field, str) or not isinstance(value, str):
        return type(field)(value)
    return _number(field, name, value)


def _number(field: Any, name: str, text: str) -> Any:
    if isinstance(field, bool):
        raise TypeError(f"Field '{name}' is expected to be true or false, got '{text}'")
    return type(field)(text)


def _sequence(name: str, value: Any) -> Any:
    if isinstance(value, (str, Mapping)) or not hasattr(value, '__iter__'):
        raise TypeError(f"Field '{name}' is expected to be a sequence, got '{value}'")
    return value


def _is(slot_type: Any, full_name: list[str]) -> bool:
    return isinstance(slot_type, NamespacedType) and list(
        slot_type.namespaced_name()) == full_name
