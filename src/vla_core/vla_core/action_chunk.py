"""A short plan of a policy: H actions of D numbers, each with a time of its own."""
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from vla_core.action_space import ActionSpace

__all__ = ['ActionChunk', 'ChunkError']


class ChunkError(ValueError):
    """A chunk that must not be executed; ``field`` names what is wrong with it."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f'action chunk: {name}: {message}')
        self.field = name


@dataclass(frozen=True, eq=False)
class ActionChunk:
    """
    H steps of an action space with D numbers.

    ``stamp_ns`` is the time of the observation the chunk is conditioned on; ``times_s`` count
    from there. The first ``prefix_length`` steps were taken over unchanged from the plan already
    committed. ``uncertainty`` is the spread of the prediction in the units of the data.
    ``features`` are what monitors read beside the actions, such as ``embedding`` [E] and
    ``samples`` [K, H, D].
    """

    stamp_ns: int
    space: ActionSpace
    times_s: np.ndarray = field(metadata={'shape': '[H] float64, s from the stamp, increasing'})
    data: np.ndarray = field(metadata={'shape': '[H, D] float32 or float64'})
    frame_id: str = ''
    sequence: int = 0
    policy: str = ''
    instruction: str = ''
    prefix_length: int = 0
    inference_start_ns: int = 0
    inference_end_ns: int = 0
    uncertainty: np.ndarray | None = field(default=None, metadata={'shape': '[H]'})
    features: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """H."""
        return len(self.times_s)

    @property
    def stamps_ns(self) -> np.ndarray:
        """Time of each step, int64 [H] in ns."""
        return self.stamp_ns + np.rint(np.asarray(self.times_s) * 1e9).astype(np.int64)

    @property
    def inference_ns(self) -> int:
        """How long the inference took."""
        return self.inference_end_ns - self.inference_start_ns

    def validate(self) -> 'ActionChunk':
        """Return the chunk itself; ChunkError names the first field that is wrong."""
        times, data = np.asarray(self.times_s), np.asarray(self.data)
        if times.ndim != 1 or len(times) == 0:
            raise ChunkError('times_s', f'must be [H] with H ≥ 1, has shape {times.shape}')
        if times.dtype.kind not in 'fiu' or not np.all(np.isfinite(times)):
            raise ChunkError('times_s', 'must be finite numbers')
        if np.any(np.diff(times) <= 0):
            step = int(np.argmax(np.diff(times) <= 0)) + 1
            raise ChunkError('times_s', f'must increase, but step {step} does not')
        expected = (len(times), self.space.dimension)
        if data.shape != expected:
            raise ChunkError('data', f'must have shape {expected}, has {data.shape}')
        if data.dtype not in (np.float32, np.float64):
            raise ChunkError('data', f'must be float32 or float64, is {data.dtype}')
        if not np.all(np.isfinite(data)):
            step, number = np.argwhere(~np.isfinite(data))[0]
            raise ChunkError(
                'data', f'{self.space.labels[number]} at step {step} is {data[step, number]}')
        if not 0 <= self.prefix_length <= len(times):
            raise ChunkError(
                'prefix_length', f'must lie in 0 to {len(times)}, is {self.prefix_length}')
        if self.inference_end_ns < self.inference_start_ns:
            raise ChunkError('inference_end_ns', 'must not lie before inference_start_ns')
        if self.uncertainty is not None:
            spread = np.asarray(self.uncertainty)
            if spread.shape != times.shape:
                raise ChunkError(
                    'uncertainty', f'must have shape {times.shape}, has {spread.shape}')
            if not np.all(np.isfinite(spread)) or np.any(spread < 0):
                raise ChunkError('uncertainty', 'must be finite and not negative')
        return self
