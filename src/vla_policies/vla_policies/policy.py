"""
What every policy is: observation in, action chunk out, by a contract.

The same interface for our own models, for clients of servers elsewhere, and for what wraps another
policy; nothing here imports torch.
"""
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.observation import Observation, ObservationError
from vla_core.policy_contract import PolicyContract, process_instruction
from vla_core.validation import ConfigurationError

__all__ = ['Policy', 'PolicyError', 'Request', 'check_observation']


class PolicyError(ConfigurationError):
    """A policy, its folder or an input that cannot be used; one line that names what is wrong."""


@dataclass(frozen=True, eq=False)
class Request:
    """
    One question to a policy.

    ``prefix`` [n, D] are the actions committed already, from the first step of the answer on: rows
    before ``delay`` will be executed whatever the answer is, later ones are the plan so far.
    """

    observation: Observation
    prefix: np.ndarray | None = None
    delay: int = 0
    rng: np.random.Generator | None = None


class Policy(ABC):
    """
    A policy and the contract by which it sees and acts.

    ``takes_prefix`` tells whether prefix and delay change the answer (real-time chunking).
    """

    name: str
    contract: PolicyContract
    takes_prefix: bool = False

    def reset(self, instruction: str) -> None:  # noqa: B027 most have nothing to forget
        """Begin an episode; what was remembered of the last one is forgotten."""

    def session(self) -> 'Policy':
        """The same policy with an episode of its own, for one of several users."""
        return self

    @abstractmethod
    def infer_batch(self, requests: Sequence[Request]) -> list[ActionChunk]:
        """Answer several requests at once, in their order."""

    def infer(
        self, observation: Observation, *, prefix: np.ndarray | None = None, delay: int = 0,
        rng: np.random.Generator | None = None,
    ) -> ActionChunk:
        """
        The next actions.

        ObservationError or ContractError, naming the field, for what the contract does not allow;
        ``rng`` makes a sampled answer repeatable.
        """
        return self.infer_batch([Request(observation, prefix, delay, rng)])[0]

    def close(self) -> None:  # noqa: B027 most hold nothing
        """Give back what the policy holds: processes, sockets, memory of a device."""


def check_observation(observation: Observation, contract: PolicyContract) -> None:
    """Raise ObservationError or ContractError for an observation the contract does not allow."""
    observation.validate()
    for entry in contract.images:
        image = observation.images.get(entry.key)
        if image is None:
            there = ', '.join(observation.images) or 'none'
            raise ObservationError(f'images[{entry.key}]', f'is missing (there: {there})')
        wanted = (entry.processing.height, entry.processing.width, 3)
        if image.shape != wanted:
            raise ObservationError(
                f'images[{entry.key}]', f'must have shape {wanted}, has {image.shape}')
    labels = contract.state.labels if contract.state else ()
    if tuple(observation.state_names) != labels:
        raise ObservationError('state', f'must be {", ".join(labels) or "empty"} '
                               f'(got {", ".join(observation.state_names) or "nothing"})')
    process_instruction(contract.language, observation.instruction)
