"""The URDF of a robot, expanded from the xacro that its profile names."""
import os
from typing import NamedTuple
from xml.dom import minidom
from xml.etree import ElementTree

import xacro

from vla_core.profile import ProfileError, RobotProfile

__all__ = ['Mimic', 'mimics', 'robot_description']


def robot_description(profile: RobotProfile, **arguments: str) -> str:
    """
    URDF text of ``profile.model`` with ``profile.model_arguments``.

    ``arguments`` override those of the profile by name. ProfileError says what is wrong with the
    file or that it has no such argument.
    """
    path = profile.find_model()
    mappings = {**profile.model_arguments, **arguments}
    declared = {element.getAttribute('name') for element in
                minidom.parse(os.fspath(path)).getElementsByTagName('xacro:arg')}
    for name in mappings:
        if name not in declared:
            raise ProfileError(
                f'robot {profile.name}: {path.name} has no argument {name!r}; '
                f'it has {", ".join(sorted(declared)) or "none"}')
    try:
        return xacro.process_file(os.fspath(path), mappings=mappings).toprettyxml(indent='  ')
    except (xacro.XacroException, OSError) as error:
        raise ProfileError(f'robot {profile.name}: {path.name}: {error}') from error


class Mimic(NamedTuple):
    """A joint that follows another: ``factor`` times its position, plus ``offset``."""

    joint: str
    factor: float
    offset: float


def mimics(urdf: str) -> dict[str, Mimic]:
    """What each joint that follows another does, by name."""
    return {joint.get('name'): Mimic(mimic.get('joint'), float(mimic.get('multiplier', 1.0)),
                                     float(mimic.get('offset', 0.0)))
            for joint in ElementTree.fromstring(urdf).findall('joint')
            if (mimic := joint.find('mimic')) is not None}
