"""The bimanual suite: its pool of bodies, its families, and how a scene is drawn."""
from collections.abc import Sequence

import mujoco
import numpy as np

from vla_core.action_space import ActionSpace
from vla_core.image_processing import ImageProcessing
from vla_core.policy_contract import (
    ActionContract,
    ImageContract,
    PolicyContract,
    StateContract,
    StatePart,
)
from vla_core.profile import RobotProfile
from vla_simulation.bodies import COLOURS, Movable, add_movable, add_surroundings
from vla_simulation.scene import Placement, SceneError, generator
from vla_simulation.suites.bimanual.experts import InsertExpert, TransferExpert
from vla_simulation.suites.bimanual.language import HELD_OUT, TRAINING
from vla_simulation.suites.bimanual.monitors import InsertMonitor, TransferMonitor
from vla_simulation.suites.suite import Family, Suite

__all__ = ['SUITE', 'UNSEEN_COMBINATIONS', 'Bimanual']

#: Pairs that no training scene shows.
UNSEEN_COMBINATIONS = (
    ('purple', 'cube'), ('green', 'cube'), ('yellow', 'peg'), ('orange', 'socket'))
NEAR, FAR = 0.10, 0.20
SIDEWAYS = (0.40, 0.62)
MOST_YAW = 0.30
GAP_M = 0.075
HORIZON = 25
ATTEMPTS = 200
SIDE = {'left': -1.0, 'right': 1.0}


class Bimanual(Suite):
    """See the module; x > 0 is the right arm's half of the table."""

    name = 'bimanual'
    profiles = ('aloha',)
    rate_hz = 20.0
    jittered_camera = 'cam_high'
    view = ((0.0, 0.5, 0.10), 1.05, 90.0, -38.0)
    movables = {
        'cube_1': Movable.cube(0.040), 'cube_2': Movable.cube(0.040), 'cube_3': Movable.cube(0.040),
        'cube_4': Movable.cube(0.040), 'peg_1': Movable.peg(0.120, 0.022),
        'peg_2': Movable.peg(0.120, 0.022), 'socket_1': Movable.socket(0.090, 0.034, 0.005),
        'socket_2': Movable.socket(0.090, 0.034, 0.005),
    }
    fixtures: dict[str, str] = {}
    families = {family.name: family for family in (
        Family('transfer', 15.0, TransferMonitor, TransferExpert),
        Family('insert', 20.0, InsertMonitor, InsertExpert),
    )}

    def __call__(self, spec: mujoco.MjSpec) -> None:
        add_surroundings(spec, (0.0, 0.5), (0.72, 0.42), wall_axis='y')
        for name, kind in self.movables.items():
            add_movable(spec, name, kind)

    def contract(self, profile: RobotProfile) -> PolicyContract:
        """Four 224 × 224 images; joints and opening of each arm, in and out, 14 numbers."""
        square = ImageProcessing(width=224, height=224, fit='crop')
        parts = [part for arm in profile.arms for part in (
            StatePart(source='joint_position', topic='joint_states', names=arm.joints),
            StatePart(source='gripper', topic='joint_states', arm=arm.name))]
        return PolicyContract(
            name='bimanual_aloha', description=f'bimanual suite, {profile.description}',
            robot=profile.name, rate_hz=self.rate_hz,
            images=tuple(ImageContract(key=f'observation.images.{camera.name}',
                                       topic=f'{camera.name}/image_raw', processing=square)
                         for camera in profile.cameras),
            state=StateContract(parts=tuple(parts)),
            action=ActionContract(horizon=HORIZON, space=ActionSpace.of_robot(
                profile, 'joint_position', gripper='normalised_open')))

    def arms(self, family: str, profile: RobotProfile, seed: int) -> tuple[str, ...]:
        """Giver and receiver; the arm with the peg and the one with the socket."""
        swapped = generator(self.name, family, seed, 'arms').random() < 0.5
        return ('left', 'right') if swapped and family == 'transfer' else ('right', 'left')

    def lay_out(
        self, family: str, seed: int, axes: Sequence[str], arms: tuple[str, ...],
    ) -> dict:
        for attempt in range(ATTEMPTS):
            random = generator(self.name, family, seed, f'layout {attempt}')
            placed: dict[str, Placement] = {}
            named = self._draw(placed, random, family, arms, 'unseen_combination' in axes)
            if all(named):
                break
        else:
            raise SceneError(f'{self.name} {family}: no room for the scene of seed {seed}')
        if 'clutter' in axes:
            random = generator(self.name, family, seed, 'clutter')
            for arm in arms:
                self._add_distractors(placed, random, 'cube', SIDE[arm], 1)
        target, goal = named[0], named[1] if family == 'insert' else ''
        table = HELD_OUT if 'paraphrase' in axes else TRAINING
        random = generator(self.name, family, seed, 'paraphrase' if table is HELD_OUT else 'words')
        words = table[family]
        instruction = words[int(random.integers(len(words)))].format(
            object=self._phrase(placed, target), goal=self._phrase(placed, goal) if goal else '',
            giver=arms[0], receiver=arms[1])
        if 'absent_target' in axes:
            del placed[target]
            target = ''
        return {'instruction': instruction, 'target': target, 'goal': goal,
                'placements': tuple(placed.values())}

    def _draw(
        self, placed: dict[str, Placement], random: np.random.Generator, family: str,
        arms: tuple[str, ...], unseen: bool,
    ) -> list[str]:
        """Place what is named, and return it, and others like it; empty where there is no room."""
        wanted = ([('cube', arms[0])] if family == 'transfer'
                  else [('peg', arms[0]), ('socket', arms[1])])
        named = []
        for shape, arm in wanted:
            colours = [colour for colour in COLOURS
                       if ((colour, shape) in UNSEEN_COMBINATIONS) == unseen]
            chosen = colours[int(random.integers(len(colours)))]
            named.append(self._place(placed, random, shape, chosen, SIDE[arm]))
            others = 1 + int(family == 'transfer' and random.random() < 0.5)
            named += self._add_distractors(placed, random, shape, SIDE[arm], others)
        if family == 'insert' and all(named):
            return [named[0], named[2]]
        return named

    def _phrase(self, placed: dict[str, Placement], body: str) -> str:
        return f'the {placed[body].colour} {self.movables[body].shape}'

    def _add_distractors(
        self, placed: dict[str, Placement], random: np.random.Generator, shape: str, side: float,
        count: int,
    ) -> list[str]:
        taken = {place.colour for body, place in placed.items()
                 if self.movables[body].shape == shape}
        colours = [colour for colour in COLOURS
                   if colour not in taken and (colour, shape) not in UNSEEN_COMBINATIONS]
        return [self._place(placed, random, shape, colours[int(index)], side)
                for index in random.permutation(len(colours))[:count]]

    def _place(
        self, placed: dict[str, Placement], random: np.random.Generator, shape: str, colour: str,
        side: float,
    ) -> str:
        body = next((name for name, kind in self.movables.items()
                     if kind.shape == shape and name not in placed), None)
        if body is None:
            return ''
        kind = self.movables[body]
        for _ in range(60):
            spot = np.array([side * random.uniform(NEAR, FAR), random.uniform(*SIDEWAYS)])
            yaw = random.uniform(-MOST_YAW, MOST_YAW)
            if all(self._apart(spot, kind, place, self.movables[name])
                   for name, place in placed.items()):
                placed[body] = Placement(
                    body=body, colour=colour, yaw=round(float(yaw), 4),
                    position=(*(round(float(v), 4) for v in spot), kind.height / 2 + 0.0003))
                return body
        return ''

    def _apart(self, spot: np.ndarray, kind: Movable, place: Placement, other: Movable) -> bool:
        """Far enough to the side for fingers between, or far enough along."""
        away = np.abs(spot - np.array(place.position[:2]))
        lengthwise = kind.radius + other.radius + 0.03
        return bool(away[1] > GAP_M + 0.3 * (kind.radius + other.radius - 0.056)
                    or away[0] > lengthwise)


SUITE = Bimanual()
