"""The robot's figure from its description: primitive shapes, moved by Pinocchio."""
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
import pinocchio as pin
import trimesh

from vla_core.description import mimics
from vla_core.rotation import matrix_to_quaternion, quaternion_to_matrix, rpy_to_quaternion

__all__ = ['RobotFigure', 'Shape']

GREY = (0.7, 0.7, 0.7, 1.0)


@dataclass(frozen=True, eq=False)
class Shape:
    """A visual of a link: vertices [V, 3] m in the link's frame, faces [F, 3], RGBA."""

    link: str
    vertices: np.ndarray
    faces: np.ndarray
    colour: tuple[float, float, float, float]


class RobotFigure:
    """Shapes of a URDF and where their links are; meshes are left out, of which it has none."""

    def __init__(self, urdf: str) -> None:
        self._model = pin.buildModelFromXML(urdf)
        self._data = self._model.createData()
        self._neutral = pin.neutral(self._model)
        root = ElementTree.fromstring(urdf)
        self._mimics = mimics(urdf)
        materials = {entry.get('name'): _colour(entry) for entry in root.findall('material')}
        self.shapes = [
            shape for link in root.findall('link') for visual in link.findall('visual')
            if (shape := _shape(link.get('name'), visual, materials)) is not None]
        self.links = sorted({shape.link for shape in self.shapes})
        self._frames = {name: self._model.getFrameId(name, pin.FrameType.BODY)
                        for name in self.links}

    def poses(self, positions: Mapping[str, float]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """
        Position [3] in m and quaternion [4] xyzw of each link in the root frame.

        ``positions`` are those of joints by name, rad or m; joints that mimic one that is named
        follow it, the others stay at their neutral place.
        """
        q = self._neutral.copy()
        for number, name in enumerate(self._model.names):
            joint = self._model.joints[number]
            value = positions.get(name)
            if value is None and name in self._mimics:
                leader, factor, offset = self._mimics[name]
                value = factor * positions[leader] + offset if leader in positions else None
            if number and joint.nq == 1 and value is not None and np.isfinite(value):
                q[joint.idx_q] = value
        pin.framesForwardKinematics(self._model, self._data, q)
        return {name: (self._data.oMf[frame].translation.copy(),
                       matrix_to_quaternion(self._data.oMf[frame].rotation))
                for name, frame in self._frames.items()}


def _shape(
    link: str, visual: ElementTree.Element, materials: Mapping[str, tuple],
) -> Shape | None:
    geometry = visual.find('geometry')
    box, ball, cylinder = (geometry.find(kind) for kind in ('box', 'sphere', 'cylinder'))
    if box is not None:
        mesh = trimesh.creation.box(extents=_numbers(box.get('size')))
    elif ball is not None:
        mesh = trimesh.creation.icosphere(subdivisions=2, radius=float(ball.get('radius')))
    elif cylinder is not None:
        mesh = trimesh.creation.cylinder(
            radius=float(cylinder.get('radius')), height=float(cylinder.get('length')),
            sections=24)
    else:
        return None
    origin = visual.find('origin')
    xyz = _numbers(origin.get('xyz', '0 0 0')) if origin is not None else np.zeros(3)
    rpy = _numbers(origin.get('rpy', '0 0 0')) if origin is not None else np.zeros(3)
    turn = quaternion_to_matrix(rpy_to_quaternion(rpy))
    material = visual.find('material')
    colour = GREY
    if material is not None:
        colour = _colour(material) or materials.get(material.get('name')) or GREY
    return Shape(link, np.asarray(mesh.vertices) @ turn.T + xyz, np.asarray(mesh.faces), colour)


def _colour(material: ElementTree.Element) -> tuple[float, float, float, float] | None:
    colour = material.find('color')
    return None if colour is None else tuple(_numbers(colour.get('rgba')).tolist())


def _numbers(text: str) -> np.ndarray:
    return np.array(text.split(), dtype=float)
