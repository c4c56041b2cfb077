"""Values of parameters as launch files give them, and as nodes read them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from launch import LaunchContext, Substitution
from launch.utilities import coerce, is_substitution_like, perform_substitutions

from .parameter_descriptions import ParameterValue

__all__ = ['evaluate_parameters', 'evaluate_value']


def evaluate_parameters(context: LaunchContext, parameters: Mapping) -> dict[str, Any]:
    """
    Return name → value of a dictionary whose names, values or both may hold substitutions.

    Nested dictionaries become names joined by dots. The text of a substitution is read as YAML,
    so that '1' becomes an integer; `ParameterValue` says otherwise. Raises TypeError or
    ValueError naming the parameter.
    """
    values: dict[str, Any] = {}
    for key, value in parameters.items():
        name = perform_substitutions(context, key)
        if isinstance(value, Mapping):
            nested = evaluate_parameters(context, value)
            values.update({f'{name}.{below}': leaf for below, leaf in nested.items()})
        else:
            values[name] = evaluate_value(context, value, name)
    return values


def evaluate_value(context: LaunchContext, value: Any, name: str) -> Any:
    """Return the plain value of the parameter `name`."""
    try:
        return _evaluate(context, value)
    except (TypeError, ValueError) as error:
        raise type(error)(f'parameter {name!r}: {error}') from error


def _evaluate(context: LaunchContext, value: Any) -> Any:
    if isinstance(value, ParameterValue):
        return value.evaluate(context)
    if isinstance(value, (bool, int, float, str)):
        return value
    if is_substitution_like(value):
        return _read(perform_substitutions(context, value))
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return _uniform([_evaluate_item(context, item) for item in value])
    raise TypeError(
        f'{value!r} is of type {type(value).__name__}, not bool, int, float, str or a list')


def _evaluate_item(context: LaunchContext, item: Any) -> Any:
    if isinstance(item, (Substitution, list, tuple)):
        return _read(perform_substitutions(context, item))
    return _evaluate(context, item)


def _read(text: str) -> Any:
    try:
        return coerce(text) if text else ''
    except ValueError as error:
        raise ValueError(
            f'{error}; for plain text use ParameterValue(…, value_type=str)') from error


def _uniform(items: list) -> list:
    kinds = {type(item) for item in items}
    if kinds == {int, float}:
        return [float(item) for item in items]
    if len(kinds) != 1:
        raise TypeError(f'the list {items!r} is empty or of several types')
    return items
