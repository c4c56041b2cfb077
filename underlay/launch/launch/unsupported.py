"""Refusal, by name, of what the genuine launch offers and this one does not."""
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

__all__ = ['UnsupportedError', 'refuse', 'refuse_names']


class UnsupportedError(NotImplementedError):
    """A part of the genuine launch API was asked for which this implementation lacks."""


def refuse(what: str) -> NoReturn:
    """Raise UnsupportedError naming `what`."""
    raise UnsupportedError(f'launch (underlay): {what} is not supported')


def refuse_names(module: str, names: Iterable[str]) -> Callable[[str], Any]:
    """Return a module-level `__getattr__` that refuses `names` and knows no other."""
    refused = frozenset(names)

    def __getattr__(name: str) -> Any:  # noqa: N807 (this is what modules call it)
        if name in refused:
            refuse(f'{module}.{name}')
        raise AttributeError(f'module {module!r} has no attribute {name!r}')

    return __getattr__
