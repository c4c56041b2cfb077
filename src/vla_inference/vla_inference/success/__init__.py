"""
Who says that a task has succeeded or failed: sources by name.

A source is a class, registered under the entry point group ``vla_inference.success``, that is made
with the inference node. A new one touches nothing else.
"""
from collections.abc import Sequence
from importlib.metadata import entry_points

from vla_core.validation import ConfigurationError, near_matches
from vla_inference.success.source import SuccessSource

__all__ = ['GROUP', 'SuccessSource', 'available', 'make_sources']

GROUP = 'vla_inference.success'


def available() -> list[str]:
    """Names of the sources."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def make_sources(names: Sequence[str], node) -> list[SuccessSource]:
    """The sources of ``names``, in their order; ConfigurationError for an unknown one."""
    points = {point.name: point for point in entry_points(group=GROUP)}
    for name in names:
        if name not in points:
            raise ConfigurationError(f'parameter success_sources: no source {name!r}; '
                                     f'{near_matches(name, points)}')
    return [points[name].load()(node) for name in names]
