"""
States on the way to a thing, without driving there: many scenes for little time.

What a policy finds hardest is to see which thing is meant and where it is, and a whole episode
shows but one scene. Here the arm is set to places on the expert's way through a fresh scene, and
somewhat beside it; what the expert would do from there is its next chunk, as DAgger asks it (Ross
et al., "A reduction of imitation learning to no-regret online learning", 2011).
"""
from collections.abc import Iterator

import mujoco
import numpy as np

from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract
from vla_simulation.expert import Path, walk
from vla_simulation.expert_policy import ExpertPolicy
from vla_simulation.observer import Observer
from vla_simulation.scene import Scene, generator
from vla_simulation.tool import Tool
from vla_simulation.world import World

__all__ = ['Approaches']

LONGEST_S = 6.0
#: Below this height of the tool point an arm that holds nothing may touch what it came for.
LOWEST_M = 0.035
ASIDE_M, ASIDE_RAD = 0.03, 0.12
ON_THE_WAY = 0.7


class Approaches:
    """States of scenes of one world, seen by ``contract``, with the expert's chunks."""

    def __init__(self, world: World, contract: PolicyContract) -> None:
        self._world = world
        self._observer = Observer(world, contract)
        self._expert = ExpertPolicy(world, contract)
        self._tools = [Tool.of(world, arm.name) for arm in world.profile.arms]
        self._period = 1.0 / contract.rate_hz

    def of(self, scene: Scene, count: int) -> Iterator[tuple[Observation, np.ndarray]]:
        """``count`` observations of a scene, the first at its start, and chunks [H, D]."""
        world = self._world
        random = generator(scene.suite, scene.family, scene.seed, 'approaches')
        world.reset(scene)
        self._expert.reset(scene.instruction)
        ways = self._ways(scene)
        longest = max(len(way) for way in ways)
        start = world.state_snapshot()
        for number in range(count):
            if number:
                world.restore(start)
                share = float(random.random())
                for tool, way in zip(self._tools, ways):
                    self._set(tool, way, round(share * (longest - 1)), random)
                mujoco.mj_forward(world.model, world.data)
                world.contacts.update(world.data)
            observation = self._observer.observe(scene.instruction, 0)
            yield observation, self._expert.infer(observation).data

    def close(self) -> None:
        """Give the OpenGL contexts back."""
        self._observer.close()

    def _ways(self, scene: Scene) -> list[Path]:
        """Tool poses of each arm from the start to just before it touches anything."""
        plan = self._world.suite.family(scene.family).expert(self._world, scene).plan()
        ways = []
        for tool in self._tools:
            position, rotation = tool.pose()
            path = plan[tool.arm.name]
            steps = walk(path, position, rotation, tool.opening(), tool.arm,
                         round(LONGEST_S / self._period), self._period)
            opening = path[0].opening
            free = [step for step in steps
                    if step[2] == opening and step[0][2] > tool.reach + LOWEST_M]
            ways.append(_unbroken(steps, free) or [(position, rotation, opening)])
        return ways

    def _set(self, tool: Tool, way: Path, index: int, random: np.random.Generator) -> None:
        """Put an arm on its way, or somewhat beside it."""
        position, rotation, opening = way[min(index, len(way) - 1)]
        if random.random() > ON_THE_WAY:
            position = position + random.normal(0.0, ASIDE_M, 3)
            angle = random.normal(0.0, ASIDE_RAD)
            cosine, sine = np.cos(angle), np.sin(angle)
            rotation = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ rotation
        position = position + random.normal(0.0, 0.003, 3)
        data, model = self._world.data, self._world.model
        joints = tool.kinematics.solve(
            *tool.tip_in_base(position, rotation), tool.joints(), iterations=60)
        for name, value in zip(tool.arm.joints, joints):
            data.qpos[model.joint(name).qposadr[0]] = value
        finger = tool.arm.gripper.to_joint(opening)
        for name in tool.arm.gripper.joints:
            data.qpos[model.joint(name).qposadr[0]] = finger
        data.qvel[:] = 0.0


def _unbroken(steps: Path, free: Path) -> Path:
    """The steps from the first one on that are all free."""
    count = 0
    while count < len(steps) and count < len(free) and steps[count] is free[count]:
        count += 1
    return steps[:count]
