"""Type check of an argument."""
from collections.abc import Iterable
from typing import Any

__all__ = ['ensure_argument_type']


def ensure_argument_type(
    argument: Any, types: type | Iterable[type], argument_name: str, caller: str = '',
) -> None:
    """Raise TypeError naming the argument unless it is an instance of one of `types`."""
    expected = (types,) if isinstance(types, type) else tuple(types)
    if isinstance(argument, expected):
        return
    names = ' or '.join(kind.__name__ for kind in expected)
    place = f'{caller}: ' if caller else ''
    raise TypeError(
        f'{place}{argument_name!r} must be {names}, not {type(argument).__name__} ({argument!r})')
