"""
A scene: one task in one arrangement of a suite's world, as plain data.

Everything that an episode starts from is here, so that a scene drawn from a seed, kept in a file
or made by hand is reset the same way. Lengths in m, angles in rad, world axes, z = 0 the table.
"""
import zlib
from pathlib import Path

import numpy as np
import yaml
from pydantic import Field, model_validator

from vla_core.validation import ConfigurationError, Name, Real, StrictModel, problem, read_yaml

__all__ = ['Appearance', 'CameraShift', 'Placement', 'Scene', 'SceneError', 'generator']

Triple = tuple[Real, Real, Real]


class SceneError(ConfigurationError):
    """A scene, task or axis that is unknown, damaged or cannot be set up; one line."""


class Placement(StrictModel):
    """Where a body of the pool stands, turned by ``yaw`` about z, and its colour."""

    body: Name
    colour: Name
    position: Triple
    yaw: Real = 0.0


class CameraShift(StrictModel):
    """A camera moved by ``translation`` and turned by ``rotation`` (a vector), in its own axes."""

    camera: Name
    translation: Triple
    rotation: Triple


class Appearance(StrictModel):
    """Colours of what surrounds the task, and its light (share of full brightness)."""

    table: Triple
    floor: Triple
    wall: Triple
    light_direction: Triple
    light: Real = Field(ge=0, le=1)
    ambient: Real = Field(ge=0, le=1)
    tint: Triple = (1.0, 1.0, 1.0)
    cameras: tuple[CameraShift, ...] = ()


class Scene(StrictModel):
    """
    A task of ``family`` in ``suite``: what is said, what stands where, what is to be done.

    ``target`` is the body the instruction names and ``goal`` where it goes; ``target`` is empty
    where the named object is absent. ``arms`` names the arms in the order of their part.
    """

    suite: Name
    family: Name
    seed: int = Field(ge=0)
    axes: tuple[Name, ...] = ()
    instruction: str = Field(min_length=1, max_length=500)
    target: Name | str = ''
    goal: Name | str = ''
    arms: tuple[Name, ...]
    placements: tuple[Placement, ...]
    start: tuple[Real, ...] = Field(description='joint offsets from home, rad')
    appearance: Appearance

    @model_validator(mode='after')
    def _check(self) -> 'Scene':
        bodies = [placement.body for placement in self.placements]
        for index, body in enumerate(bodies):
            if body in bodies[:index]:
                raise problem('placements', f'body {body!r} stands in two places')
        for field in ('target', 'goal'):
            if getattr(self, field) and getattr(self, field) not in bodies:
                raise problem(field, f'{getattr(self, field)!r} is not among the placements')
        return self

    def placement(self, body: str) -> Placement:
        """The placement of ``body``."""
        return next(place for place in self.placements if place.body == body)

    @classmethod
    def load(cls, path: Path) -> 'Scene':
        """Read a scene from a YAML or JSON file; SceneError says in one line what is wrong."""
        return read_yaml(path, cls, SceneError)

    def save(self, path: Path) -> None:
        """Write a file that `load` reads back equal."""
        path.write_text(
            yaml.safe_dump(self.model_dump(mode='json'), sort_keys=False), encoding='utf-8')


def generator(suite: str, family: str, seed: int, aspect: str) -> np.random.Generator:
    """
    Random numbers for one aspect of a scene.

    Each aspect has a stream of its own, so that switching one axis on leaves the rest of the
    scene of a seed as it was.
    """
    return np.random.default_rng([seed, *(zlib.crc32(word.encode())
                                          for word in (suite, family, aspect))])
