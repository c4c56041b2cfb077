"""A policy in two speeds: vision and language say where to, slowly; the head goes at once."""
import time

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.policy_contract import PolicyContract
from vla_policies.policy import Policy

DIRECTIONS = {'left': (0, 1, 0), 'right': (0, -1, 0), 'up': (0, 0, 1)}
SPEED = 0.05
ENCODE_S = 0.3


class SplitPolicy(Policy):
    """The latent is a direction and the place that was seen; the head makes up for its age."""

    latent_shape = (2, 3)

    def __init__(self, contract: PolicyContract) -> None:
        self.contract = contract
        self.name = 'split'

    def encode(self, observation):
        time.sleep(ENCODE_S)
        direction = DIRECTIONS[observation.instruction.split()[0]]
        return np.array([direction, observation.state[:3]], np.float32)

    def act(self, latent, latent_age_s, observation, *, prefix=None, delay=0, rng=None):
        direction, seen_at = latent
        steps = np.arange(1, self.contract.action.horizon + 1) / self.contract.rate_hz
        data = np.tile(observation.state, (len(steps), 1)).astype(np.float32)
        data[:, :3] = seen_at + np.outer(SPEED * (latent_age_s + steps), direction)
        return ActionChunk(
            stamp_ns=observation.stamp_ns, space=self.contract.action.space, times_s=steps,
            data=data, policy=self.name)

    def infer_batch(self, requests):
        return [self.act(self.encode(request.observation), 0.0, request.observation)
                for request in requests]
