"""How the tabletop tasks are done, from above, from any state."""
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from vla_simulation.expert import Path, TaskExpert, Waypoint
from vla_simulation.scene import Scene
from vla_simulation.tool import Tool

if TYPE_CHECKING:
    from vla_simulation.world import World

__all__ = ['PickExpert', 'PlaceExpert', 'PushExpert', 'StackExpert', 'TableExpert', 'from_above']

TRAVEL_M, APPROACH_M = 0.16, 0.075
CLEAR_M = 0.004
FAST, SLOW, CAREFUL = 0.32, 0.14, 0.06
AT_GRASP_M, ABOVE_GRASP_M, ALIGNED_RAD = 0.009, 0.012, 0.12
PUSH_GAP_M = 0.024
PUSH_HEIGHT_M = 0.008
ON_TARGET_M = 0.010
YAW_SLACK_RAD = 0.25
LOW_ENOUGH_M, LANDING_M, LANDING_SLACK = 0.004, 0.020, 1.3
UP = np.array([0.0, 0.0, 1.0])


def from_above(yaw: float) -> np.ndarray:
    """Rotation [3, 3] of a tool that points down, its x axis at ``yaw``."""
    cosine, sine = np.cos(yaw), np.sin(yaw)
    return np.array([[cosine, sine, 0.0], [sine, -cosine, 0.0], [0.0, 0.0, -1.0]])


class TableExpert(TaskExpert):
    """What all of them share: reading the tool, grasping from above."""

    def __init__(self, world: 'World', scene: Scene) -> None:
        super().__init__(world, scene)
        self.tool = Tool.of(world, scene.arms[0])
        self.target, self.goal = scene.target, scene.goal

    def plan(self) -> dict[str, Path]:
        path = self.path() if self.target else self.rest()
        return {self.tool.arm.name: path}

    def path(self) -> Path:
        raise NotImplementedError

    def rest(self) -> Path:
        """Stay, with nothing to do."""
        position, _ = self.tool.pose()
        return [Waypoint(position, from_above(self.yaw()), 1.0)]

    def rise(self, opening: float = 1.0) -> Path:
        """Let go where the tool is, then go up and stay."""
        position, _ = self.tool.pose()
        turn = from_above(self.yaw())
        return [Waypoint(position, turn, opening, settles=True, wait_s=0.1),
                Waypoint(np.array([*position[:2], max(position[2], TRAVEL_M)]), turn, opening,
                         speed=FAST)]

    def fetch(self) -> Path:
        """Go and close the fingers on the target, from wherever the tool is."""
        position, rotation = self.tool.pose()
        point, turn = self._grasp()
        opening, stop = self.tool.opening(), self._stop()
        off = np.linalg.norm((position - point)[:2])
        aligned = _angle(turn, rotation) < ALIGNED_RAD
        path: Path = []
        clear = opening > stop + 0.02 or self.tool.holds(self.target)
        at = off < AT_GRASP_M and abs(position[2] - point[2]) < AT_GRASP_M and aligned
        if not (at and opening > stop - 0.06):
            above = point + APPROACH_M * UP
            if not (off < ABOVE_GRASP_M and aligned and clear):
                if position[2] < above[2] - 0.02:
                    path.append(Waypoint(np.array([*position[:2], above[2]]), rotation, 1.0,
                                         speed=FAST))
                path.append(Waypoint(above, turn, 1.0, speed=FAST, settles=True))
            path.append(Waypoint(point, turn, 1.0, speed=SLOW))
        path.append(Waypoint(point, turn, 0.0, settles=True, stop=stop, wait_s=0.1))
        return path

    def _grasp(self) -> tuple[np.ndarray, np.ndarray]:
        """Where to close the fingers: at the target's middle, across its narrow side."""
        position = self.world.position(self.target)
        rotation = self.world.rotation(self.target)
        kind = self.world.suite.movables[self.target]
        step = {0: 0.0, 2: np.pi, 4: np.pi / 2}[kind.symmetry]
        along = rotation[:, 0]
        if abs(rotation[2, 2]) < 0.7:  # it lies on its side
            if kind.symmetry == 0:
                along, step = rotation[:, 2], np.pi
            elif abs(rotation[2, 0]) > 0.7:
                along = rotation[:, 1]
        yaw = self.tool.home_yaw
        if step and kind.shape != 'ball':
            yaw = self._nearest_yaw(float(np.arctan2(along[1], along[0])), step)
        height = max(position[2], self.tool.reach + CLEAR_M)
        return np.array([*position[:2], height]), from_above(yaw)

    def _nearest_yaw(self, yaw: float, step: float) -> float:
        """
        Of the yaws that serve alike, ``step`` apart, the nearest to the tool's own.

        One too far from home, where a joint would end, gives way to the nearest to home; between
        the two the tool keeps to the side on which it is.
        """
        home = self.tool.home_yaw
        own = home + _wrapped(self.yaw() - home)
        near = yaw + step * round((own - yaw) / step)
        if abs(near - home) > step / 2 + YAW_SLACK_RAD:
            near = yaw + step * round((home - yaw) / step)
        return near

    def _stop(self) -> float:
        """How far open the gripper stays when it holds the target."""
        gripper = self.tool.arm.gripper
        return float(gripper.from_width(self.world.suite.movables[self.target].width))

    def yaw(self) -> float:
        """The tool's yaw, rad."""
        _, rotation = self.tool.pose()
        return float(np.arctan2(rotation[1, 0], rotation[0, 0]))


class PickExpert(TableExpert):
    """Grasp and lift."""

    def path(self) -> Path:
        position, _ = self.tool.pose()
        up = np.array([*position[:2], TRAVEL_M])
        if self.tool.holds(self.target):
            return [Waypoint(up, from_above(self.yaw()), 0.0, speed=0.22)]
        path = self.fetch()
        last = path[-1]
        return [*path, Waypoint(np.array([*last.position[:2], TRAVEL_M]), last.rotation, 0.0,
                                speed=0.22)]


class _CarryExpert(TableExpert):
    """
    Grasp, carry over the goal, lower, let go.

    It lowers once it is ``tolerance_m`` beside its spot, straight towards it, and lets go where it
    is once it is low: whoever learns from it by sight is told to finish wherever that succeeds, and
    not to hover for an exactness that it cannot see.
    """

    above_m = 0.05

    def path(self) -> Path:
        if self.tool.holds(self.target):
            position, _ = self.tool.pose()
            hang = position - self.world.position(self.target)
            return self._carry(position, hang, position[2] - self.world.bottom(self.target))
        if self.is_there():
            return self.rise()
        path = self.fetch()
        point = path[-1].position
        hang = point - self.world.position(self.target)
        below = point[2] - self.world.bottom(self.target)
        return [*path, *self._carry(point, hang, below, path[-1].rotation)]

    def _carry(self, position: np.ndarray, hang: np.ndarray, below: float,
               rotation: np.ndarray | None = None) -> Path:
        turn = from_above(self.yaw()) if rotation is None else rotation
        goal = self.world.position(self.goal)
        lowest = max(self.release_height() + below, self.tool.reach + CLEAR_M)
        spot = np.array([*(goal + hang)[:2], lowest])
        height = max(lowest, self.release_height() + below + self.above_m)
        path: Path = []
        off = np.linalg.norm((position - spot)[:2])
        low = position[2] - lowest
        if rotation is None and off < self.tolerance_m and low < LOW_ENOUGH_M:
            spot = position
        elif off > (self.tolerance_m if low > LANDING_M else LANDING_SLACK * self.tolerance_m):
            if position[2] < height - 0.015:
                path.append(Waypoint(np.array([*position[:2], height]), turn, 0.0, speed=0.22))
            path.append(Waypoint(np.array([*spot[:2], height]), turn, 0.0, speed=FAST,
                                 wait_s=self.calm_s))
        path.append(Waypoint(spot, turn, 0.0, speed=self.lowering))
        path.append(Waypoint(spot, turn, 1.0, settles=True))
        path.append(Waypoint(np.array([*spot[:2], max(TRAVEL_M, height)]), turn, 1.0, speed=FAST))
        return path

    def is_there(self) -> bool:
        raise NotImplementedError

    def release_height(self) -> float:
        """Height of the target's lowest point when it is let go."""
        raise NotImplementedError


class PlaceExpert(_CarryExpert):
    """Into a bowl or a tray."""

    above_m, tolerance_m, lowering, calm_s = 0.06, 0.012, SLOW, 0.0

    def is_there(self) -> bool:
        offset = self.world.position(self.target) - self.world.position(self.goal)
        return bool(np.linalg.norm(offset[:2]) < 0.06 and self.world.bottom(self.target) < 0.06)

    def release_height(self) -> float:
        return 0.022


class StackExpert(_CarryExpert):
    """Onto another object."""

    above_m, tolerance_m, lowering, calm_s = 0.05, 0.012, CAREFUL, 0.1

    def is_there(self) -> bool:
        offset = self.world.position(self.target) - self.world.position(self.goal)
        return bool(np.linalg.norm(offset[:2]) < 0.022
                    and abs(self.world.bottom(self.target) - self._top()) < 0.008)

    def release_height(self) -> float:
        return self._top() + 0.002

    def _top(self) -> float:
        kind = self.world.suite.movables[self.goal]
        return self.world.position(self.goal)[2] + kind.height / 2


class PushExpert(TableExpert):
    """From behind, with two fingers a little apart, which keeps the object before them."""

    def path(self) -> Path:
        gripper = self.tool.arm.gripper
        opening = float(gripper.from_width(PUSH_GAP_M))
        position, rotation = self.tool.pose()
        middle, goal = self.world.position(self.target), self.world.position(self.goal)
        way = (goal - middle)[:2]
        distance = float(np.linalg.norm(way))
        low = self.tool.reach + PUSH_HEIGHT_M
        ahead = np.array([*(way / max(distance, 1e-6)), 0.0])
        turn = self._across(ahead)
        contact = self._support(ahead) + self.tool.depth
        back = position - np.array([*middle[:2], position[2]])
        along, aside = back @ ahead, np.cross(ahead, back)[2]
        behind = (position[2] < low + 0.015 and -0.09 < along < -0.4 * contact
                  and abs(aside) < 0.018 and _angle(turn, rotation) < 0.30)
        if distance < ON_TARGET_M or (distance < 0.030 and not behind):
            return self._back_off(position, back, opening)
        # Where corners stand between the fingers, the object is nearer than its outline says.
        reach = min(contact, -along) if behind else contact
        end = np.array([*goal[:2], low]) - reach * ahead
        touch = np.array([*middle[:2], low]) - (contact + 0.002) * ahead
        push = [Waypoint(touch, turn, opening, speed=0.12),
                Waypoint(end, turn, opening, speed=0.10),
                Waypoint(end - 0.04 * ahead, turn, opening, speed=SLOW)]
        if behind:
            return push[1:] if -along < contact + 0.006 and abs(aside) < 0.006 else push
        start = np.array([*middle[:2], low]) - (contact + 0.030) * ahead
        above = np.array([*start[:2], max(0.10, low + 0.06)])
        path = []
        near = np.linalg.norm((position - start)[:2]) < 0.012 and _angle(turn, rotation) < 0.15
        if not near:
            if position[2] < above[2] - 0.02:
                path.append(Waypoint(np.array([*position[:2], above[2]]), rotation, opening,
                                     speed=FAST))
            path.append(Waypoint(above, turn, opening, speed=FAST, settles=True))
        return [*path, Waypoint(start, turn, opening, speed=SLOW), *push]

    def _back_off(self, position: np.ndarray, back: np.ndarray, opening: float) -> Path:
        turn = from_above(self.yaw())
        away = back / max(float(np.linalg.norm(back)), 1e-6)
        path: Path = []
        if position[2] < 0.06 and np.linalg.norm(back) < 0.10:
            path.append(Waypoint(position + 0.03 * away, turn, opening, speed=SLOW))
            position = path[-1].position
        return [*path, Waypoint(np.array([*position[:2], TRAVEL_M]), turn, opening, speed=FAST)]

    def _across(self, ahead: np.ndarray) -> np.ndarray:
        """The rotation whose fingers lie side by side across the way."""
        return from_above(self._nearest_yaw(float(np.arctan2(ahead[1], ahead[0])), np.pi))

    def _support(self, ahead: np.ndarray) -> float:
        """How far the target goes out from its middle, backward along the way."""
        model = self.world.model
        body = model.body(self.target).id
        most = 0.0
        for geom in range(model.body_geomadr[body],
                          model.body_geomadr[body] + model.body_geomnum[body]):
            size = model.geom_size[geom]
            axes = self.world.data.geom_xmat[geom].reshape(3, 3).T @ ahead
            if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_BOX:
                most = max(most, float(np.abs(axes) @ size))
            else:
                most = max(most, float(size[0]))
        return most


def _wrapped(angle: float) -> float:
    """The angle in [−π, π)."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def _angle(first: np.ndarray, second: np.ndarray) -> float:
    """Angle between two rotations [3, 3], rad."""
    return float(np.arccos(np.clip((np.sum(first * second) - 1) / 2, -1.0, 1.0)))
