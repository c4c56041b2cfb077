"""Suites of tasks by name: one folder each, or an entry point in ``vla_simulation.suites``."""
import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib.metadata import entry_points

from vla_core.profile import RobotProfile
from vla_core.validation import near_matches
from vla_simulation.model import World
from vla_simulation.scene import Scene, SceneError
from vla_simulation.suites.suite import AXES, Family, Suite

__all__ = ['AXES', 'GROUP', 'NO_WORLD', 'Family', 'Suite', 'available', 'draw_task', 'load',
           'load_world', 'made_for']

GROUP = 'vla_simulation.suites'
NO_WORLD = 'none'


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


def made_for(robot: str) -> str:
    """Name of the first suite that is for the robot; 'none' where there is none."""
    return next((name for name in available() if robot in load(name).profiles), NO_WORLD)


def load_world(name: str, profile: RobotProfile | None = None) -> World | None:
    """
    What stands around a robot: a suite by its name, ``module:name`` of a callable, or 'none'.

    SceneError when there is none such, or it is not for the robot of ``profile``.
    """
    if name in ('', NO_WORLD):
        return None
    module, colon, attribute = name.partition(':')
    try:
        world = getattr(importlib.import_module(module), attribute) if colon else load(name)
    except (ImportError, AttributeError, ValueError) as error:
        if isinstance(error, SceneError):
            raise
        raise SceneError(f'world {name!r} cannot be loaded ({error}); write the name of a suite '
                         f'({", ".join(available())}) or module:name') from error
    if profile is not None and isinstance(world, Suite):
        world.check_robot(profile)
    return world


def draw_task(
    suite: Suite, task: str, seed: int, axes: Sequence[str], profile: RobotProfile,
) -> Scene:
    """
    Draw the scene of a task: ``suite/family``, a family, or '' for the suite's first.

    A pure function: whoever asks with the same arguments gets the same scene and instruction.
    SceneError names an unknown task, or one of a suite that is not the world here.
    """
    named, slash, family = task.rpartition('/')
    if slash and named != suite.name:
        load(named).family(family)
        raise SceneError(f'task {task!r}: the world here is {suite.name}, not {named}')
    return suite.draw(family or next(iter(suite.families)), seed, axes, profile)
