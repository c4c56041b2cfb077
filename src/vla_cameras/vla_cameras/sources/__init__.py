"""
Where pictures come from, found by name.

A source is an entry point of group ``vla_cameras.sources``, or a module of this package (so that a
checkout works without being installed), or written out as ``module:Class``. Its class has a
`SourceConfig` of its own, whose keys are the options below ``source:`` in a camera set.
"""
import importlib
import pkgutil
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from vla_cameras.sources.source import Source, SourceConfig
from vla_core.validation import near_matches, problem

__all__ = ['available', 'find', 'parse']

GROUP = 'vla_cameras.sources'


def _modules() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(__path__)
                  if module.name != 'source')


def available() -> list[str]:
    """Kinds of source by name."""
    return sorted({point.name for point in entry_points(group=GROUP)} | set(_modules()))


def find(kind: str) -> type[Source]:
    """The class of a kind of source; ValueError names those there are."""
    for point in entry_points(group=GROUP):
        if point.name == kind:
            return point.load()
    if kind in _modules():
        return importlib.import_module(f'{__name__}.{kind}').CameraSource
    module, colon, name = kind.partition(':')
    if colon:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise problem('kind', f'{kind!r} cannot be loaded ({error})') from error
    raise problem('kind', f'no source {kind!r}; {near_matches(kind, available())}')


def parse(options: Mapping[str, Any]) -> SourceConfig:
    """The options of a source, checked by the source's own model."""
    if not isinstance(options.get('kind'), str):
        raise problem('kind', f'is missing; known: {", ".join(available())}')
    return find(options['kind']).Config.model_validate(dict(options))
