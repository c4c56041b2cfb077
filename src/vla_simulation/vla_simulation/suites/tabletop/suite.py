"""The tabletop suite: its pool of bodies, its families, and how a scene is drawn."""
from collections.abc import Iterator, Sequence
from itertools import product

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
from vla_simulation.bodies import (
    COLOURS,
    Movable,
    add_bowl,
    add_movable,
    add_pad,
    add_surroundings,
    add_tray,
)
from vla_simulation.scene import Placement, SceneError, generator
from vla_simulation.suites.suite import Family, Suite
from vla_simulation.suites.tabletop.experts import (
    PickExpert,
    PlaceExpert,
    PushExpert,
    StackExpert,
)
from vla_simulation.suites.tabletop.language import HELD_OUT, TRAINING
from vla_simulation.suites.tabletop.monitors import (
    PickMonitor,
    PlaceMonitor,
    PushMonitor,
    StackMonitor,
)

__all__ = ['SUITE', 'UNSEEN_COMBINATIONS', 'Tabletop']

#: Pairs that no training scene shows.
UNSEEN_COMBINATIONS = (
    ('purple', 'cube'), ('yellow', 'cylinder'), ('blue', 'ball'), ('red', 'bar'),
    ('green', 'cross'), ('orange', 'cube'))
LOWER, UPPER = np.array([0.37, -0.25]), np.array([0.63, 0.25])
BOWL_RADIUS, TRAY_SIDE, PAD_RADIUS = 0.062, 0.140, 0.060
FIXTURE_RADIUS = {'bowl': 0.082, 'tray': 0.095, 'pad': PAD_RADIUS}
FINGER_ROOM = 0.046
HORIZON = 16
PUSH_DISTANCE = (0.13, 0.24)
RUN_UP = 0.085


class Tabletop(Suite):
    """See the module."""

    name = 'tabletop'
    profiles = ('franka', 'ur')
    rate_hz = 10.0
    jittered_camera = 'front'
    view = ((0.46, 0.0, 0.10), 1.05, 205.0, -34.0)
    movables = {
        'cube_1': Movable.cube(0.042), 'cube_2': Movable.cube(0.046),
        'cube_3': Movable.cube(0.050),
        'cylinder_1': Movable.cylinder(0.021, 0.056), 'cylinder_2': Movable.cylinder(0.023, 0.060),
        'cylinder_3': Movable.cylinder(0.025, 0.064),
        'ball_1': Movable.ball(0.024), 'ball_2': Movable.ball(0.026),
        'bar_1': Movable.bar(0.090, 0.034, 0.034), 'bar_2': Movable.bar(0.100, 0.036, 0.036),
        'cross_1': Movable.cross(0.062, 0.024, 0.036),
        'cross_2': Movable.cross(0.066, 0.024, 0.040),
    }
    fixtures = {'bowl_1': 'bowl', 'bowl_2': 'bowl', 'tray_1': 'tray', 'tray_2': 'tray',
                'pad_1': 'pad', 'pad_2': 'pad'}
    families = {family.name: family for family in (
        Family('pick', 8.0, PickMonitor, PickExpert),
        Family('place_in', 14.0, PlaceMonitor, PlaceExpert),
        Family('push_to', 14.0, PushMonitor, PushExpert),
        Family('stack', 14.0, StackMonitor, StackExpert),
    )}
    #: What each family is called in words: of training, and of the axis ``paraphrase``.
    training, held_out = TRAINING, HELD_OUT

    def __call__(self, spec: mujoco.MjSpec) -> None:
        add_surroundings(spec, (0.45, 0.0), (0.62, 0.70), wall_axis='x')
        for name, kind in self.movables.items():
            add_movable(spec, name, kind)
        for name, kind in self.fixtures.items():
            if kind == 'bowl':
                add_bowl(spec, name, BOWL_RADIUS, 0.042)
            elif kind == 'tray':
                add_tray(spec, name, TRAY_SIDE, 0.030)
            else:
                add_pad(spec, name, PAD_RADIUS)

    def contract(self, profile: RobotProfile) -> PolicyContract:
        """Two 224 × 224 images, joints, tip pose and opening; tip poses and openings back."""
        arm = profile.arms[0]
        square = ImageProcessing(width=224, height=224, fit='crop')
        return PolicyContract(
            name=f'{self.name}_{profile.name}',
            description=f'{self.name} suite, {profile.description}',
            robot=profile.name, rate_hz=self.rate_hz,
            images=tuple(ImageContract(key=f'observation.images.{camera.name}',
                                       topic=f'{camera.name}/image_raw', processing=square)
                         for camera in profile.cameras),
            state=StateContract(parts=(
                StatePart(source='joint_position', topic='joint_states', names=arm.joints),
                StatePart(source='tip_pose', topic='current_pose', arm=arm.name,
                          rotation='rotation_6d'),
                StatePart(source='gripper', topic='joint_states', arm=arm.name))),
            action=ActionContract(horizon=HORIZON, space=ActionSpace.of_robot(
                profile, 'pose', frame=arm.base_frame, rotation='rotation_6d',
                gripper='normalised_open')))

    def arms(self, family: str, profile: RobotProfile, seed: int) -> tuple[str, ...]:
        return (profile.arms[0].name,)

    def lay_out(
        self, family: str, seed: int, axes: Sequence[str], arms: tuple[str, ...],
    ) -> dict:
        for attempt in range(200):
            draft = _Draft(self, family, generator(self.name, family, seed, f'layout {attempt}'))
            if draft.draw('unseen_combination' in axes):
                break
        else:
            raise SceneError(f'{self.name} {family}: no room for the scene of seed {seed}')
        if 'clutter' in axes:
            draft.random = generator(self.name, family, seed, 'clutter')
            draft.add_distractors(3)
        phrases = {'object': draft.phrase(draft.target),
                   'goal': draft.phrase(draft.goal) if draft.goal else ''}
        if 'absent_target' in axes:
            del draft.placed[draft.target]
            draft.target = ''
        paraphrased = 'paraphrase' in axes
        random = generator(self.name, family, seed, 'paraphrase' if paraphrased else 'words')
        words = (self.held_out if paraphrased else self.training)[family]
        return {
            'instruction': words[int(random.integers(len(words)))].format(**phrases),
            'target': draft.target, 'goal': draft.goal,
            'placements': tuple(draft.placed.values())}


class _Draft:
    """A layout in the making."""

    def __init__(self, suite: Tabletop, family: str, random: np.random.Generator) -> None:
        self.suite, self.family, self.random = suite, family, random
        self.placed: dict[str, Placement] = {}
        self.target = self.goal = ''

    def draw(self, unseen: bool) -> bool:
        """Target, goal and distractors; False when there was no room."""
        shapes = sorted({kind.shape for kind in self.suite.movables.values()})
        if self.family in ('push_to', 'stack'):
            shapes.remove('ball')
        pairs = [pair for pair in product(COLOURS, shapes)
                 if (pair in UNSEEN_COMBINATIONS) == unseen]
        colour, shape = pairs[int(self.random.integers(len(pairs)))]
        steps = [lambda: self._add_target(colour, shape)]
        if self.family == 'place_in':
            steps += [lambda: self._add_containers()]
        elif self.family == 'push_to':
            steps = [lambda: self._add_push(colour, shape)]
        elif self.family == 'stack':
            steps += [lambda: self._add_base()]
        if not all(step() for step in steps):
            return False
        count = int(self.random.integers(1, 3)) + (self.family == 'pick')
        return self.add_distractors(count) == count

    def phrase(self, body: str) -> str:
        """How a body is called: 'the red cube'."""
        kind = (self.suite.fixtures.get(body) or self.suite.movables[body].shape)
        return f'the {self.placed[body].colour} {kind}'

    def add_distractors(self, count: int) -> int:
        """Add up to ``count`` objects, the first like the target in colour or in shape."""
        added = 0
        for _ in range(count * 10):
            if added == count:
                break
            shapes = sorted({kind.shape for kind in self.suite.movables.values()})
            colour, shape = self._pick(list(COLOURS)), self._pick(shapes)
            if added == 0 and self.target:
                if self.random.random() < 0.5:
                    colour = self.placed[self.target].colour
                else:
                    shape = self.suite.movables[self.target].shape
            if (colour, shape) not in UNSEEN_COMBINATIONS and not self._is_there(colour, shape):
                added += bool(self._add_movable(colour, shape))
        return added

    def _pick(self, choices: Sequence[str]) -> str:
        return choices[int(self.random.integers(len(choices)))]

    def _is_there(self, colour: str, shape: str) -> bool:
        return any(place.colour == colour and body in self.suite.movables
                   and self.suite.movables[body].shape == shape
                   for body, place in self.placed.items())

    def _add_target(self, colour: str, shape: str) -> bool:
        self.target = self._add_movable(colour, shape)
        return bool(self.target)

    def _add_base(self) -> bool:
        bases = ('cube', 'cylinder', 'cross')
        pairs = [(colour, shape) for colour, shape in product(COLOURS, bases)
                 if (colour, shape) not in UNSEEN_COMBINATIONS
                 and not self._is_there(colour, shape)]
        colour, shape = pairs[int(self.random.integers(len(pairs)))]
        self.goal = self._add_movable(colour, shape)
        return bool(self.goal)

    def _add_containers(self) -> bool:
        colours = [list(COLOURS)[i] for i in self.random.permutation(len(COLOURS))[:2]]
        kinds = [self._pick(['bowl', 'tray']) for _ in colours]
        bodies = [self._add_fixture(kind, colour) for kind, colour in zip(kinds, colours)]
        self.goal = bodies[0]
        return all(bodies)

    def _add_push(self, colour: str, shape: str) -> bool:
        """A pad, and the object with a clear way to it and room to start from behind."""
        colours = [list(COLOURS)[i] for i in self.random.permutation(len(COLOURS))[:2]]
        self.goal = self._add_fixture('pad', colours[0])
        self.target = self._add_movable(colour, shape) if self.goal else ''
        if not self.target:
            return False
        start, end = self._spot(self.target), self._spot(self.goal)
        way = end - start
        behind = start - way / np.linalg.norm(way) * (
            self.suite.movables[self.target].radius + RUN_UP)
        return (PUSH_DISTANCE[0] <= np.linalg.norm(way) <= PUSH_DISTANCE[1]
                and bool(np.all(behind > LOWER - 0.05) and np.all(behind < UPPER + 0.05))
                and bool(self._add_fixture('pad', colours[1])))

    def _add_movable(self, colour: str, shape: str) -> str:
        free = [body for body, kind in self.suite.movables.items()
                if kind.shape == shape and body not in self.placed]
        if not free:
            return ''
        body = self._pick(free)
        kind = self.suite.movables[body]
        spot = self._find_room(kind.radius, body)
        if spot is None:
            return ''
        self.placed[body] = Placement(
            body=body, colour=colour, position=(*spot, kind.height / 2 + 0.0003),
            yaw=round(float(self.random.uniform(-np.pi, np.pi)), 4))
        return body

    def _add_fixture(self, kind: str, colour: str) -> str:
        body = next(name for name, found in self.suite.fixtures.items()
                    if found == kind and name not in self.placed)
        spot = self._find_room(FIXTURE_RADIUS[kind], body)
        if spot is None:
            return ''
        turn = self.random.uniform(-0.4, 0.4) if kind == 'tray' else 0.0
        self.placed[body] = Placement(
            body=body, colour=colour, position=(*spot, 0.0), yaw=round(float(turn), 4))
        return body

    def _find_room(self, radius: float, body: str) -> tuple[float, float] | None:
        for _ in range(40):
            spot = self.random.uniform(LOWER, UPPER)
            if all(np.linalg.norm(spot - other) >= radius + reach + room
                   for other, reach, room in self._others(body)) and self._leaves_way(spot, radius):
                return round(float(spot[0]), 4), round(float(spot[1]), 4)
        return None

    def _others(self, body: str) -> Iterator[tuple[np.ndarray, float, float]]:
        """Position and radius of what stands there, and the room the fingers need between."""
        for name, place in self.placed.items():
            fixtures = self.suite.fixtures
            kind = fixtures.get(name)
            radius = FIXTURE_RADIUS[kind] if kind else self.suite.movables[name].radius
            both_fixed = kind is not None and body in fixtures
            yield np.array(place.position[:2]), radius, 0.01 if both_fixed else FINGER_ROOM

    def _leaves_way(self, spot: np.ndarray, radius: float) -> bool:
        """Whether a thing at ``spot`` keeps clear of the way along which something is pushed."""
        if self.family != 'push_to' or not (self.target and self.goal):
            return True
        start, end = self._spot(self.target), self._spot(self.goal)
        way = (end - start) / np.linalg.norm(end - start)
        start, end = start - way * 0.12, end + way * 0.02
        along = np.clip((spot - start) @ way, 0.0, np.linalg.norm(end - start))
        aside = max(0.075, self.suite.movables[self.target].radius + 0.035)
        return bool(np.linalg.norm(spot - start - along * way) >= radius + aside)

    def _spot(self, body: str) -> np.ndarray:
        return np.array(self.placed[body].position[:2])


SUITE = Tabletop()
