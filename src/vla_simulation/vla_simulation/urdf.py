"""
A URDF as plain data: links with solids and mass properties, joints with limits and dynamics.

Only what the robots of this project use: boxes, cylinders and spheres, fixed, revolute, continuous
and prismatic joints. Beside the standard's damping and friction a joint's ``dynamics`` may say
``armature`` (rotor inertia at the joint, kg·m² or kg), ``servo_stiffness`` and ``servo_damping``
(the maker's position control, N·m/rad and N·m·s/rad, or N/m and N·s/m); other readers pass over
them. Lengths in m, angles in rad, quaternions xyzw.
"""
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from xml.etree import ElementTree

import numpy as np

from vla_core.rotation import rpy_to_quaternion

__all__ = ['Inertial', 'Joint', 'Link', 'Mimic', 'Pose', 'Robot', 'Solid', 'UrdfError', 'parse']

T = TypeVar('T')


class UrdfError(ValueError):
    """A URDF that is damaged or says what the simulation cannot build; one line."""


@dataclass(frozen=True, eq=False)
class Pose:
    """Position [3] and quaternion [4] of a child frame in its parent."""

    position: np.ndarray
    quaternion: np.ndarray


@dataclass(frozen=True, eq=False)
class Solid:
    """
    A solid of a link.

    ``size`` is [x, y, z] of a box, [radius, length] of a cylinder or capsule (its axis is z and a
    capsule's length is without its caps), [radius] of a sphere.
    """

    kind: str
    size: tuple[float, ...]
    pose: Pose
    rgba: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Inertial:
    """Mass in kg, pose of the centre of mass, inertia [3, 3] about it in that pose's axes."""

    mass: float
    pose: Pose
    inertia: np.ndarray


@dataclass(frozen=True, eq=False)
class Link:
    """A link and its solids; ``inertial`` is None for a mere frame."""

    name: str
    inertial: Inertial | None
    visuals: tuple[Solid, ...]
    collisions: tuple[Solid, ...]


@dataclass(frozen=True, eq=False)
class Mimic:
    """This joint follows another: position = multiplier × its position + offset."""

    joint: str
    multiplier: float
    offset: float


@dataclass(frozen=True, eq=False)
class Joint:
    """A joint; ``lower`` and ``upper`` are infinite for a continuous one."""

    name: str
    kind: str
    parent: str
    child: str
    pose: Pose
    axis: np.ndarray
    lower: float
    upper: float
    velocity: float
    effort: float
    damping: float
    friction: float
    armature: float
    servo_stiffness: float
    servo_damping: float
    mimic: Mimic | None

    @property
    def moves(self) -> bool:
        """Whether this joint has a degree of freedom."""
        return self.kind != 'fixed'


@dataclass(frozen=True, eq=False)
class Robot:
    """A tree of links and joints."""

    name: str
    links: dict[str, Link]
    joints: dict[str, Joint]
    root: str

    def children(self, link: str) -> list[Joint]:
        """The joints whose parent is ``link``, in the order of the file."""
        return [joint for joint in self.joints.values() if joint.parent == link]

    def parent_joint(self, link: str) -> Joint | None:
        """The joint that carries ``link``; None for the root."""
        return next((joint for joint in self.joints.values() if joint.child == link), None)

    def chain(self, tip: str) -> list[Joint]:
        """The joints from the root to the link ``tip``."""
        joints = []
        joint = self.parent_joint(tip)
        while joint is not None:
            joints.append(joint)
            joint = self.parent_joint(joint.parent)
        return joints[::-1]


def parse(text: str) -> Robot:
    """Read URDF text; UrdfError names the element that is wrong."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise UrdfError(f'the robot description is not XML: {error}') from error
    if root.tag != 'robot':
        raise UrdfError(f'the robot description starts with <{root.tag}>, not with <robot>')
    colours = {material.get('name'): _colour(material) for material in root.findall('material')}
    links = _by_name(root, 'link', lambda link: _link(link, colours))
    joints = _by_name(root, 'joint', _joint)
    for joint in joints.values():
        for link in (joint.parent, joint.child):
            if link not in links:
                raise UrdfError(f'joint {joint.name}: there is no link {link!r}')
    roots = set(links) - {joint.child for joint in joints.values()}
    if len(roots) != 1:
        raise UrdfError(
            f'the links must form one tree; these have no parent: {", ".join(sorted(roots))}')
    return Robot(root.get('name', ''), links, joints, roots.pop())


def _by_name(root: ElementTree.Element, tag: str, read: Callable[[ElementTree.Element], T],
             ) -> dict[str, T]:
    items: dict[str, T] = {}
    for element in root.findall(tag):
        name = element.get('name')
        if name in items:
            raise UrdfError(f'the {tag} {name!r} is there twice')
        items[name] = read(element)
    return items


def _numbers(text: str | None, default: str) -> np.ndarray:
    return np.array([float(word) for word in (text or default).split()])


def _pose(element: ElementTree.Element) -> Pose:
    origin = element.find('origin')
    attributes = {} if origin is None else origin.attrib
    rpy = _numbers(attributes.get('rpy'), '0 0 0')
    return Pose(_numbers(attributes.get('xyz'), '0 0 0'), rpy_to_quaternion(rpy))


def _colour(material: ElementTree.Element) -> tuple[float, ...] | None:
    colour = material.find('color')
    return None if colour is None else tuple(_numbers(colour.get('rgba'), '0.5 0.5 0.5 1'))


def _solid(element: ElementTree.Element, link: str, colours: dict) -> Solid:
    material = element.find('material')
    rgba = None if material is None else _colour(material) or colours.get(material.get('name'))
    shape = element.find('geometry')[0]
    if shape.tag == 'box':
        size = tuple(_numbers(shape.get('size'), ''))
    elif shape.tag == 'cylinder':
        size = (float(shape.get('radius')), float(shape.get('length')))
    elif shape.tag == 'sphere':
        size = (float(shape.get('radius')),)
    else:
        raise UrdfError(
            f'link {link}: a {shape.tag} cannot be simulated; use boxes, cylinders and spheres')
    return Solid(shape.tag, size, _pose(element), rgba or (0.5, 0.5, 0.5, 1.0))


def _link(element: ElementTree.Element, colours: dict) -> Link:
    name = element.get('name')
    inertial = element.find('inertial')
    return Link(
        name,
        None if inertial is None else _inertial(inertial),
        _with_capsules([_solid(item, name, colours) for item in element.findall('visual')]),
        _with_capsules([_solid(item, name, colours) for item in element.findall('collision')]))


def _inertial(element: ElementTree.Element) -> Inertial:
    xx, yy, zz, xy, xz, yz = (
        float(element.find('inertia').get(key))
        for key in ('ixx', 'iyy', 'izz', 'ixy', 'ixz', 'iyz'))
    return Inertial(
        float(element.find('mass').get('value')), _pose(element),
        np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]))


def _joint(element: ElementTree.Element) -> Joint:
    limit, dynamics = element.find('limit'), element.find('dynamics')
    axis, mimic = element.find('axis'), element.find('mimic')
    limits = {} if limit is None else limit.attrib
    passive = {} if dynamics is None else dynamics.attrib
    kind = element.get('type')
    if kind not in ('fixed', 'revolute', 'continuous', 'prismatic'):
        raise UrdfError(f'joint {element.get("name")}: a {kind} joint cannot be simulated')
    bounded = kind in ('revolute', 'prismatic')
    return Joint(
        name=element.get('name'),
        kind=kind,
        parent=element.find('parent').get('link'),
        child=element.find('child').get('link'),
        pose=_pose(element),
        axis=_numbers(None if axis is None else axis.get('xyz'), '1 0 0'),
        lower=float(limits.get('lower', 0)) if bounded else -np.inf,
        upper=float(limits.get('upper', 0)) if bounded else np.inf,
        velocity=float(limits.get('velocity', np.inf)),
        effort=float(limits.get('effort', np.inf)),
        damping=float(passive.get('damping', 0)),
        friction=float(passive.get('friction', 0)),
        armature=float(passive.get('armature', 0)),
        servo_stiffness=float(passive.get('servo_stiffness', 0)),
        servo_damping=float(passive.get('servo_damping', 0)),
        mimic=None if mimic is None else Mimic(
            mimic.get('joint'), float(mimic.get('multiplier', 1)), float(mimic.get('offset', 0))))


def _with_capsules(solids: list[Solid]) -> tuple[Solid, ...]:
    """Join a cylinder and the two spheres that close it: URDF has no capsule, physics likes it."""
    spheres = [solid for solid in solids if solid.kind == 'sphere']
    joined = []
    for solid in solids:
        caps = _caps(solid, spheres) if solid.kind == 'cylinder' else []
        if caps:
            spheres = [sphere for sphere in spheres if sphere not in caps]
            solid = Solid('capsule', solid.size, solid.pose, solid.rgba)
        if solid.kind != 'sphere':
            joined.append(solid)
    return (*joined, *spheres)


def _caps(cylinder: Solid, spheres: list[Solid]) -> list[Solid]:
    radius, length = cylinder.size
    x, y, z, w = cylinder.pose.quaternion
    axis = np.array([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)])
    caps = [
        sphere for end in (0.5, -0.5) for sphere in spheres
        if sphere.size[0] == radius and np.allclose(
            sphere.pose.position, cylinder.pose.position + end * length * axis, atol=1e-6)]
    return caps if len(caps) == 2 else []
