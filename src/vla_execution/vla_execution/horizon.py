"""
How many steps of a chunk to run before it is trusted no further.

`full` runs all. `consensus` runs them as long as the prediction agrees with itself: the spread d_i
of step i (several horizons, samples or members, as the policy gives in ``uncertainty``) is compared
with that of the first steps,

    n = min {i ≥ m : d_i > r · mean(d_0 … d_{m−1})},

the dynamic inference of "Mixture of Horizons in Action Chunking" (2025).
A policy that gives no spread runs in full. The rest of the chunk is left to the next.
"""
from collections.abc import Callable

import numpy as np

from vla_core.action_chunk import ActionChunk
from vla_core.validation import ConfigurationError, near_matches

__all__ = ['CHOICES', 'HorizonChoice', 'choose', 'consensus', 'full']

RATIO = 1.5  # r
FIRST = 4  # m

#: How many of a chunk's H steps are run.
HorizonChoice = Callable[[ActionChunk], int]


def full(chunk: ActionChunk) -> int:
    """All H steps."""
    return chunk.steps


def consensus(chunk: ActionChunk) -> int:
    """Steps until the spread has grown beyond `RATIO` times that of the first `FIRST`."""
    if chunk.uncertainty is None or chunk.steps <= FIRST:
        return chunk.steps
    spread = np.asarray(chunk.uncertainty, np.float64)
    beyond = spread[FIRST:] > RATIO * spread[:FIRST].mean()
    return FIRST + int(np.argmax(beyond)) if beyond.any() else chunk.steps


CHOICES: dict[str, HorizonChoice] = {'full': full, 'consensus': consensus}


def choose(name: str) -> HorizonChoice:
    """The choice called ``name``; ConfigurationError names those there are."""
    if name not in CHOICES:
        raise ConfigurationError(f'no horizon choice {name!r}; {near_matches(name, CHOICES)}')
    return CHOICES[name]
