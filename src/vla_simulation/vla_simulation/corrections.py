"""
What an expert would have done where a learner goes: DAgger.

A policy that was taught on an expert's ways alone meets, after its first small error, states that
nobody showed it. Here it drives, and of every observation that it is asked about the expert's chunk
is kept (Ross et al., "A reduction of imitation learning to no-regret online learning", 2011). Now
and then the expert's chunk is executed, so that a learner that cannot yet grasp still gets to see
how things are put down. Nothing is kept from where no expert could help: once the target has left
the arms' workspace.
"""
from collections.abc import Callable

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract
from vla_simulation.episode import Episode, EpisodeResult, Inference, Policy
from vla_simulation.expert_policy import ExpertPolicy
from vla_simulation.kinematics import ArmKinematics
from vla_simulation.observer import Observer
from vla_simulation.scene import Scene
from vla_simulation.world import World

__all__ = ['Corrections']

Told = Callable[[Observation, np.ndarray], None]


class _Tutored:
    """The learner, of whose chunks a share is replaced by the expert's."""

    def __init__(
        self, world: World, learner: Policy, expert: Policy, expert_share: float, tell: Told,
    ) -> None:
        self._world, self._learner, self._expert = world, learner, expert
        self._expert_share, self._tell = expert_share, tell
        self._arms = [(arm, ArmKinematics(world.profile, arm)) for arm in world.profile.arms]

    def reset(self, instruction: str) -> None:
        self._learner.reset(instruction)
        self._expert.reset(instruction)

    def infer(
        self, observation: Observation, *, prefix: np.ndarray | None = None, delay: int = 0,
        rng: np.random.Generator | None = None,
    ) -> ActionChunk:
        if self._can_help():
            told = self._expert.infer(observation)
            self._tell(observation, told.data)
            if rng.random() < self._expert_share:
                return told
        return self._learner.infer(observation, prefix=prefix, delay=delay, rng=rng)

    def _can_help(self) -> bool:
        """Whether the target lies in the workspace of an arm."""
        target = self._world.scene.target
        if not target:
            return True
        position = self._world.position(target)
        places = [(arm.workspace, kinematics.from_world(position, np.eye(3))[0])
                  for arm, kinematics in self._arms]
        return any(np.all((box.lower <= place) & (place <= box.upper)) for box, place in places)


class Corrections:
    """
    Episodes of one world with ``learner``; ``tell`` gets observations and expert chunks [H, D].

    The learner's chunks are executed as the launch files execute them; ``noise_m`` and
    ``noise_rad`` disturb that as in `vla_simulation.episode`.
    """

    def __init__(
        self, world: World, contract: PolicyContract, learner: Policy, expert_share: float,
        tell: Told, noise_m: float = 0.0, noise_rad: float = 0.0,
    ) -> None:
        self._observer = Observer(world, contract)
        self._episode = Episode(
            world, self._observer,
            _Tutored(world, learner, ExpertPolicy(world, contract), expert_share, tell),
            Inference(noise_m=noise_m, noise_rad=noise_rad))

    def run(self, scene: Scene) -> EpisodeResult:
        """Drive one episode."""
        return self._episode.run(scene)

    def close(self) -> None:
        """Give the OpenGL contexts back."""
        self._observer.close()
