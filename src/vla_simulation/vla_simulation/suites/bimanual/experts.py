"""How the bimanual tasks are done, from any state: both arms at once, meeting over the middle."""
from typing import TYPE_CHECKING

import numpy as np

from vla_simulation.expert import Path, TaskExpert, Waypoint
from vla_simulation.scene import Scene
from vla_simulation.suites.bimanual.monitors import insertion
from vla_simulation.tool import Tool

if TYPE_CHECKING:
    from vla_simulation.world import World

__all__ = ['InsertExpert', 'TransferExpert']

PITCH = 1.05
MIDDLE = np.array([0.0, 0.5, 0.26])
WAIT_BACK_M = 0.13
APPROACH_M = 0.07
CLEAR_M = 0.004
FAST, SLOW, CAREFUL = 0.30, 0.12, 0.05
NEARLY_M, BEYOND = 0.012, 0.4
#: How exactly fingers stand before they close, rad and m, and how much less so for each m before:
#: who goes on only when it is exact teaches eyes of a centimetre to hover for ever.
ALIGNED, NARROW_M, WIDENING = 0.17, 0.012, 0.2
UP = np.array([0.0, 0.0, 1.0])


def _cone(distance_m: float) -> float:
    """How far aside a tool may be so far before what it will grip, m."""
    return NARROW_M + WIDENING * max(distance_m, 0.0)


def forward_and_down(yaw: float, pitch: float, roll: float = 0.0) -> np.ndarray:
    """Rotation [3, 3] of a tool whose x looks along ``yaw`` and ``pitch`` down, rolled about x."""
    x = np.array([np.cos(yaw) * np.cos(pitch), np.sin(yaw) * np.cos(pitch), -np.sin(pitch)])
    y = np.array([-np.sin(yaw), np.cos(yaw), 0.0])
    z = np.cross(x, y)
    cosine, sine = np.cos(roll), np.sin(roll)
    return np.column_stack([x, cosine * y + sine * z, cosine * z - sine * y])


class _TwoArmExpert(TaskExpert):
    """What both of them share."""

    def __init__(self, world: 'World', scene: Scene) -> None:
        super().__init__(world, scene)
        self.tools = {arm.name: Tool.of(world, arm.name) for arm in world.profile.arms}
        self.target, self.goal = scene.target, scene.goal
        self.rest_poses = {name: tool.pose() for name, tool in self.tools.items()}

    def rest(self) -> dict[str, Path]:
        """Stay at the start, with nothing to do."""
        return {name: [Waypoint(*pose, 1.0)] for name, pose in self.rest_poses.items()}

    def fetch(self, tool: Tool, body: str, along: float = 0.0) -> Path:
        """Go and close the fingers on a body, ``along`` m nearer to the arm than its middle."""
        position, rotation = tool.pose()
        point, turn = self._grasp(tool, body, along)
        stop = float(tool.arm.gripper.from_width(self.world.suite.movables[body].width))
        above = point + APPROACH_M * UP
        off = np.linalg.norm((position - point)[:2])
        height = position[2] - point[2]
        aligned = _angle(turn, rotation) < ALIGNED
        path: Path = []
        at = off < NARROW_M and abs(height) < NARROW_M and aligned
        if not (at and tool.opening() > stop - 0.10):
            within = off < _cone(height)
            if not (within and aligned and tool.opening() > stop + 0.08):
                if position[2] < above[2] - 0.02:
                    path.append(Waypoint(np.array([*position[:2], above[2]]), rotation, 1.0,
                                         speed=FAST))
                path.append(Waypoint(above, turn, 1.0, speed=FAST, settles=True))
            path.append(Waypoint(point, turn, 1.0, speed=SLOW))
        return [*path, Waypoint(point, turn, 0.0, settles=True, stop=stop, wait_s=0.1)]

    def carry(self, tool: Tool, body: str, place: np.ndarray, turn: np.ndarray,
              speed: float = 0.22) -> Path:
        """
        Bring a held body to a pose, lifted first.

        When nearly there more than the gap is asked for: friction keeps the joints from following
        small errors. Asking for twice as much swings.
        """
        position, rotation = tool.pose()
        held, held_turn = self.world.position(body), self.world.rotation(body)
        wanted = turn @ held_turn.T @ rotation
        path: Path = []
        if held[2] < 0.10 and np.linalg.norm((held - place)[:2]) > 0.03:
            path.append(Waypoint(position + (0.12 - held[2]) * UP, rotation, 0.0, speed=0.2))
        hang = turn @ held_turn.T @ (position - held)
        gap = place - held
        if np.linalg.norm(gap) < NEARLY_M:
            hang = hang + BEYOND * gap
        return [*path, Waypoint(place + hang, wanted, 0.0, speed=speed)]

    def _grasp(self, tool: Tool, body: str, along: float) -> tuple[np.ndarray, np.ndarray]:
        kind = self.world.suite.movables[body]
        position, rotation = self.world.position(body), self.world.rotation(body)
        step = 2 * np.pi / kind.symmetry
        axis = rotation[:, 0] if abs(rotation[2, 0]) < 0.7 else rotation[:, 1]
        given = np.arctan2(axis[1], axis[0])
        home = tool.home_yaw
        yaw = home + (given - home + step / 2) % step - step / 2
        back = -np.array([np.cos(yaw), np.sin(yaw), 0.0])
        point = position + along * back
        point[2] = max(point[2], tool.reach * np.sin(PITCH) + 0.012 * np.cos(PITCH) + CLEAR_M)
        return point, forward_and_down(yaw, PITCH)


class TransferExpert(_TwoArmExpert):
    """The giver brings the cube to the middle; the receiver takes it there, rolled a quarter."""

    middle_m = 0.02

    def plan(self) -> dict[str, Path]:
        if not self.target:
            return self.rest()
        giver, receiver = (self.tools[arm] for arm in self.scene.arms)
        given, taken = giver.holds(self.target), receiver.holds(self.target)
        if taken and receiver.grips(self.target):
            return {giver.arm.name: self._let_go(giver, given), receiver.arm.name: [
                Waypoint(*receiver.pose(), 0.0)]}
        if not given and not taken:
            path = self.fetch(giver, self.target)
            return {giver.arm.name: [*path, Waypoint(path[-1].position + 0.12 * UP,
                                                     path[-1].rotation, 0.0, speed=0.2)],
                    receiver.arm.name: self._wait(receiver)}
        if taken:
            hold = [Waypoint(*giver.pose(), 0.0 if given else 1.0)]
            return {giver.arm.name: hold,
                    receiver.arm.name: [Waypoint(*receiver.pose(), 0.0, settles=True)]}
        if not giver.grips(self.target):
            return {giver.arm.name: [Waypoint(*giver.pose(), 0.0)],
                    receiver.arm.name: self._wait(receiver)}
        return self._hand_over(giver, receiver)

    def _hand_over(self, giver: Tool, receiver: Tool) -> dict[str, Path]:
        turn = self._upright()
        cube = self.world.position(self.target)
        there = (np.linalg.norm(cube - MIDDLE) < self.middle_m
                 and _angle(turn, self.world.rotation(self.target)) < ALIGNED)
        path = self.carry(giver, self.target, MIDDLE, turn)
        if not there:
            return {giver.arm.name: path, receiver.arm.name: self._wait(receiver)}
        position, rotation = receiver.pose()
        toward = self._toward(receiver)
        take = forward_and_down(receiver.home_yaw, 0.0, roll=np.pi / 2)
        point = cube - 0.006 * toward
        start = cube - WAIT_BACK_M * toward
        gap = position - point
        aside = np.linalg.norm(gap - (gap @ toward) * toward)
        stop = float(receiver.arm.gripper.from_width(
            self.world.suite.movables[self.target].width))
        steps: Path = []
        aligned = _angle(take, rotation) < ALIGNED
        at = np.linalg.norm(gap) < NARROW_M and aligned
        if not (at and receiver.opening() > stop - 0.1):
            within = aside < _cone(-gap @ toward)
            if not (within and aligned and receiver.opening() > stop + 0.08):
                steps.append(Waypoint(start, take, 1.0, speed=0.2, settles=True))
            steps.append(Waypoint(point, take, 1.0, speed=SLOW))
        steps.append(Waypoint(point, take, 0.0, settles=True, stop=stop, wait_s=0.2))
        return {giver.arm.name: path, receiver.arm.name: steps}

    def _wait(self, receiver: Tool) -> Path:
        take = forward_and_down(receiver.home_yaw, 0.0, roll=np.pi / 2)
        return [Waypoint(MIDDLE - WAIT_BACK_M * self._toward(receiver), take, 1.0, speed=0.2)]

    def _let_go(self, giver: Tool, given: bool) -> Path:
        position, rotation = giver.pose()
        if given:
            return [Waypoint(position, rotation, 1.0, settles=True)]
        back = position - self.world.position(self.target)
        if np.linalg.norm(back) > 0.14:
            return [Waypoint(position, rotation, 1.0)]
        return [Waypoint(position, rotation, 1.0, settles=giver.opening() < 0.6),
                Waypoint(position - 0.12 * rotation[:, 0], rotation, 1.0, speed=0.2)]

    def _toward(self, tool: Tool) -> np.ndarray:
        return np.array([np.cos(tool.home_yaw), np.sin(tool.home_yaw), 0.0])

    def _upright(self) -> np.ndarray:
        """The rotation of the cube, of those that look alike, that is square to the world."""
        rotation = self.world.rotation(self.target)
        square = np.zeros((3, 3))
        left = np.abs(rotation)
        for _ in range(3):
            row, column = np.unravel_index(np.argmax(left), (3, 3))
            square[row, column] = np.sign(rotation[row, column])
            left[row, :] = left[:, column] = -1.0
        return square


class InsertExpert(_TwoArmExpert):
    """Both are lifted to the middle, lined up end to end, and pushed together."""

    peg_grip_m, socket_grip_m = 0.022, 0.012
    gap_m, depth_m = 0.018, 0.040

    def plan(self) -> dict[str, Path]:
        if not self.target:
            return self.rest()
        peg_tool, socket_tool = (self.tools[arm] for arm in self.scene.arms)
        side = -np.sign(np.cos(peg_tool.home_yaw))  # the peg's arm is on this side
        lengths = [self.world.suite.movables[body].radius for body in (self.target, self.goal)]
        paths = {}
        ready = True
        socket_place = MIDDLE - side * np.array([0.06, 0.0, 0.0])
        for tool, body, grip in ((peg_tool, self.target, self.peg_grip_m),
                                 (socket_tool, self.goal, self.socket_grip_m)):
            if not tool.holds(body):
                ready = False
                path = self.fetch(tool, body, grip)
                paths[tool.arm.name] = [*path, Waypoint(
                    path[-1].position + 0.12 * UP, path[-1].rotation, 0.0, speed=0.2)]
            elif not tool.grips(body):
                ready = False
                paths[tool.arm.name] = [Waypoint(*tool.pose(), 0.0, settles=True)]
        apart = (sum(lengths) + self.gap_m) * side * np.array([1.0, 0.0, 0.0])
        if socket_tool.arm.name not in paths:
            paths[socket_tool.arm.name] = self.carry(
                socket_tool, self.goal, socket_place, self._level(self.goal))
            ready = ready and self._is_at(self.goal, socket_place)
        if peg_tool.arm.name not in paths:
            paths[peg_tool.arm.name] = self._bring(peg_tool, ready, socket_place, apart, side)
        return paths

    def _bring(self, tool: Tool, ready: bool, socket_place: np.ndarray, apart: np.ndarray,
               side: float) -> Path:
        """Bring the peg before the socket and, once that is there and in line, into it."""
        waiting = self.carry(tool, self.target, socket_place + apart, self._level(self.target))
        if not ready:
            return waiting
        # From here on the socket as it is, not as it should be, is what the peg lines up with.
        socket, axes = self.world.position(self.goal), self.world.rotation(self.goal)
        axis = axes[:, 0] * np.sign(axes[0, 0]) * side
        turn = self._parallel(axes)
        offset = self.world.position(self.target) - socket
        aside = np.linalg.norm(offset - (offset @ axis) * axis)
        depth, _ = insertion(self.world, self.target, self.goal)
        lined_up = aside < 0.004 and _angle(turn, self.world.rotation(self.target)) < 0.05
        total = np.abs(apart).max() - self.gap_m
        before = self.carry(tool, self.target, socket + (total + self.gap_m) * axis, turn, 0.15)
        if depth < 0.0 and not lined_up:
            return before
        return self.carry(tool, self.target, socket + (total - self.depth_m) * axis, turn, CAREFUL)

    def _is_at(self, body: str, place: np.ndarray) -> bool:
        return bool(np.linalg.norm(self.world.position(body) - place) < 0.015
                    and _angle(self._level(body), self.world.rotation(body)) < 0.08)

    def _level(self, body: str) -> np.ndarray:
        """Along the world's x, keeping which side is up."""
        return self._parallel(np.eye(3), body)

    def _parallel(self, axes: np.ndarray, body: str = '') -> np.ndarray:
        """The rotation with the axes of ``axes``, of those a quarter turn apart, nearest now."""
        rotation = self.world.rotation(body or self.target)
        x = axes[:, 0] * np.sign(axes[:, 0] @ rotation[:, 0])
        options = [sign * axes[:, index] for index in (1, 2) for sign in (1.0, -1.0)]
        y = max(options, key=lambda option: option @ rotation[:, 1])
        return np.column_stack([x, y, np.cross(x, y)])


def _angle(first: np.ndarray, second: np.ndarray) -> float:
    """Angle between two rotations [3, 3], rad."""
    return float(np.arccos(np.clip((np.sum(first * second) - 1) / 2, -1.0, 1.0)))
