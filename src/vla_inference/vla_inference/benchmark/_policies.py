"""Policies of the benchmark: one of a known duration, one in two speeds, and the expert, live."""
import time
from collections.abc import Sequence

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract
from vla_core.profile import RobotProfile
from vla_core.shared_memory import SharedMemoryError, block_name
from vla_inference.task_check.live_world import LiveWorld
from vla_policies.policy import Policy, Request
from vla_simulation import suites
from vla_simulation.expert_policy import ExpertPolicy

__all__ = ['LiveExpert', 'SplitPolicy', 'TimedPolicy']

MODEL_S = 0.030
ENCODE_S = 0.4
LATENT = (64, 256)
START_S = 60.0


def _hold(contract: PolicyContract, observation: Observation) -> ActionChunk:
    """Stay where the observation saw the tip and the opening."""
    steps = np.arange(1, contract.action.horizon + 1) / contract.rate_hz
    return ActionChunk(
        stamp_ns=observation.stamp_ns, space=contract.action.space, times_s=steps,
        data=np.tile(observation.state, (len(steps), 1)).astype(np.float32))


class TimedPolicy(Policy):
    """Holds still after `MODEL_S`; ``uncertainty`` is how long that really took, s."""

    def __init__(self, contract: PolicyContract) -> None:
        self.name, self.contract = 'timed', contract

    def infer_batch(self, requests: Sequence[Request]) -> list[ActionChunk]:
        began = time.perf_counter()
        time.sleep(MODEL_S)
        chunks = [_hold(self.contract, request.observation) for request in requests]
        took = time.perf_counter() - began
        return [ActionChunk(**{**vars(chunk), 'uncertainty': np.full(chunk.steps, took)})
                for chunk in chunks]


class SplitPolicy(Policy):
    """Holds still, in two speeds: `encode` takes `ENCODE_S`."""

    latent_shape = LATENT

    def __init__(self, contract: PolicyContract) -> None:
        self.name, self.contract = 'split', contract

    def encode(self, observation: Observation) -> np.ndarray:
        """A latent of zeros."""
        time.sleep(ENCODE_S)
        return np.zeros(LATENT, np.float32)

    def act(
        self, latent: np.ndarray, latent_age_s: float, observation: Observation, *,
        prefix: np.ndarray | None = None, delay: int = 0,
        rng: np.random.Generator | None = None,
    ) -> ActionChunk:
        """Stay; ``uncertainty`` is the latent's age, s."""
        chunk = _hold(self.contract, observation)
        return ActionChunk(
            **{**vars(chunk), 'uncertainty': np.full(chunk.steps, latent_age_s)})

    def infer_batch(self, requests: Sequence[Request]) -> list[ActionChunk]:
        return [self.act(self.encode(request.observation), 0.0, request.observation)
                for request in requests]


class LiveExpert(Policy):
    """The scripted expert over the running simulation, which it reads instead of the images."""

    def __init__(self, contract: PolicyContract) -> None:
        self.name, self.contract = 'live_expert', contract
        self._world = _running_world(RobotProfile.load(contract.robot))
        self._expert = ExpertPolicy(self._world, contract)
        self._planned = -1

    def reset(self, instruction: str) -> None:
        self._planned = -1

    def infer_batch(self, requests: Sequence[Request]) -> list[ActionChunk]:
        return [self._infer(request.observation) for request in requests]

    def _infer(self, observation: Observation) -> ActionChunk:
        seen = self._world.follow()
        if self._world.scene is None:
            return _hold(self.contract, observation)
        if seen.resets != self._planned:
            self._expert.reset(observation.instruction)
            self._planned = seen.resets
        return self._expert.infer(observation)


def _running_world(profile: RobotProfile) -> LiveWorld:
    """The world of the simulated robot, waited for while that is started."""
    end = time.monotonic() + START_S
    while True:
        try:
            return LiveWorld(
                suites.made_for(profile.name), profile, block_name('world', '', profile.name))
        except SharedMemoryError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
