"""
Bodies of primitive shapes for the worlds: what can be moved, and what stands still.

A movable body has a free joint and rests on z = 0 at half its height; a fixture is a mocap body
with its origin on the table. Dimensions are in m, masses in kg.
"""
from dataclasses import dataclass

import mujoco
import numpy as np

__all__ = [
    'COLOURS', 'Movable', 'add_bowl', 'add_movable', 'add_pad', 'add_surroundings', 'add_tray',
]

#: Colours by name, linear RGB as MuJoCo takes them.
COLOURS: dict[str, tuple[float, float, float]] = {
    'red': (0.80, 0.07, 0.07),
    'green': (0.08, 0.58, 0.15),
    'blue': (0.08, 0.20, 0.85),
    'yellow': (0.95, 0.82, 0.05),
    'orange': (0.98, 0.45, 0.03),
    'purple': (0.48, 0.10, 0.62),
}
OBJECT_FRICTION = (0.6, 0.005, 0.0005)
DENSITY = 700.0
Triple = tuple[float, float, float]
CENTRE = (0.0, 0.0, 0.0)
BOX, CYLINDER, SPHERE = (
    mujoco.mjtGeom.mjGEOM_BOX, mujoco.mjtGeom.mjGEOM_CYLINDER, mujoco.mjtGeom.mjGEOM_SPHERE)


@dataclass(frozen=True)
class Movable:
    """
    A kind of body that can be gripped.

    ``solids`` are (kind, half sizes, position); ``width`` is what the fingers close on, across y of
    the body for one that is longer than wide; ``symmetry`` is how many turns about z look the same
    (0: every turn), ``flat`` whether something can stand on it.
    """

    shape: str
    solids: tuple[tuple[int, Triple, Triple], ...]
    width: float
    height: float
    radius: float
    symmetry: int
    flat: bool

    @classmethod
    def cube(cls, side: float) -> 'Movable':
        half = side / 2
        solids = ((BOX, (half, half, half), CENTRE),)
        return cls('cube', solids, side, side, half * 2 ** 0.5, 4, True)

    @classmethod
    def cylinder(cls, radius: float, height: float) -> 'Movable':
        solids = ((CYLINDER, (radius, height / 2, 0), CENTRE),)
        return cls('cylinder', solids, 2 * radius, height, radius, 0, True)

    @classmethod
    def ball(cls, radius: float) -> 'Movable':
        solids = ((SPHERE, (radius, 0, 0), CENTRE),)
        return cls('ball', solids, 2 * radius, 2 * radius, radius, 0, False)

    @classmethod
    def bar(cls, length: float, width: float, height: float) -> 'Movable':
        solids = ((BOX, (length / 2, width / 2, height / 2), CENTRE),)
        return cls('bar', solids, width, height, float(np.hypot(length, width)) / 2, 2, True)

    @classmethod
    def cross(cls, span: float, width: float, height: float) -> 'Movable':
        arms = ((span / 2, width / 2, height / 2), (width / 2, span / 2, height / 2))
        return cls('cross', tuple((BOX, arm, CENTRE) for arm in arms), span, height,
                   float(np.hypot(span, width)) / 2, 4, True)

    @classmethod
    def peg(cls, length: float, side: float) -> 'Movable':
        solids = ((BOX, (length / 2, side / 2, side / 2), CENTRE),)
        return cls('peg', solids, side, side, length / 2, 2, False)

    @classmethod
    def socket(cls, length: float, bore: float, wall: float) -> 'Movable':
        """A square tube along x, open at both ends, ``bore`` wide inside."""
        out, middle = bore / 2 + wall, (bore + wall) / 2
        solids = tuple(
            solid for sign in (1.0, -1.0) for solid in (
                (BOX, (length / 2, out, wall / 2), (0.0, 0.0, sign * middle)),
                (BOX, (length / 2, wall / 2, bore / 2), (0.0, sign * middle, 0.0))))
        return cls('socket', solids, 2 * out, 2 * out, length / 2, 2, False)


def add_movable(spec: mujoco.MjSpec, name: str, kind: Movable) -> None:
    """Add a body with a free joint ``<name>_free``, parked: it floats and touches nothing."""
    body = spec.worldbody.add_body(name=name, gravcomp=1.0)
    body.add_freejoint(name=f'{name}_free')
    for solid, size, position in kind.solids:
        body.add_geom(type=solid, size=size, pos=position, density=DENSITY, condim=4,
                      friction=OBJECT_FRICTION, contype=0, conaffinity=0, group=2,
                      solref=(0.005, 1.0))


def add_bowl(spec: mujoco.MjSpec, name: str, radius: float, height: float) -> None:
    """Add a round bowl: a floor and twelve staves that lean out a little."""
    body = spec.worldbody.add_body(name=name, mocap=True)
    _fixed(body, CYLINDER, (radius, 0.003, 0), (0, 0, 0.003))
    lean, staves = 0.30, 12
    width = (radius + 0.010) * np.tan(np.pi / staves)
    for turn in np.arange(staves) * 2 * np.pi / staves:
        tilt = np.zeros(4)
        mujoco.mju_mulQuat(tilt, _about('z', turn), _about('y', lean))
        reach = radius + 0.5 * height * np.tan(lean)
        _fixed(body, BOX, (0.003, width, height / 2),
               (reach * np.cos(turn), reach * np.sin(turn), height / 2), tilt)


def add_tray(spec: mujoco.MjSpec, name: str, side: float, height: float) -> None:
    """Add a square tray: a floor and four walls."""
    body = spec.worldbody.add_body(name=name, mocap=True)
    half = side / 2
    _fixed(body, BOX, (half, half, 0.003), (0, 0, 0.003))
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        size = (0.004 if x else half + 0.004, 0.004 if y else half + 0.004, height / 2)
        _fixed(body, BOX, size, (x * half, y * half, height / 2))


def add_pad(spec: mujoco.MjSpec, name: str, radius: float) -> None:
    """Add a disc painted on the table: seen, never touched."""
    body = spec.worldbody.add_body(name=name, mocap=True)
    body.add_geom(type=CYLINDER, size=(radius, 0.0008, 0), pos=(0, 0, 0.0008), group=2,
                  contype=0, conaffinity=0)


def add_surroundings(spec: mujoco.MjSpec, centre: tuple[float, float], half: tuple[float, float],
                     wall_axis: str) -> None:
    """Add the table, z = 0 its top, the floor, a wall behind it, the light and a clear view."""
    world = spec.worldbody
    world.add_geom(name='table', type=BOX, size=(*half, 0.02), pos=(*centre, -0.0201), group=2,
                   friction=OBJECT_FRICTION, solref=(0.005, 1.0))
    world.add_geom(name='floor', type=BOX, size=(4, 4, 0.01), pos=(0, 0, -0.80), group=2,
                   contype=0, conaffinity=0)
    along_x = wall_axis == 'x'
    world.add_geom(name='wall', type=BOX, size=(0.02, 4, 2) if along_x else (4, 0.02, 2),
                   pos=(centre[0] - 1.3, 0, 1.0) if along_x else (0, centre[1] + 1.3, 1.0),
                   group=2, contype=0, conaffinity=0)
    world.add_light(name='lamp', type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, pos=(0, 0, 2.5),
                    dir=(0, 0, -1), specular=(0.1, 0.1, 0.1))
    spec.visual.headlight.specular[:] = 0.05
    spec.visual.map.znear, spec.visual.map.zfar = 0.01, 10.0
    spec.stat.extent = 1.0
    # Round things as round as 224 pixels show: half the time of MuJoCo's own setting.
    spec.visual.quality.numslices, spec.visual.quality.numstacks = 18, 12


def _fixed(body: mujoco.MjsBody, kind: int, size: tuple, position: tuple,
           quaternion: tuple | np.ndarray = (1, 0, 0, 0)) -> None:
    body.add_geom(type=kind, size=size, pos=position, quat=quaternion, group=2, contype=0,
                  conaffinity=0, friction=OBJECT_FRICTION, solref=(0.005, 1.0))


def _about(axis: str, angle: float) -> np.ndarray:
    quaternion = np.zeros(4)
    mujoco.mju_axisAngle2Quat(quaternion, np.eye(3)['xyz'.index(axis)], angle)
    return quaternion
