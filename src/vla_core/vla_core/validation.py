"""
Typed configuration read from files: unknown keys are refused, and an error is one clear line.

Profiles, policy contracts and node parameters are all `StrictModel`s, so they fail alike.
"""
import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

__all__ = [
    'ConfigurationError', 'Frame', 'Name', 'Real', 'StrictModel', 'Vector', 'near_matches',
    'one_line', 'problem', 'read_yaml',
]

ModelT = TypeVar('ModelT', bound='StrictModel')


class ConfigurationError(ValueError):
    """Something a person wrote is wrong; the message is one line that says what to mend."""


def problem(field: str, message: str) -> PydanticCustomError:
    """An error for a validator to raise: ``message`` about ``field``, a path below the model."""
    return PydanticCustomError('problem', '{message}', {'field': field, 'message': message})


def near_matches(word: str, known: Iterable[str]) -> str:
    """What to write after an unknown ``word``: the near names, or all of them when none is."""
    known = list(known)
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.6)
    if near:
        return 'did you mean ' + ' or '.join(repr(name) for name in near) + '?'
    return 'known: ' + (', '.join(known) or 'none')


class StrictModel(BaseModel):
    """A frozen pydantic model that refuses unknown keys and compares arrays by value."""

    model_config = ConfigDict(
        frozen=True, extra='forbid', allow_inf_nan=False, arbitrary_types_allowed=True,
        validate_default=True)

    @model_validator(mode='before')
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            for key in data:
                if key not in cls.model_fields:
                    raise problem(
                        str(key), f'unknown key; {near_matches(str(key), cls.model_fields)}')
        return data

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        return hash(self.model_dump_json())


def one_line(error: ValidationError) -> str:
    """Say the first error of ``error`` in one line: field path, problem, and how many more."""
    errors = error.errors(include_url=False)
    # A list whose item is bad is reported as too short as well: only the item says something.
    errors = [entry for entry in errors if not any(
        other['loc'][:len(entry['loc'])] == entry['loc'] != other['loc'] for other in errors)]
    first = errors[0]
    path = _path((*first['loc'], *first.get('ctx', {}).get('field', '').split('.')))
    if first['type'] == 'missing':
        text = 'is missing; add it'
    elif first['type'] == 'problem':
        text = first['msg']
    else:
        message = first['msg'].removeprefix('Value error, ')
        text = f'{message[0].lower()}{message[1:]} (got {_short(first["input"])})'
    more = f' (and {len(errors) - 1} more)' if len(errors) > 1 else ''
    return ' '.join((f'{path}: {text}' if path else text).split()) + more


def read_yaml(path: Path, model: type[ModelT], error: type[Exception]) -> ModelT:
    """Read ``path`` as a ``model``; whatever is wrong becomes one line of ``error``."""
    try:
        data = yaml.load(path.read_text(encoding='utf-8'), Loader=_UniqueKeyLoader)
    except OSError as failure:
        raise error(f'{path}: cannot be read: {failure.strerror or failure}') from failure
    except (yaml.YAMLError, ValueError, RecursionError) as failure:
        raise error(f'{path}: is not valid YAML: {_yaml_problem(failure)}') from failure
    if not isinstance(data, Mapping):
        raise error(
            f'{path}: must be a mapping of keys to values, not {type(data).__name__}')
    try:
        return model.model_validate(data)
    except ValidationError as failure:
        raise error(f'{path}: {one_line(failure)}') from failure


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError('must be a number, not true or false')
    return value


def _vector(value: Any) -> np.ndarray:
    """A read-only float64 copy of a list of finite numbers."""
    if not isinstance(value, list | tuple | np.ndarray):
        raise ValueError('must be a list of numbers')
    if any(isinstance(item, bool) for item in value):
        raise ValueError('must hold numbers only, not true or false')
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(())
    if array.ndim != 1:
        raise ValueError('must be a list of numbers')
    if not np.all(np.isfinite(array)):
        raise ValueError('must hold finite numbers only')
    array.flags.writeable = False
    return array


Real = Annotated[float, BeforeValidator(_number)]
Vector = Annotated[
    np.ndarray, BeforeValidator(_vector), PlainSerializer(lambda array: array.tolist())]
Name = Annotated[str, StringConstraints(pattern=r'^[A-Za-z][A-Za-z0-9_]*$', max_length=100)]
Frame = Annotated[str, StringConstraints(pattern=r'^[A-Za-z0-9_][A-Za-z0-9_/.-]*$', max_length=200)]


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML without surprises: a key written twice is an error, not the last one silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f'key {key.value!r} is written twice', key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _yaml_problem(failure: Exception) -> str:
    if isinstance(failure, RecursionError):
        return 'it is nested too deeply'
    mark = getattr(failure, 'problem_mark', None)
    where = f'line {mark.line + 1}: ' if mark else ''
    return ' '.join(f'{where}{getattr(failure, "problem", None) or failure}'.split())


def _path(location: Iterable[int | str]) -> str:
    path = ''
    for part in location:
        if isinstance(part, int):
            path += f'[{part}]'
        elif part:
            path += f'.{part}' if path else part
    return path


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + '...'
