"""
Strategies by name: a module each, or an entry point in ``vla_execution.strategies``.

A module names its class ``STRATEGY``; adding one adds one file.
"""
import importlib
import pkgutil
from importlib.metadata import entry_points

from vla_core.validation import ConfigurationError, near_matches
from vla_execution.strategy import Strategy

__all__ = ['GROUP', 'StrategyError', 'available', 'create']

GROUP = 'vla_execution.strategies'


class StrategyError(ConfigurationError):
    """A strategy that there is not; one line."""


def available() -> list[str]:
    """Names that `create` accepts."""
    own = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted({*own, *(point.name for point in entry_points(group=GROUP))})


def create(name: str) -> Strategy:
    """Make the strategy called ``name``; StrategyError names those there are."""
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point.load()()
    if name not in available():
        raise StrategyError(f'no execution strategy {name!r}; {near_matches(name, available())}')
    return importlib.import_module(f'{__name__}.{name}').STRATEGY()
