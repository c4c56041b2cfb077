"""
Paths, limits and words as visualization_msgs markers, for RViz and Foxglove.

Namespaces: predicted, samples, committed, executed, gripper, target, workspace, limit, text.
"""
from collections.abc import Iterable, Sequence

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Pose, PoseStamped
from nav_msgs.msg import Path
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker

from vla_core.conversion import time_to_message
from vla_core.profile import ArmProfile
from vla_core.rotation import quaternion_multiply, rpy_to_quaternion
from vla_monitoring.visualisation.colours import gripper_colour
from vla_monitoring.visualisation.tip_paths import TipPath

__all__ = [
    'gripper_markers', 'limit_marker', 'line', 'path_message', 'target_marker', 'text_marker',
    'workspace_marker',
]

LIFETIME_S = 2.0  # after which what is no longer said vanishes
GRIPPER_EVERY = 4  # steps
TO_Z = rpy_to_quaternion(np.array([0.0, -np.pi / 2, 0.0]))  # x comes to lie along z


def line(namespace: str, number: int, frame: str, positions: np.ndarray, colours: np.ndarray,
         width_m: float) -> Marker:
    """A line through positions [H, 3] m with RGBA colours [H, 4]."""
    marker = _marker(namespace, number, frame, Marker.LINE_STRIP)
    marker.scale.x = width_m
    marker.points = [Point(x=x, y=y, z=z) for x, y, z in np.asarray(positions, float).tolist()]
    marker.colors = [ColorRGBA(r=r, g=g, b=b, a=a)
                     for r, g, b, a in np.asarray(colours, float).tolist()]
    return marker


def gripper_markers(first: int, path: TipPath) -> list[Marker]:
    """A ball at every few steps, as large as the gripper is open: red closed, green open."""
    markers = []
    if path.openings is None:
        return markers
    for index in range(0, len(path.positions), GRIPPER_EVERY):
        opening = float(path.openings[index])
        marker = _marker('gripper', first + index // GRIPPER_EVERY, path.frame, Marker.SPHERE)
        marker.pose.position = Point(**dict(zip('xyz', path.positions[index].tolist())))
        marker.scale.x = marker.scale.y = marker.scale.z = 0.008 + 0.012 * opening
        marker.color = _colour(gripper_colour(opening), 0.9)
        markers.append(marker)
    return markers


def target_marker(number: int, pose: PoseStamped) -> Marker:
    """An arrow along the approach axis (z) of the pose that the controller is given."""
    marker = _marker('target', number, pose.header.frame_id, Marker.ARROW)
    q = pose.pose.orientation  # RViz's arrow points along x: turn it to z
    marker.pose = Pose(position=pose.pose.position)
    turned = quaternion_multiply(np.array([q.x, q.y, q.z, q.w]), TO_Z)
    o = marker.pose.orientation
    o.x, o.y, o.z, o.w = map(float, turned)
    marker.scale.x, marker.scale.y, marker.scale.z = 0.08, 0.008, 0.008
    marker.color = _colour((1.0, 0.1, 0.6), 0.9)
    return marker


def workspace_marker(number: int, arm: ArmProfile) -> Marker:
    """The edges of the box that the tip of an arm may not leave."""
    marker = _marker('workspace', number, arm.base_frame, Marker.LINE_LIST)
    marker.scale.x = 0.003
    marker.color = _colour((0.9, 0.9, 0.2), 0.35)
    lower, upper = arm.workspace.lower, arm.workspace.upper
    corners = [np.where([bits & 1, bits & 2, bits & 4], upper, lower) for bits in range(8)]
    edges = [(a, b) for a in range(8) for b in range(a + 1, 8) if bin(a ^ b).count('1') == 1]
    marker.points = [Point(**dict(zip('xyz', corners[end].tolist())))
                     for edge in edges for end in edge]
    return marker


def limit_marker(number: int, frame: str) -> Marker:
    """A red ball at the frame of a joint that is near its end."""
    marker = _marker('limit', number, frame, Marker.SPHERE)
    marker.scale.x = marker.scale.y = marker.scale.z = 0.16
    marker.color = _colour((1.0, 0.0, 0.0), 0.4)
    return marker


def text_marker(frame: str, height_m: float, lines: Iterable[str]) -> Marker:
    """Words above the robot that face the viewer."""
    marker = _marker('text', 0, frame, Marker.TEXT_VIEW_FACING)
    marker.pose.position.z = height_m
    marker.scale.z = 0.04
    marker.color = _colour((1.0, 1.0, 1.0), 1.0)
    marker.text = '\n'.join(lines)
    return marker


def path_message(frame: str, stamps_ns: Sequence[int], positions: np.ndarray) -> Path:
    """A nav_msgs/Path of positions [H, 3]; orientations are not said."""
    path = Path()
    path.header.frame_id = frame
    for stamp_ns, (x, y, z) in zip(stamps_ns, np.asarray(positions, float).tolist()):
        pose = PoseStamped()
        pose.header.frame_id = frame
        time_to_message(stamp_ns, pose.header.stamp)
        pose.pose.position.x, pose.pose.position.y, pose.pose.position.z = x, y, z
        path.poses.append(pose)
    if path.poses:
        path.header.stamp = path.poses[0].header.stamp
    return path


def _marker(namespace: str, number: int, frame: str, kind: int) -> Marker:
    # A stamp of zero means: by the newest transform there is.
    marker = Marker(ns=namespace, id=number, type=kind, action=Marker.ADD)
    marker.header.frame_id = frame
    marker.pose.orientation.w = 1.0
    seconds, rest = divmod(LIFETIME_S, 1.0)
    marker.lifetime = Duration(sec=int(seconds), nanosec=int(1e9 * rest))
    return marker


def _colour(rgb: tuple[float, float, float], alpha: float) -> ColorRGBA:
    return ColorRGBA(r=float(rgb[0]), g=float(rgb[1]), b=float(rgb[2]), a=float(alpha))

