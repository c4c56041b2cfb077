"""
Scripted experts: what a policy that knew the world would command, as chunks of actions.

An expert keeps no memory of its phase. From the state of the world alone it says by which
waypoints the tip should go on (`TaskExpert.plan`), so it recovers from whatever happened, can name
the right action in any state a learner falls into, and its demonstrations depend on what can be
seen. A chunk is that plan walked at the policy's rate.
"""
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vla_core.profile import ArmProfile
from vla_simulation.scene import Scene

if TYPE_CHECKING:
    from vla_simulation.world import World

__all__ = ['Path', 'TaskExpert', 'Waypoint', 'walk']

TURN_RATE = 1.6
ARRIVED_M, ARRIVED_RAD = 0.002, 0.03
OPENING_SLACK = 0.03
ACCELERATION = 1.2


@dataclass(frozen=True, eq=False)
class Waypoint:
    """
    Bring the tool point to ``position`` [3] and ``rotation`` [3, 3] (world), then wait.

    The gripper goes to ``opening`` on the way. ``speed`` in m/s; ``wait_s`` counts from arrival,
    and for a gripper that moves, ``settles`` waits until its fingers are there or hold something
    that keeps them ``stop`` open.
    """

    position: np.ndarray
    rotation: np.ndarray
    opening: float
    speed: float = 0.30
    wait_s: float = 0.0
    settles: bool = False
    stop: float = 0.0


Path = list[Waypoint]


class TaskExpert(ABC):
    """The way to do one task, from the state of the world alone."""

    def __init__(self, world: 'World', scene: Scene) -> None:
        self.world, self.scene = world, scene

    @abstractmethod
    def plan(self) -> Mapping[str, Path]:
        """Waypoints of each arm from the present state on; the last one is held."""


def walk(
    path: Path, position: np.ndarray, rotation: np.ndarray, opening: float, arm: ArmProfile,
    steps: int, period: float,
) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """
    Tool pose and commanded opening after each of ``steps`` periods along ``path``.

    Speed is constant but for slowing down at waypoints where the path turns back or stops; turning
    and moving share the way of the leg.
    """
    rate = arm.gripper.max_velocity / abs(arm.gripper.open - arm.gripper.closed)
    poses, leg, waited = [], 0, 0.0
    for _ in range(steps):
        left = period
        while left > 1e-9:
            goal = path[leg]
            gap = goal.position - position
            turn = _rotation_vector(goal.rotation @ rotation.T)
            distance, angle = float(np.linalg.norm(gap)), float(np.linalg.norm(turn))
            arrived = distance < ARRIVED_M and angle < ARRIVED_RAD
            if arrived:
                position, rotation = goal.position, goal.rotation
                end = max(goal.opening, goal.stop)
                needed = max(goal.wait_s - waited, 0.0)
                if goal.settles:
                    needed = max(needed, (abs(opening - end) - OPENING_SLACK) / rate)
                spent = min(left, needed)
                opening += float(np.clip(end - opening, -rate * spent, rate * spent))
                waited += spent
                left -= spent
                if left <= 1e-9 or leg + 1 == len(path):
                    break
                leg, waited = leg + 1, 0.0
                continue
            speed = goal.speed
            if leg + 1 == len(path) or goal.wait_s or goal.settles:
                speed = min(speed, np.sqrt(2 * ACCELERATION * distance) + 0.02)
            needed = max(distance / speed, angle / TURN_RATE)
            share = min(1.0, left / needed)
            position = position + share * gap
            rotation = _turned(share * turn) @ rotation
            spent = min(left, needed)
            end = max(goal.opening, goal.stop)
            opening += float(np.clip(end - opening, -rate * spent, rate * spent))
            left -= spent
        poses.append((position, rotation, path[leg].opening))
    return poses


def _rotation_vector(matrix: np.ndarray) -> np.ndarray:
    """Rotation vector [3] of a matrix, the short way."""
    cosine = np.clip((np.trace(matrix) - 1) / 2, -1.0, 1.0)
    angle = np.arccos(cosine)
    axis = np.array([matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0],
                     matrix[1, 0] - matrix[0, 1]])
    length = np.linalg.norm(axis)
    if length < 1e-9:
        if cosine > 0:
            return np.zeros(3)
        column = (matrix + np.eye(3))[:, int(np.argmax(np.diag(matrix)))]
        return np.pi * column / np.linalg.norm(column)
    return axis * (angle / length)


def _turned(vector: np.ndarray) -> np.ndarray:
    """Rotation matrix of a rotation vector (Rodrigues)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
