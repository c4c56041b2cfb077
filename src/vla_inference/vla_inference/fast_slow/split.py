"""How a policy shows that it can be run in two speeds."""
from typing import Protocol, runtime_checkable

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract

__all__ = ['SlowFast']


@runtime_checkable
class SlowFast(Protocol):
    """
    A policy split in two; the halves run in two processes and share nothing but the latent.

    ``latent_shape`` is that of what `encode` gives. `act` must bear a latent of any age: it is
    told ``latent_age_s``, from the latent's observation to its own.
    """

    name: str
    contract: PolicyContract
    latent_shape: tuple[int, ...]

    def encode(self, observation: Observation) -> np.ndarray:
        """The slow part: what is seen and wanted, float32 [latent_shape]."""

    def act(
        self, latent: np.ndarray, latent_age_s: float, observation: Observation, *,
        prefix: np.ndarray | None = None, delay: int = 0,
        rng: np.random.Generator | None = None,
    ) -> ActionChunk:
        """The fast part: the next actions."""
