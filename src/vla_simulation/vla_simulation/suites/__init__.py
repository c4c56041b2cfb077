"""Suites of tasks by name: one folder each, or an entry point in ``vla_simulation.suites``."""
import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points

from vla_core.validation import near_matches
from vla_simulation.scene import SceneError
from vla_simulation.suites.suite import AXES, Family, Suite

__all__ = ['AXES', 'GROUP', 'Family', 'Suite', 'available', 'load']

GROUP = 'vla_simulation.suites'


def available() -> list[str]:
    """Names that `load` accepts."""
    own = (module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    return sorted({*own, *(point.name for point in entry_points(group=GROUP))})


@cache
def load(name: str) -> Suite:
    """The suite called ``name``; SceneError names those there are."""
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point.load()
    if name not in available():
        raise SceneError(f'no suite {name!r}; {near_matches(name, available())}')
    return importlib.import_module(f'{__name__}.{name}').SUITE
