"""Finds hardware plug-ins: by entry point (group `vla_hardware.plugins`) or as a folder here.

A plug-in's folder has a `plugin.py`; its module names its class `Plugin`, so a checkout works
without being installed.
"""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points
from pathlib import Path

from vla_core.profile import RobotProfile

from .interface import HardwareError, HardwareInterface

GROUP = 'vla_hardware.plugins'
REAL = 'real'


def _folders() -> list[str]:
    return sorted(file.parent.name for file in Path(__file__).parent.glob('*/plugin.py'))


def available_plugins() -> list[str]:
    """Names that `create` accepts."""
    return sorted({point.name for point in entry_points(group=GROUP)} | set(_folders()))


def plugin_class(name: str) -> type[HardwareInterface]:
    """Class of the named plug-in; an installed entry point wins over a folder."""
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point.load()
    if name in _folders():
        return importlib.import_module(f'{__package__}.{name}').Plugin
    raise HardwareError(
        f'no hardware plug-in {name!r}; there are: {", ".join(available_plugins())}'
    )


def plugin_name(hardware: str, profile: RobotProfile) -> str:
    """The plug-in meant by `hardware`: its own name, or `real` for the one named as the profile."""
    if hardware != REAL:
        return hardware
    if profile.name in available_plugins():
        return profile.name
    raise HardwareError(
        f'no hardware plug-in has the name of robot {profile.name!r}; name one of: '
        f'{", ".join(available_plugins())}')


def create(name: str, profile: RobotProfile, **options: object) -> HardwareInterface:
    """Make the named plug-in for a robot; the options are the plug-in's own keyword arguments."""
    try:
        return plugin_class(name)(profile, **options)
    except TypeError as error:
        raise HardwareError(f'hardware plug-in {name!r}: {error}') from error
