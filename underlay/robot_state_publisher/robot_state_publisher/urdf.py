"""The joints of a URDF: where each stands in its parent link, and how it moves."""
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from functools import cached_property
from math import cos, isfinite, sin, sqrt

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

MOVING = ('revolute', 'continuous', 'prismatic')
KINDS = (*MOVING, 'fixed', 'floating', 'planar')


class UrdfError(ValueError):
    """The description is not a robot; the text names the element and what is wrong with it."""


@dataclass(frozen=True)
class Mimic:
    """A joint's position as multiplier · position of another joint + offset."""

    joint: str
    multiplier: float
    offset: float


@dataclass(frozen=True)
class Joint:
    """One joint: the origin (m, unit quaternion xyzw) in the parent link and the unit axis."""

    name: str
    kind: str
    parent: str
    child: str
    translation: Vector
    rotation: Quaternion
    axis: Vector
    mimic: Mimic | None

    def transform(self, position: float) -> tuple[Vector, Quaternion]:
        """Return where the child link stands in the parent link at a position (rad or m)."""
        if self.kind == 'prismatic':
            x, y, z = rotate(self.rotation, self.axis)
            tx, ty, tz = self.translation
            return (tx + x * position, ty + y * position, tz + z * position), self.rotation
        sine = sin(position / 2.0)
        x, y, z = self.axis
        return self.translation, multiply(
            self.rotation, (x * sine, y * sine, z * sine, cos(position / 2.0)))


@dataclass(frozen=True)
class Robot:
    """A tree of links."""

    name: str
    root: str
    joints: tuple[Joint, ...]

    @cached_property
    def fixed(self) -> tuple[Joint, ...]:
        """Joints that never move."""
        return tuple(joint for joint in self.joints if joint.kind == 'fixed')

    @cached_property
    def moving(self) -> dict[str, Joint]:
        """Joints with one degree of freedom, by name."""
        return {joint.name: joint for joint in self.joints if joint.kind in MOVING}

    @cached_property
    def followers(self) -> dict[str, tuple[tuple[Joint, float, float], ...]]:
        """For each joint that others mimic, over any number of steps: joint, multiplier, offset."""
        found: dict[str, list[tuple[Joint, float, float]]] = {}
        for joint in self.moving.values():
            multiplier, offset, leader = 1.0, 0.0, joint
            while leader.mimic:
                # The leader is itself a·q + b of the next one.
                offset += multiplier * leader.mimic.offset
                multiplier *= leader.mimic.multiplier
                leader = self.moving[leader.mimic.joint]
            if leader is not joint:
                found.setdefault(leader.name, []).append((joint, multiplier, offset))
        return {name: tuple(joints) for name, joints in found.items()}


def parse(text: str) -> Robot:
    """
    Return the robot a URDF describes.

    :raises UrdfError: if the text is no XML, or a link or joint is missing, doubled or malformed.
    """
    if not text.strip():
        raise UrdfError('the description is empty')
    try:
        element = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise UrdfError(f'the description is not XML: {error}') from None
    if element.tag != 'robot':
        raise UrdfError(f'the root element is <{element.tag}>, not <robot>')
    if any('xacro' in str(inner.tag) for inner in element.iter()):
        raise UrdfError('the description holds xacro macros: run it through xacro first')
    links = [attribute(link, 'name', 'a link') for link in element.findall('link')]
    if not links:
        raise UrdfError('the robot has no link')
    refuse_doubles(links, 'link')
    joints = tuple(parse_joint(joint) for joint in element.findall('joint'))
    refuse_doubles([joint.name for joint in joints], 'joint')
    check_mimics({joint.name: joint for joint in joints})
    return Robot(element.get('name', ''), find_root(links, joints), joints)


def parse_joint(element: ElementTree.Element) -> Joint:
    """Return the joint a <joint> element describes."""
    name = attribute(element, 'name', 'a joint')
    where = f"joint '{name}'"
    kind = attribute(element, 'type', where)
    if kind not in KINDS:
        raise UrdfError(f"{where} has the unknown type '{kind}' (one of {', '.join(KINDS)})")
    origin, axis = element.find('origin'), element.find('axis')
    translation = numbers(origin, 'xyz', (0.0, 0.0, 0.0), where)
    rotation = from_roll_pitch_yaw(*numbers(origin, 'rpy', (0.0, 0.0, 0.0), where))
    direction = numbers(axis, 'xyz', (1.0, 0.0, 0.0), where)
    length = sqrt(sum(value * value for value in direction))
    if kind in MOVING and length == 0.0:
        raise UrdfError(f'{where} has an axis of no length')
    return Joint(
        name, kind, linked(element, 'parent', where), linked(element, 'child', where),
        translation, rotation, tuple(value / (length or 1.0) for value in direction),
        parse_mimic(element.find('mimic'), where))


def parse_mimic(element: ElementTree.Element | None, where: str) -> Mimic | None:
    """Return the <mimic> of a joint, if it has one."""
    if element is None:
        return None
    return Mimic(attribute(element, 'joint', f'mimic of {where}'),
                 *numbers(element, 'multiplier', (1.0,), where),
                 *numbers(element, 'offset', (0.0,), where))


def attribute(element: ElementTree.Element, name: str, where: str) -> str:
    """Return an attribute that must be there."""
    value = element.get(name)
    if not value:
        raise UrdfError(f"{where} has no attribute '{name}'")
    return value


def linked(element: ElementTree.Element, role: str, where: str) -> str:
    """Return the link named by the <parent> or <child> of a joint."""
    found = element.find(role)
    if found is None:
        raise UrdfError(f'{where} has no <{role}>')
    return attribute(found, 'link', f'{role} of {where}')


def numbers(element: ElementTree.Element | None, name: str, default: tuple[float, ...],
            where: str) -> tuple[float, ...]:
    """Return an attribute of as many finite numbers as the default has."""
    text = None if element is None else element.get(name)
    if text is None:
        return default
    try:
        values = tuple(float(word) for word in text.split())
    except ValueError:
        values = ()
    if len(values) != len(default) or not all(map(isfinite, values)):
        raise UrdfError(f"{where}: <{element.tag} {name}='{text}'> should be "
                        f"{len(default)} number{'s'[:len(default) > 1]}")
    return values


def refuse_doubles(names: list[str], what: str) -> None:
    """Raise if a name is there twice."""
    seen = set()
    for name in names:
        if name in seen:
            raise UrdfError(f"{what} '{name}' is there twice")
        seen.add(name)


def check_mimics(joints: dict[str, Joint]) -> None:
    """Raise if a joint mimics one that is not there, cannot move, or in the end itself."""
    for joint in joints.values():
        leader, steps = joint, 0
        while leader.mimic:
            name = leader.mimic.joint
            if name not in joints:
                raise UrdfError(f"joint '{leader.name}' mimics '{name}', which does not exist")
            if joints[name].kind not in MOVING:
                raise UrdfError(
                    f"joint '{leader.name}' mimics '{name}', which is {joints[name].kind}")
            leader, steps = joints[name], steps + 1
            if steps > len(joints):
                raise UrdfError(f"joint '{joint.name}' mimics itself over others")


def find_root(links: list[str], joints: tuple[Joint, ...]) -> str:
    """Return the one link that all others hang from."""
    known, parents = set(links), {}
    for joint in joints:
        for role, link in (('parent', joint.parent), ('child', joint.child)):
            if link not in known:
                raise UrdfError(f"{role} '{link}' of joint '{joint.name}' is no link of the robot")
        if joint.child in parents:
            raise UrdfError(f"link '{joint.child}' hangs from two joints, "
                            f"'{parents[joint.child].name}' and '{joint.name}'")
        parents[joint.child] = joint
    roots = [link for link in links if link not in parents]
    if len(roots) > 1:
        raise UrdfError('the robot has more than one root link: '
                        + ', '.join(f"'{link}'" for link in roots))
    for link in links:
        steps = 0
        above = link
        while above in parents:
            above, steps = parents[above].parent, steps + 1
            if steps > len(links):
                raise UrdfError(f"the links above '{link}' form a loop")
    return roots[0]


def from_roll_pitch_yaw(roll: float, pitch: float, yaw: float) -> Quaternion:
    """Return the quaternion xyzw of Rz(yaw)·Ry(pitch)·Rx(roll), angles in rad."""
    cr, cp, cy = cos(roll / 2.0), cos(pitch / 2.0), cos(yaw / 2.0)
    sr, sp, sy = sin(roll / 2.0), sin(pitch / 2.0), sin(yaw / 2.0)
    return (sr * cp * cy - cr * sp * sy, cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy, cr * cp * cy + sr * sp * sy)


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """Return the product a·b of quaternions xyzw."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (aw * bx + ax * bw + ay * bz - az * by, aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw, aw * bw - ax * bx - ay * by - az * bz)


def rotate(q: Quaternion, v: Vector) -> Vector:
    """Return a vector turned by a unit quaternion xyzw."""
    x, y, z, w = q
    turned = multiply(multiply(q, (*v, 0.0)), (-x, -y, -z, w))
    return turned[:3]
