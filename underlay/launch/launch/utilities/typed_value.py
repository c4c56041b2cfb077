"""Values of a wanted type, given outright or as substitutions."""
from __future__ import annotations

import os
import typing
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import yaml

from ..substitution import Substitution
from .perform_substitutions import perform_substitutions

if TYPE_CHECKING:
    from ..launch_context import LaunchContext

__all__ = ['TypedValue', 'coerce', 'is_substitution_like']

_SCALARS = (bool, int, float, str)


def is_substitution_like(value: Any) -> bool:
    """Return whether `value` is text to be concatenated, holding at least one substitution."""
    if isinstance(value, Substitution):
        return True
    if isinstance(value, (str, bytes, dict)) or not isinstance(value, Iterable):
        return False
    parts = list(value)
    return any(isinstance(part, Substitution) for part in parts) and all(
        isinstance(part, (str, os.PathLike, Substitution)) for part in parts)


def coerce(text: str, data_type: Any = None) -> Any:
    """
    Read `text` and return it as `data_type`.

    `data_type` is bool, int, float, str, a typing.List of one of them, or None for whatever of
    these YAML finds. Raises ValueError when the text is not of that type.
    """
    if data_type is str:
        return text
    if data_type in (int, float):
        return _as_number(text, data_type)
    if data_type is bool and text in ('0', '1'):
        return text == '1'
    return check(_load(text), data_type)


def check(value: Any, data_type: Any) -> Any:
    """Return `value` if it is of `data_type` (see `coerce`), else raise ValueError."""
    if data_type is None:
        return _check_uniform(value)
    if typing.get_origin(data_type) is list:
        return _check_list(value, typing.get_args(data_type)[0])
    if type(value) is not data_type:
        raise ValueError(f'{value!r} is not of type {data_type.__name__}')
    return value


def _load(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f'{text!r} cannot be read as YAML') from error


def _as_number(text: str, data_type: type) -> int | float:
    try:
        return data_type(text)
    except ValueError as error:
        raise ValueError(f'{text!r} is not of type {data_type.__name__}') from error


def _check_list(value: Any, item_type: type) -> list:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f'{value!r} is not a list of {item_type.__name__}')
    return [check(item, item_type) for item in value]


def _check_uniform(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        kinds = {type(item) for item in value}
        if len(kinds) == 1 and kinds <= set(_SCALARS):
            return list(value)
        raise ValueError(f'{value!r} is not a list of items of one type')
    if type(value) not in _SCALARS:
        raise ValueError(f'{value!r} is not a bool, int, float, str or list of those')
    return value


class TypedValue:
    """A value of one type which may be given as substitutions, worked out in a context."""

    def __init__(self, value: Any, data_type: Any, name: str) -> None:
        self._value = value
        self._data_type = data_type
        self._name = name

    def __str__(self) -> str:
        if isinstance(self._value, Substitution):
            return self._value.describe()
        return str(self._value)

    def evaluate(self, context: LaunchContext) -> Any:
        """Return the value; raise ValueError naming it when it is of another type."""
        try:
            if isinstance(self._value, str) or is_substitution_like(self._value):
                return coerce(perform_substitutions(context, self._value), self._data_type)
            return check(self._value, self._data_type)
        except ValueError as error:
            raise ValueError(f'{self._name}: {error}') from error
