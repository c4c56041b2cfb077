"""The expert as a policy: reads the world instead of images and gives chunks like any other."""
import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.action_space import ActionSpace, ArmSlices
from vla_core.gripper import from_opening
from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract
from vla_core.rotation import matrix_to_rotation_6d
from vla_simulation.expert import walk
from vla_simulation.tool import Tool
from vla_simulation.world import World

__all__ = ['ExpertPolicy', 'HoldPolicy']


class ExpertPolicy:
    """
    An oracle over ``world``; ``reset`` after the world was reset.

    Actions are tip poses (rotation_6d) or joint positions of the suite's contract; step i is to be
    reached (i + 1) / rate after the observation.
    """

    name = 'expert'

    def __init__(self, world: World, contract: PolicyContract) -> None:
        self._world, self._contract = world, contract
        self._tools = {arm.name: Tool.of(world, arm.name) for arm in world.profile.arms}
        self._expert = None
        self._sequence = 0

    def reset(self, instruction: str) -> None:
        """Begin the task that the world is in."""
        scene = self._world.scene
        self._expert = self._world.suite.family(scene.family).expert(self._world, scene)
        self._sequence = 0

    def infer(
        self, observation: Observation, *, prefix: np.ndarray | None = None, delay: int = 0,
        rng: np.random.Generator | None = None,
    ) -> ActionChunk:
        """The next actions from the world's present state, [horizon, D]."""
        horizon = self._contract.action.horizon
        period = 1.0 / self._contract.rate_hz
        data = np.empty((horizon, self._contract.action.space.dimension), np.float32)
        plan = self._expert.plan()
        space = self._contract.action.space
        for (name, tool), part in zip(self._tools.items(), space.slices):
            position, rotation = tool.pose()
            steps = walk(plan[name], position, rotation, tool.opening(), tool.arm, horizon, period)
            self._write(data, part, tool, steps)
        self._sequence += 1
        return ActionChunk(
            stamp_ns=observation.stamp_ns, space=space,
            times_s=period * np.arange(1, horizon + 1), data=data, frame_id=space.frame,
            sequence=self._sequence, policy=self.name, instruction=observation.instruction)

    def _write(
        self, data: np.ndarray, part: ArmSlices, tool: Tool,
        steps: list[tuple[np.ndarray, np.ndarray, float]],
    ) -> None:
        space = self._contract.action.space
        joints = droop = None
        for row, (position, rotation, opening) in zip(data, steps):
            tip, turn = tool.tip_in_base(position, rotation)
            if space.is_joint_kind:
                if joints is None:
                    joints, droop = tool.joints(), tool.servo_droop()
                joints = tool.kinematics.solve(tip, turn, joints, iterations=8)
                row[part.arm] = joints + droop
            else:
                row[part.translation] = tip
                row[part.rotation] = matrix_to_rotation_6d(turn)
            row[part.gripper] = from_opening(opening, space.gripper, tool.arm.gripper)


class HoldPolicy:
    """Stays where it is: the floor that every policy must beat."""

    name = 'hold'

    def __init__(self, world: World, contract: PolicyContract) -> None:
        self._contract = contract
        self._space: ActionSpace = contract.action.space
        self._tools = {arm.name: Tool.of(world, arm.name) for arm in world.profile.arms}
        self._row: np.ndarray | None = None
        self._sequence = 0

    def reset(self, instruction: str) -> None:
        """Forget where it stood."""
        self._row = None
        self._sequence = 0

    def infer(
        self, observation: Observation, *, prefix: np.ndarray | None = None, delay: int = 0,
        rng: np.random.Generator | None = None,
    ) -> ActionChunk:
        """The pose of the first observation, [horizon, D]."""
        if self._row is None:
            self._row = np.zeros(self._space.dimension, np.float32)
            for tool, part in zip(self._tools.values(), self._space.slices):
                tip, turn = tool.kinematics.forward(tool.joints())
                if self._space.is_joint_kind:
                    self._row[part.arm] = tool.joints() + tool.servo_droop()
                else:
                    self._row[part.translation] = tip
                    self._row[part.rotation] = matrix_to_rotation_6d(turn)
                self._row[part.gripper] = from_opening(
                    tool.opening(), self._space.gripper, tool.arm.gripper)
        horizon = self._contract.action.horizon
        self._sequence += 1
        return ActionChunk(
            stamp_ns=observation.stamp_ns, space=self._space,
            times_s=np.arange(1, horizon + 1) / self._contract.rate_hz,
            data=np.tile(self._row, (horizon, 1)), frame_id=self._space.frame,
            sequence=self._sequence, policy=self.name, instruction=observation.instruction)
