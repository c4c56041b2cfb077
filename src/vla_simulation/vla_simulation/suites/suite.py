"""What every suite has: a world that is compiled once, families of tasks, and how they are told."""
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile
from vla_core.validation import near_matches
from vla_simulation.bodies import Movable
from vla_simulation.scene import Appearance, CameraShift, Scene, SceneError, generator

if TYPE_CHECKING:
    from vla_simulation.expert import TaskExpert
    from vla_simulation.tasks import TaskMonitor
    from vla_simulation.world import World

__all__ = ['AXES', 'Family', 'Suite', 'draw_appearance']

#: What can be switched on to see whether a policy stands it, one at a time or together.
AXES: dict[str, str] = {
    'clutter': 'more objects on the table',
    'absent_target': 'the object that is named is not there',
    'background': 'table, floor, wall and light of colours never trained on',
    'camera_shift': 'cameras displaced beyond what was trained on',
    'unseen_combination': 'a pair of colour and shape never trained on',
    'paraphrase': 'an instruction in words never trained on',
}
ATTEMPTS = 200


@dataclass(frozen=True)
class Family:
    """A kind of task: its time limit, its check, its expert."""

    name: str
    time_limit_s: float
    monitor: 'Callable[[World, Scene], TaskMonitor]'
    expert: 'Callable[[World, Scene], TaskExpert]'


class Suite(ABC):
    """
    A world and its tasks.

    A suite is also the ``world`` argument of `build_model` (called with the MjSpec);
    `vla_simulation.world.arrange` puts a scene of it into that model.
    """

    name: str
    profiles: tuple[str, ...]
    families: Mapping[str, Family]
    movables: Mapping[str, Movable]
    fixtures: Mapping[str, str]
    rate_hz: float
    jittered_camera: str
    #: From where people look: point in m, distance in m, azimuth and elevation in degrees.
    view: tuple[tuple[float, float, float], float, float, float]

    @abstractmethod
    def __call__(self, spec: mujoco.MjSpec) -> None:
        """Add table, pool and light to the model."""

    @abstractmethod
    def contract(self, profile: RobotProfile) -> PolicyContract:
        """What policies of this suite see and give."""

    @abstractmethod
    def arms(self, family: str, profile: RobotProfile, seed: int) -> tuple[str, ...]:
        """The arms that do the task, in the order of their part."""

    @abstractmethod
    def lay_out(
        self, family: str, seed: int, axes: Sequence[str], arms: tuple[str, ...],
    ) -> dict | None:
        """
        Draw placements, target, goal and instruction of a scene.

        None when this attempt found no room; a generator for the next is made by the caller.
        """

    def check_robot(self, profile: RobotProfile) -> None:
        """SceneError when the suite is not for the robot of ``profile``."""
        if profile.name not in self.profiles:
            raise SceneError(f'suite {self.name} is for robot {" or ".join(self.profiles)}, '
                             f'not {profile.name}')

    def family(self, name: str) -> Family:
        """The family called ``name``; SceneError names those there are."""
        if name not in self.families:
            raise SceneError(
                f'suite {self.name} has no task {name!r}; {near_matches(name, self.families)}')
        return self.families[name]

    def draw(
        self, family: str, seed: int, axes: Sequence[str], profile: RobotProfile,
    ) -> Scene:
        """Draw the scene of a seed; the same arguments always give the same scene."""
        self.family(family)
        if seed < 0:
            raise SceneError(f'seed: must not be negative (got {seed})')
        for axis in axes:
            if axis not in AXES:
                raise SceneError(f'no axis {axis!r}; {near_matches(axis, AXES)}')
        axes = tuple(axis for axis in AXES if axis in axes)
        arms = self.arms(family, profile, seed)
        parts = self.lay_out(family, seed, axes, arms)
        random = generator(self.name, family, seed, 'start')
        return Scene(
            suite=self.name, family=family, seed=seed, axes=axes, arms=arms,
            start=tuple(random.normal(0.0, 0.02, len(profile.joints)).clip(-0.05, 0.05).tolist()),
            appearance=draw_appearance(
                self.name, family, seed, axes,
                [camera.name for camera in profile.cameras], self.jittered_camera), **parts)


def draw_appearance(
    suite: str, family: str, seed: int, axes: Sequence[str], cameras: Sequence[str],
    shifted: str,
) -> Appearance:
    """Colours, light and cameras: within what is trained on, or beyond it on their axes."""
    random = generator(suite, family, seed, 'appearance')
    grey, warmth = random.uniform(0.45, 0.80), random.uniform(0.0, 0.14)
    table = (grey + 0.6 * warmth, grey, grey - warmth)
    floor = random.uniform(0.25, 0.40) + random.uniform(-0.03, 0.03, 3)
    wall = random.uniform(0.60, 0.85) + random.uniform(-0.05, 0.05, 3)
    light, ambient, tint = random.uniform(0.35, 0.60), random.uniform(0.25, 0.35), np.ones(3)
    direction = np.array([*random.uniform(-0.5, 0.5, 2), -1.0])
    if 'background' in axes:
        random = generator(suite, family, seed, 'background')
        table, floor, wall = (_saturated(random) for _ in range(3))
        tint = random.uniform(0.75, 1.0, 3)
        light, ambient = random.uniform(0.20, 0.75), random.uniform(0.15, 0.45)
    random = generator(suite, family, seed, 'cameras')
    shifts = {camera: (random.normal(0, 0.004, 3), random.normal(0, 0.006, 3))
              for camera in cameras}
    if 'camera_shift' in axes:
        random = generator(suite, family, seed, 'camera_shift')
        shifts[shifted] = (_of_length(random, random.uniform(0.04, 0.08)),
                           _of_length(random, random.uniform(0.05, 0.10)))
    return Appearance(
        table=_triple(table), floor=_triple(floor), wall=_triple(wall),
        light_direction=_triple(direction / np.linalg.norm(direction)), light=float(light),
        ambient=float(ambient), tint=_triple(tint),
        cameras=tuple(CameraShift(camera=camera, translation=_triple(move), rotation=_triple(turn))
                      for camera, (move, turn) in shifts.items()))


def _saturated(random: np.random.Generator) -> np.ndarray:
    """A pastel or dark colour, unlike the greys and woods of training."""
    colour = random.uniform(0.25, 0.75, 3)
    colour[random.integers(3)] *= 0.45
    return colour


def _of_length(random: np.random.Generator, length: float) -> np.ndarray:
    vector = random.normal(size=3)
    return vector * (length / np.linalg.norm(vector))


def _triple(values: np.ndarray | tuple) -> tuple[float, float, float]:
    return tuple(round(float(value), 6) for value in values)
